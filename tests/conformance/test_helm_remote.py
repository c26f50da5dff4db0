"""Charts from repositories and registries: what we print, refuse and write, beside the ``helm`` on PATH.

Every step is run by both programs, each in its own directory with its own home; output, exit code and the files left behind
have to be the same. Skipped where there is no helm. The registry is Debian's ``docker-registry`` where that is on PATH.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.charts import Registry, Site, chart, served

HELM = shutil.which("helm")
OURS = [sys.executable, "-m", "holdfast", "helm"]
VERSIONS = ("1.0.0", "1.1.0", "1.1.1+meta", "1.2.0-rc.1", "2.0.0")

pytestmark = pytest.mark.skipif(HELM is None, reason="no helm on PATH")


@dataclass(frozen=True)
class Places:
    charts: str
    abroad: str
    guarded: str
    registry: str
    locked: str

    def fill(self, text: str) -> str:
        for name in ("charts", "abroad", "guarded", "registry", "locked"):
            text = text.replace(f"${name.upper()}", getattr(self, name))
        return text


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    site, abroad, guarded, registry, locked = Site(), Site(), Site(), Registry(), Registry()
    guarded.login = locked.login = "me:secret"
    for version in VERSIONS:
        for one in (site, guarded):
            one.add("app", version)
        registry.add("team/app", version)
        locked.add("team/app", version)
    site.add("db", "0.2.0")
    site.add("old", "1.0.0", chart("old", "1.0.0", deprecated=True))
    site.add("bare", "1.0.0", urls=[])
    registry.add("team/db", "0.2.0")
    with served(site) as a, served(abroad), served(guarded) as c, served(registry) as r, served(locked) as x:
        abroad.add("app", "1.0.0", at=f"http://{a}/app-1.0.0.tgz")
        yield Places(f"http://{a}", abroad.url, f"http://{c}", f"oci://{r}/team", f"oci://{x}/team")


CHARTS = {
    "plain": "- {name: app, version: ^1, repository: $CHARTS}",
    "named": "- {name: db, version: '>=0.1', repository: '@me', alias: store, tags: [x], condition: store.enabled,"
    " import-values: [a, {child: b, parent: c}]}",
    "aliased": "- {name: db, version: '0.2.0', repository: 'alias:me'}\n- {name: db, version: '*', alias: two, repository: $CHARTS}",
    "oci": "- {name: app, version: ^1, repository: $REGISTRY}\n- {name: db, version: 0.2.0, repository: $REGISTRY}",
    "local": "- {name: other, version: '*', repository: 'file://../other'}",
    "narrow": "- {name: other, version: '^9', repository: 'file://../other'}",
    "inside": "- {name: here, version: '0.1.0', repository: ''}",
    "future": "- {name: app, version: ^9, repository: $CHARTS}",
    "word": "- {name: app, version: ^1, repository: stable}",
    "unknown": "- {name: app, version: ^1, repository: '@you'}",
    "down": "- {name: app, version: ^1, repository: 'http://127.0.0.1:1/x'}",
    "absent": "- {name: nope, version: ^1, repository: $CHARTS}",
    "nowhere": "- {name: sub, version: '^2', repository: 'file://../nowhere'}",
    "guarded": "- {name: app, version: '1.0.0', repository: $GUARDED}",
    "abroad": "- {name: app, version: '1.0.0', repository: $ABROAD}",
    "broken": "- {name: app, version: 'x.y', repository: $CHARTS}",
    "none": "",
}

STEPS = [
    "pull app --repo $CHARTS", "pull app --repo $CHARTS --version ^1", "pull app --repo $CHARTS --version 1.1", "pull app --repo $CHARTS --devel",
    "pull app --repo $CHARTS --version 9", "pull nope --repo $CHARTS", "pull bare --repo $CHARTS", "pull app --repo http://127.0.0.1:1",
    "pull app --repo $CHARTS/none", "pull app --repo $GUARDED", "pull app --repo $GUARDED --username me --password secret",
    "pull app --repo $ABROAD", "pull me/app", "pull me/app --version 1.x", "pull me/nope", "pull me/app --version 7", "pull you/app", "pull app", "pull ./app",
    "pull $CHARTS/app-1.0.0.tgz", "pull $CHARTS/app-9.tgz", "pull ftp://a/b.tgz", "pull me/app me/db", "pull me/app --untar",
    "pull me/app --untar && pull me/app --untar", "pull me/app --untar --untardir deep/er -d there", "pull app --repo $CHARTS --untar --version 1.0.0",
    "pull $REGISTRY/app --plain-http", "pull $REGISTRY/app --plain-http --version ^1", "pull $REGISTRY/app:1.0.0 --plain-http",
    "pull $REGISTRY/app:1.0.0 --plain-http --version 1.1.0", "pull $REGISTRY/nope --plain-http", "pull $REGISTRY/app --plain-http --version 9.9.9",
    "pull $REGISTRY/app --plain-http --version 1.1.1+meta", "pull $REGISTRY/app --plain-http --version 1", "pull $REGISTRY/app --plain-http --version '>5'",
    "pull $REGISTRY/app --plain-http --devel", "pull oci://127.0.0.1:1/x/app --version 1.0.0", "pull oci://BAD", "pull oci://a/B/c --version 1.0.0",
    "pull $REGISTRY/app --untar --untardir u --plain-http -d dd", "pull $LOCKED/app --plain-http", "pull $LOCKED/app --plain-http --version 1.0.0",
    "pull $LOCKED/app --plain-http --username me --password secret", "pull $LOCKED/app --plain-http --username me --password wrong",
    f"pull $REGISTRY/app@sha256:{'0' * 64} --plain-http",
    "show all me/app", "show chart app --repo $CHARTS --version 1.0.0", "show values $REGISTRY/app --plain-http", "show readme $CHARTS/app-1.0.0.tgz",
    "show crds me/app", "show values nope", "show values ./nope", "show values me/app --jsonpath '{.color}'",
    "template x me/app", "template x me/old", "template x app --repo $CHARTS --version ^1", "template x $REGISTRY/app --plain-http --version ^1",
    "template x $CHARTS/app-1.0.0.tgz --set color=red", "template x me/nope", "template x app --repo $CHARTS --version 9", "template x nope",
    "repo list", "repo update", "repo update you", "repo add me $CHARTS", "repo add me $ABROAD", "repo add a/b $CHARTS", "repo add other http://127.0.0.1:1",
    "repo add new $ABROAD && repo list && repo remove new && repo list", "repo remove you", "lint me/app",
    *(f"dependency {verb} {name}" for name in CHARTS for verb in ("list", "build") if (name, verb) != ("oci", "build")),
    *(f"dependency update {name} --skip-refresh" for name in ("plain", "local", "named")),
    "dependency build oci --plain-http && dependency list oci && dependency build oci --plain-http",
    "dependency build plain && dependency list plain && dependency build plain", "dependency build named && dependency build named --skip-refresh && dependency list named",
    "dependency build aliased && template x aliased", "dependency build nothing", "dependency list nothing", "template x local --dependency-update", "template x local",
]  # fmt: skip


def _prepare(home: Path, places: Places) -> dict[str, str]:
    work = home / "work"
    work.mkdir(parents=True)
    for name, dependencies in CHARTS.items():
        _write_chart(work / name, name, places.fill(dependencies))
    _write_chart(work / "other", "other", "")
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("HELM_", "XDG_", "DOCKER_"))}
    return {**variables, "HOME": str(home), "HELM_DEBUG": "false", "COLUMNS": "80"}


def _write_chart(path: Path, name: str, dependencies: str) -> None:
    (path / "templates").mkdir(parents=True)
    text = f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n"
    (path / "Chart.yaml").write_text(text + (f"dependencies:\n{dependencies}\n" if dependencies else ""))
    (path / "templates" / "a.yaml").write_text("a: {{ .Chart.Name }}\n")


def _run(program: list[str], step: str, home: Path, environment: dict[str, str]) -> list[object]:
    results: list[object] = []
    for command in step.split(" && "):
        words = [*program, *shlex.split(command)]
        done = subprocess.run(words, cwd=home / "work", env=environment, capture_output=True, text=True, check=False)
        results.append((command, done.returncode, _plain(done.stdout, home), _plain(done.stderr, home)))
    return [*results, _files(home)]


def _plain(text: str, home: Path) -> str:
    # Where helm prints its usage, or the order of a map, the words are its own.
    text = text.replace(str(home), "HOME")
    return re.sub(r"(?s)\n\nUsage:.*", "\n", text)


def _files(home: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted((home / "work").rglob("*")):
        name = str(path.relative_to(home / "work"))
        if path.suffix == ".tgz":
            with tarfile.open(path) as tar:
                found[name] = sorted(m.name for m in tar if m.isfile())
        elif path.is_file():
            found[name] = re.sub(r'generated: "[^"]*"', "generated: T", path.read_text())
    return found


@pytest.mark.parametrize("step", STEPS)
def test_a_step_goes_as_with_helm(step: str, places: Places, tmp_path: Path) -> None:
    assert HELM is not None
    told = []
    for name, program in (("theirs", [HELM]), ("ours", OURS)):
        home = tmp_path / name
        environment = _prepare(home, places)
        subprocess.run(
            [HELM, "repo", "add", "me", places.charts], env=environment, check=True, capture_output=True, cwd=home
        )
        told.append(_run(program, places.fill(step), home, environment))
    theirs, ours = told
    assert json.dumps(ours, indent=1, default=str) == json.dumps(theirs, indent=1, default=str)
