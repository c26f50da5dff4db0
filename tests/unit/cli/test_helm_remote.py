"""The helm commands that reach for charts elsewhere, as people call them."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.cli.main import main
from tests.charts import Registry, Site, served

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Exit code, output and errors of a helm command, in a directory and a home of the test's own."""
    for name in [n for n in os.environ if n.startswith(("HELM_", "XDG_", "DOCKER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["holdfast", "helm", *words])
        code = main()
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return command


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    found.add("app", "1.0.0")
    found.add("app", "1.1.0")
    with served(found):
        yield found


@pytest.fixture
def registry() -> Iterator[Registry]:
    found = Registry()
    found.add("team/app", "1.0.0")
    with served(found):
        yield found


def test_a_chart_is_pulled_and_unpacked(run: Run, site: Site) -> None:
    assert run("pull", "app", "--repo", site.url, "--version", "1.0.0") == (0, "", "")
    with tarfile.open(fileobj=io.BytesIO(Path("app-1.0.0.tgz").read_bytes())) as tar:
        assert "app/Chart.yaml" in tar.getnames()
    assert run("pull", "app", "--repo", site.url, "--untar", "-d", "there") == (0, "", "")
    assert "version: 1.1.0" in Path("there/app/Chart.yaml").read_text()
    code, _, err = run("fetch", "app", "--repo", site.url, "--untar", "-d", "there")
    assert (code, err) == (1, "Error: failed to untar: a file or directory with the name there/app already exists\n")


def test_a_chart_of_a_registry_is_pulled_with_its_digest_told(run: Run, registry: Registry) -> None:
    code, out, _ = run("pull", f"oci://{registry.host}/team/app", "--plain-http")
    assert code == 0
    assert out.startswith(f"Pulled: {registry.host}/team/app:1.0.0\nDigest: sha256:")
    assert Path("app-1.0.0.tgz").is_file()


@pytest.mark.parametrize("flag", ["--verify", "--prov"])
def test_what_was_not_verified_is_not_pulled_as_if_it_were(run: Run, site: Site, flag: str) -> None:
    code, _, err = run("pull", "app", "--repo", site.url, flag)
    assert code == 1
    assert "does not check the signatures" in err
    assert not list(Path().iterdir())


def test_a_repository_lives_from_add_to_remove(run: Run, site: Site) -> None:
    assert run("repo", "list")[2] == "Error: no repositories to show\n"
    assert run("repo", "add", "me", site.url)[1] == '"me" has been added to your repositories\n'
    assert run("repo", "add", "me", site.url)[1].endswith("already exists with the same configuration, skipping\n")
    assert "already exists, please specify a different name" in run("repo", "add", "me", f"{site.url}/x")[2]
    assert run("repo", "list")[1] == f"NAME\tURL{' ' * (len(site.url) - 3)}\nme  \t{site.url}\n"
    assert 'from the "me" chart repository' in run("repo", "update")[1]
    assert run("template", "rel", "me/app")[1].count("rel-app") == 1
    assert run("repo", "rm", "me")[1] == '"me" has been removed from your repositories\n'
    assert run("repo", "remove", "me")[2] == "Error: no repositories configured\n"


def test_logins_are_kept_where_helm_keeps_them(run: Run, registry: Registry) -> None:
    registry.login = "me:secret"
    wrong = run("registry", "login", registry.host, "--plain-http", "-u", "me", "-p", "wrong")
    assert wrong[0] == 1
    login = ("registry", "login", registry.host, "--plain-http", "-u", "me", "-p", "secret")
    assert run(*login)[1] == "Login Succeeded\n"
    kept = Path(os.environ["HOME"], ".config/helm/registry/config.json")
    assert json.loads(kept.read_text())["auths"][registry.host]["auth"]
    assert kept.stat().st_mode & 0o077 == 0
    assert run("show", "chart", f"oci://{registry.host}/team/app", "--plain-http")[0] == 0
    assert run("registry", "logout", registry.host)[1] == f"Removing login credentials for {registry.host}\n"
    assert run("show", "chart", f"oci://{registry.host}/team/app", "--plain-http")[0] == 1


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("chart", "apiVersion: v2\ndescription: about app\nname: app\nversion: 1.1.0\n\n"),
        ("values", "color: blue\n\n"),
        ("readme", "# app\n\n"),
        ("crds", ""),
        (
            "all",
            "apiVersion: v2\ndescription: about app\nname: app\nversion: 1.1.0\n\n---\ncolor: blue\n\n---\n# app\n\n",
        ),
    ],
)
def test_what_a_chart_holds_is_shown(run: Run, site: Site, what: str, text: str) -> None:
    assert run("show", what, "app", "--repo", site.url) == (0, text, "")


def test_values_are_shown_by_a_path(run: Run, site: Site) -> None:
    shown = ("show", "values", "app", "--repo", site.url, "--jsonpath")
    assert run(*shown, "{.color}") == (0, "blue", "")
    assert run(*shown, "{range .x}")[0] == 1


def test_dependencies_are_listed_with_their_state(run: Run, site: Site) -> None:
    Path("Chart.yaml").write_text(
        f"apiVersion: v2\nname: top\nversion: 0.1.0\ndependencies:\n- {{name: app, version: ^1, repository: '{site.url}'}}\n"
    )
    assert "missing" in run("dependency", "list")[1]
    assert run("dep", "update")[0] == 0
    assert run("dep", "ls")[1].splitlines()[1].endswith("\tok    ")
    Path("charts/other-1.0.0.tgz").write_bytes(Path("charts/app-1.1.0.tgz").read_bytes())
    Path("charts/bad.tgz").write_bytes(b"x")
    assert run("template", "rel", ".")[0] == 1
    Path("charts/bad.tgz").unlink()
    Path("charts/app-1.0.0.tgz").write_bytes(site.files["/app-1.0.0.tgz"])
    assert "too many matches" in run("dep", "ls")[1]


def test_a_template_brings_what_it_lacks_when_told(run: Run, site: Site) -> None:
    Path("Chart.yaml").write_text(
        f"apiVersion: v2\nname: top\nversion: 0.1.0\ndependencies:\n- {{name: app, version: ^1, repository: '{site.url}'}}\n"
    )
    assert "missing in charts/ directory: app" in run("template", "rel", ".")[2]
    code, out, _ = run("template", "rel", ".", "--dependency-update")
    assert code == 0
    assert "name: rel-app" in out


def test_a_chart_elsewhere_is_linted_too(run: Run, site: Site) -> None:
    code, out, _ = run("lint", "app", "--repo", site.url)
    assert code == 0
    assert out == "==> Linting app\n[INFO] Chart.yaml: icon is recommended\n\n1 chart(s) linted, 0 chart(s) failed\n"


def test_charts_of_a_kustomization_are_pulled_without_helm(
    run: Run, site: Site, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("PATH", "")
    Path("kustomization.yaml").write_text(
        f"helmCharts:\n- {{name: app, repo: '{site.url}', version: 1.0.0, releaseName: rel, valuesInline: {{color: green}}}}\n"
    )
    monkeypatch.setattr("sys.argv", ["holdfast", "kustomize", "build", "--enable-helm", "."])
    assert main() == 0
    assert b"color: green" in capfdbinary.readouterr().out
    assert Path("charts/app-1.0.0/app/Chart.yaml").is_file()
