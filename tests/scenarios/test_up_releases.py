"""``holdfast up`` on a repository whose releases come from a chart in Git, a chart repository and an OCI registry."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from harness import Sandbox

from tests.charts import Registry, Site, served

_GIT = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
TEMPLATE = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  color: {{ .Values.color }}\n"
)


def release(name: str, namespace: str, chart: str) -> str:
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  interval: 1h
  values: {{color: green}}
{chart}
"""


def chart_of(kind: str, name: str, chart: str) -> str:
    return f"  chart: {{spec: {{chart: {chart}, sourceRef: {{kind: {kind}, name: {name}, namespace: flux-system}}}}}}"


def source(kind: str, name: str, spec: str) -> str:
    head = f"apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: flux-system}}"
    return f"{head}\nspec: {{interval: 1h, {spec}}}\n"


@pytest.fixture
def outside() -> Iterator[tuple[Site, Registry]]:
    site, registry = Site(), Registry()
    site.add("web", "1.2.0")
    registry.add("charts/db", "2.0.0")
    with ExitStack() as stack:
        stack.enter_context(served(site))
        stack.enter_context(served(registry))
        yield site, registry


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Sandbox]:
    """A cluster that nobody prepared: its definitions are installed by the command itself."""
    found = Sandbox(tmp_path)
    try:
        yield found
    finally:
        found.stop()


def test_releases_of_all_three_kinds_of_sources_are_ready_and_the_verbs_know_them(
    empty: Sandbox, tmp_path: Path, outside: tuple[Site, Registry]
) -> None:
    site, registry = outside
    namespace, name = f"u-{uuid.uuid4().hex[:6]}", f"fleet-{uuid.uuid4().hex[:6]}"
    layer = "layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}"
    files = {
        "namespace.yaml": f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n",
        "sources.yaml": source("HelmRepository", "site", f"url: '{site.url}'")
        + "---\n"
        + source(
            "OCIRepository",
            "db",
            f"url: 'oci://{registry.host}/charts/db', insecure: true, ref: {{semver: '>=1'}}, {layer}",
        ),
        "git.yaml": release("from-git", namespace, chart_of("GitRepository", name, "./charts/app")),
        "http.yaml": release("from-http", namespace, chart_of("HelmRepository", "site", "web")),
        "oci.yaml": release(
            "from-oci", namespace, "  chartRef: {kind: OCIRepository, name: db, namespace: flux-system}"
        ),
    }
    repository = tmp_path / name
    for path, text in {
        **{f"fleet/{p}": t for p, t in files.items()},
        "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
        "charts/app/templates/config.yaml": TEMPLATE,
    }.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text)
    environment = {**os.environ, **_GIT, "HOLDFAST_STATE_DIR": str(tmp_path / "state")}
    for arguments in (["init", "-q", "-b", "main", "."], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run(["git", *arguments], cwd=repository, env=environment, check=True)

    def holdfast(*arguments: str) -> str:
        command = [sys.executable, "-m", "holdfast", *arguments, "--kubeconfig", str(empty.kubeconfig)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    told = holdfast("up", str(repository), "--path", "./fleet", "--once", "--timeout", "4m")
    assert "units are ready" in told
    shown = holdfast("get", "hr", "-n", namespace)
    assert [line.split()[1:3] for line in shown.splitlines()[1:]] == [
        ["helmrelease/from-git", "0.1.0"],
        ["helmrelease/from-http", "1.2.0"],
        ["helmrelease/from-oci", f"2.0.0+{_short(registry)}"],
    ]
    tree = holdfast("tree", "hr", "from-git", "-n", namespace)
    assert f"ConfigMap/{namespace}/from-git" in tree
    assert "is ready" in holdfast("explain", "hr", "from-http", "-n", namespace)


def _short(registry: Registry) -> str:
    digests = [t for _, t in registry.manifests if t.startswith("sha256:")]
    return digests[0].removeprefix("sha256:")[:12]
