"""Dependencies brought into charts/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.base.errors import HoldfastError
from holdfast.cli.helm_flags import load_path
from holdfast.kube import yaml
from holdfast.source.helm_dependencies import DependencyBuild, same_address
from holdfast.source.helm_fetch import ChartOptions, Fetcher
from holdfast.source.helm_home import Home
from tests.charts import Registry, Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        found.add("app", version)
    with served(found):
        yield found


class Bench:
    def __init__(self, top: Path) -> None:
        self.top = top
        self.said = ""
        self.home = Home(*(str(top / n) for n in ("registry", "repositories.yaml", "cache", "content")))

    def chart(self, name: str, *dependencies: dict[str, str]) -> Path:
        path = self.top / name
        path.mkdir(parents=True, exist_ok=True)
        head = {"apiVersion": "v2", "name": name, "version": "0.1.0", "dependencies": list(dependencies)}
        (path / "Chart.yaml").write_text(yaml.dump(head))
        return path

    def say(self, text: str) -> None:
        self.said += text

    def on(self, path: Path, *, refresh: bool = True) -> DependencyBuild:
        self.said = ""
        fetcher = Fetcher(self.home, ChartOptions(plain_http=True), say=self.say, warn=self.say)
        return DependencyBuild(str(path), self.home, fetcher, load_path, self.say, refresh)

    def add(self, name: str, url: str) -> None:
        Path(self.home.repository_config).write_text(yaml.dump({"repositories": [{"name": name, "url": url}]}))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def inside(path: Path) -> list[str]:
    return sorted(p.name for p in (path / "charts").iterdir())


def test_the_newest_in_the_range_is_brought_and_locked(bench: Bench, site: Site) -> None:
    path = bench.chart("top", {"name": "app", "version": "^1", "repository": site.url})
    bench.on(path).update()
    assert inside(path) == ["app-1.1.0.tgz"]
    lock = yaml.load((path / "Chart.lock").read_bytes())
    assert lock["dependencies"] == [{"name": "app", "repository": site.url, "version": "1.1.0"}]
    assert bench.said.endswith(f"Saving 1 charts\nDownloading app from repo {site.url}\nDeleting outdated charts\n")


def test_a_build_keeps_to_the_lock(bench: Bench, site: Site) -> None:
    path = bench.chart("top", {"name": "app", "version": "^1", "repository": site.url})
    bench.add("me", site.url)
    bench.on(path).build()
    before = (path / "Chart.lock").read_text()
    site.add("app", "1.2.0")
    bench.on(path).build()
    assert inside(path) == ["app-1.1.0.tgz"]
    bench.on(path).update()
    assert inside(path) == ["app-1.2.0.tgz"]
    assert (path / "Chart.lock").read_text() != before


def test_a_lock_of_other_wishes_is_refused(bench: Bench, site: Site) -> None:
    path = bench.chart("top", {"name": "app", "version": "^1", "repository": site.url})
    bench.on(path).update()
    bench.chart("top", {"name": "app", "version": "^2", "repository": site.url})
    with pytest.raises(HoldfastError, match=r"the lock file \(Chart\.lock\) is out of sync"):
        bench.on(path).build()


@pytest.mark.parametrize("alias", ["@me", "alias:me"])
def test_an_alias_is_the_address_of_a_repository_that_was_added(bench: Bench, site: Site, alias: str) -> None:
    bench.add("me", site.url)
    path = bench.chart("top", {"name": "app", "version": "2.0.0", "repository": alias})
    bench.on(path).update()
    assert site.url in (path / "Chart.lock").read_text()


def test_charts_come_from_registries_and_directories_too(bench: Bench) -> None:
    registry = Registry()
    registry.add("team/app", "1.0.0")
    registry.add("team/app", "1.1.0+x")
    bench.chart("beside")
    with served(registry) as host:
        remote = {"name": "app", "version": "^1", "repository": f"oci://{host}/team"}
        path = bench.chart("top", remote, {"name": "beside", "version": "*", "repository": "file://../beside"})
        bench.on(path).update()
        assert inside(path) == ["app-1.1.0+x.tgz", "beside-0.1.0.tgz"]
        bench.on(path).build()


def test_what_nobody_asks_for_is_removed_and_what_is_no_chart_stays(bench: Bench, site: Site) -> None:
    path = bench.chart("top", {"name": "app", "version": "1.0.0", "repository": site.url})
    bench.on(path).update()
    (path / "charts" / "_notes").write_text("mine")
    bench.chart("top", {"name": "app", "version": "2.0.0", "repository": site.url})
    bench.on(path).update()
    assert inside(path) == ["_notes", "app-2.0.0.tgz"]
    assert "_notes for deletion" in bench.said


def test_nothing_changes_before_everything_is_at_hand(bench: Bench, site: Site) -> None:
    path = bench.chart("top", {"name": "app", "version": "1.0.0", "repository": site.url})
    bench.on(path).update()
    del site.files["/app-2.0.0.tgz"]
    bench.chart("top", {"name": "app", "version": "2.0.0", "repository": site.url})
    with pytest.raises(HoldfastError, match=r"could not download .*: failed to fetch .* : 404"):
        bench.on(path).update()
    assert inside(path) == ["app-1.0.0.tgz"]
    assert sorted(p.name for p in path.iterdir()) == ["Chart.lock", "Chart.yaml", "charts"]


@pytest.mark.parametrize(
    ("dependency", "text"),
    [
        ({"version": "^9", "repository": "$"}, "can't get a valid version for 1 subchart"),
        ({"version": "x.y", "repository": "$"}, 'dependency "app" has an invalid version/constraint format: improper constraint: "x.y"'),
        ({"version": "1", "repository": "stable"}, "no repository definition for stable"),
        ({"version": "1", "repository": "@you"}, "no repository definition for @you"),
        ({"version": "1", "repository": "file://../none"}, "directory .*none not found"),
        ({"version": "1", "repository": "http://127.0.0.1:1"}, "no cached repository for helm-manager-"),
        ({"version": "1", "repository": ""}, "directory .*charts/app not found"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_told_as_helm_tells_it(
    bench: Bench, site: Site, dependency: dict[str, str], text: str
) -> None:
    filled = {k: site.url if v == "$" else v for k, v in dependency.items()}
    with pytest.raises(HoldfastError, match=text):
        bench.on(bench.chart("top", {"name": "app", **filled})).update()


def test_a_link_in_the_place_of_the_lock_is_not_followed(bench: Bench, site: Site) -> None:
    path = bench.chart("top", {"name": "app", "version": "1.0.0", "repository": site.url})
    (bench.top / "elsewhere").write_text("{}")
    (path / "Chart.lock").symlink_to(bench.top / "elsewhere")
    with pytest.raises(HoldfastError, match=re.escape("the Chart.lock file is a symlink to")):
        bench.on(path).update()


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [("http://a/b", "http://a/b/", True), ("http://a", "http://a/", True), ("http://a/b", "http://a/c", False)],
)
def test_addresses_are_the_same_but_for_slashes(a: str, b: str, same: bool) -> None:
    assert same_address(a, b) is same
