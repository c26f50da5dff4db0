"""Charts by what people call them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.base.errors import HoldfastError
from holdfast.kube import yaml
from holdfast.source.helm_fetch import ChartOptions, Fetcher
from holdfast.source.helm_home import Home
from tests.charts import Site, chart, served


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    for version in ("1.0.0", "1.1.0", "2.0.0-rc.1"):
        found.add("app", version)
    with served(found):
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(*(str(tmp_path / name) for name in ("registry", "repositories.yaml", "cache", "content")))


def add(home: Home, **entry: object) -> None:
    Path(home.repository_config).write_text(yaml.dump({"repositories": [entry]}))
    home.update(home.named(str(entry["name"])))


def fetcher(home: Home, warned: list[str] | None = None, **options: object) -> Fetcher:
    return Fetcher(home, ChartOptions(**options), say=print, warn=(warned if warned is not None else []).append)  # type: ignore[arg-type]


def test_a_name_is_looked_for_in_the_repository_that_is_given(home: Home, site: Site) -> None:
    found = fetcher(home, repo_url=site.url).fetch("app")
    assert (found.file, found.data) == ("app-1.1.0.tgz", chart("app", "1.1.0"))


def test_a_repository_that_was_added_gives_its_cached_versions(home: Home, site: Site) -> None:
    add(home, name="me", url=site.url)
    site.add("app", "1.2.0")
    assert fetcher(home).fetch("me/app").file == "app-1.1.0.tgz"


def test_an_address_is_fetched_as_it_is(home: Home, site: Site) -> None:
    assert fetcher(home).fetch(f"{site.url}/app-1.0.0.tgz?a=b").file == "app-1.0.0.tgz"


def test_a_version_that_is_only_near_is_warned_of(home: Home, site: Site) -> None:
    warned: list[str] = []
    assert fetcher(home, warned, repo_url=site.url, version="1.1").fetch("app").file == "app-1.1.0.tgz"
    assert warned[0].endswith("chart=app requested=1.1 selected=1.1.0")


def test_what_was_fetched_is_not_asked_for_again(home: Home, site: Site) -> None:
    for _ in range(2):
        fetcher(home, repo_url=site.url).fetch("app")
    assert site.asked.count("/app-1.1.0.tgz") == 1


def test_other_bytes_than_the_index_tells_are_refused(home: Home, site: Site) -> None:
    site.files["/app-1.1.0.tgz"] = chart("app", "1.1.0", {"values.yaml": "color: red\n"})
    with pytest.raises(HoldfastError, match="but the index says sha256:"):
        fetcher(home, repo_url=site.url).fetch("app")


def test_credentials_go_to_the_repository_and_not_to_other_hosts(home: Home, site: Site) -> None:
    abroad = Site()
    abroad.login = "me:secret"
    with served(abroad):
        abroad.add("far", "1.0.0")
        site.add("far", "1.0.0", at=f"{abroad.url}/far-1.0.0.tgz")
        login = {"username": "me", "password": "secret"}
        with pytest.raises(HoldfastError, match="401 Unauthorized"):
            fetcher(home, repo_url=site.url, **login).fetch("far")
        assert fetcher(home, repo_url=site.url, everywhere=True, **login).fetch("far").data
        assert fetcher(home, repo_url=abroad.url, **login).fetch("far").data


def test_an_address_in_an_added_repository_is_asked_with_its_login(home: Home, site: Site) -> None:
    site.login = "me:secret"
    site.add("abs", "1.0.0", at=f"{site.url}/abs-1.0.0.tgz")
    add(home, name="me", url=site.url, username="me", password="secret")
    assert fetcher(home).fetch(f"{site.url}/abs-1.0.0.tgz").file == "abs-1.0.0.tgz"


@pytest.mark.parametrize(
    ("word", "options", "text"),
    [
        ("app", {}, "non-absolute URLs should be in form of repo_name/path_to_chart, got: app"),
        ("you/app", {}, "repo you not found"),
        ("me/none", {}, r'chart "none" matching  not found in me index. \(try \'helm repo update\'\): no chart name found'),
        ("me/app", {"version": "9"}, "no chart version found for app-9"),
        ("app", {"repo": True, "version": "9"}, 'chart "app" version "9" not found in http://.* repository'),
        ("app", {"repo_url": "http://127.0.0.1:1"}, "is not a valid chart repository or cannot be reached: .*connection refused"),
        ("app", {"repo_url": "ftp://x"}, "could not find protocol handler for: ftp"),
        ("ftp://x/y.tgz", {}, 'scheme "ftp" not supported'),
        ("bare", {"repo": True}, 'chart "bare" has no downloadable URLs'),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_told_as_helm_tells_it(
    home: Home, site: Site, word: str, options: dict[str, object], text: str
) -> None:
    site.add("bare", "1.0.0", urls=[])
    add(home, name="me", url=site.url)
    if options.get("repo"):
        options = {**{k: v for k, v in options.items() if k != "repo"}, "repo_url": site.url}
    with pytest.raises(HoldfastError, match=text):
        fetcher(home, **options).fetch(word)
