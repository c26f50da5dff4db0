"""An Argo CD repository from nothing: a root application, projects, thirty children, a set, waves and hooks, charts, overlays."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from harness import Sandbox

from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import NotFound
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
SECONDS = 120.0


def _config(name: str, value: str = "1", annotations: str = "") -> str:
    notes = f"  annotations: {{{annotations}}}\n" if annotations else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{notes}data:\n  value: '{value}'\n"


def _application(url: str, name: str, path: str, wave: int = 0, **source: object) -> str:
    obj = {
        "apiVersion": APPLICATION.api_version,
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": "argocd",
            "annotations": {"argocd.argoproj.io/sync-wave": str(wave)},
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "team",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "source": {"repoURL": url, "path": path, "targetRevision": "main", **source},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["CreateNamespace=true"]},
        },
    }
    return yaml.dump(obj)


SET = """
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: addons, namespace: argocd}
spec:
  goTemplate: true
  generators:
  - matrix:
      generators:
      - git: {repoURL: @URL@, revision: main, directories: [{path: addons/*}]}
      - clusters: {}
  template:
    metadata: {name: '{{.path.basename}}'}
    spec:
      project: team
      destination: {server: '{{.server}}', namespace: '{{.path.basename}}'}
      source: {repoURL: @URL@, path: '{{.path.path}}', targetRevision: main}
      syncPolicy: {automated: {prune: true}, syncOptions: [CreateNamespace=true]}
"""


def _files(url: str) -> dict[str, str]:
    project = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "team", "namespace": "argocd"},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }
    found = {
        "bootstrap/project.yaml": yaml.dump(project),
        "bootstrap/root.yaml": _application(url, "root", "apps").replace("namespace: root", "namespace: argocd"),
        "apps/addons.yaml": SET.replace("@URL@", url),
        "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 0.1.0\n",
        "chart/values.yaml": "value: default\n",
        "chart/templates/config.yaml": _config("{{ .Release.Name }}", "{{ .Values.value }}"),
        "base/config.yaml": _config("config"),
        "base/kustomization.yaml": "resources: [config.yaml]\n",
    }
    for i in range(10):
        name = f"plain-{i}"
        found[f"apps/{name}.yaml"] = _application(url, name, f"plain/{name}", wave=i % 2)
        found[f"plain/{name}/a.yaml"] = _config("first", annotations="argocd.argoproj.io/sync-wave: '-1'")
        found[f"plain/{name}/b.yaml"] = _config("second")
    found["plain/plain-0/hook.yaml"] = _config("before", annotations="argocd.argoproj.io/hook: PreSync")
    for i in range(5):
        values: Manifest = {"parameters": [{"name": "value", "value": str(i)}]}
        found[f"apps/chart-{i}.yaml"] = _application(url, f"chart-{i}", "chart", helm=values)
        found[f"apps/overlay-{i}.yaml"] = _application(url, f"overlay-{i}", f"overlays/{i}")
        found[f"overlays/{i}/kustomization.yaml"] = f"resources: [../../base]\nnamePrefix: o{i}-\n"
        found[f"addons/addon-{i}/config.yaml"] = _config("addon")
        found[f"addons/extra-{i}/config.yaml"] = _config("extra")
    return found


class Fleet:
    """The repository in a checkout, and a client of the cluster that it was brought to."""

    def __init__(self, directory: Path, client: Client) -> None:
        self.directory = directory
        self.client = client

    def git(self, *arguments: str) -> None:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
        subprocess.run(command, cwd=self.directory, check=True, stdout=subprocess.DEVNULL)

    def commit(self, files: dict[str, str | None]) -> None:
        for path, text in files.items():
            place = self.directory / path
            if text is None:
                place.unlink()
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a change")

    async def refresh(self, name: str) -> None:
        body = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
        await self.client.patch(application(name), body, PatchType.MERGE)

    async def until(self, ref: ObjectRef, holds: Callable[[Manifest | None], bool]) -> Manifest | None:
        obj: Manifest | None = None
        try:
            async with asyncio.timeout(SECONDS):
                while True:
                    try:
                        obj = await self.client.get(ref)
                    except NotFound:
                        obj = None
                    if holds(obj):
                        return obj
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"{ref} is still {json.dumps(obj)[:3000]}")


def application(name: str) -> ObjectRef:
    return ObjectRef(APPLICATION.group, APPLICATION.kind, "argocd", name)


def config(namespace: str, name: str) -> ObjectRef:
    return ObjectRef("", "ConfigMap", namespace, name)


def value(obj: Manifest | None) -> str:
    return "" if obj is None else str((obj.get("data") or {}).get("value"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of its own: the controller that is started here would take part in the other scenarios."""
    found = Sandbox(tmp_path_factory.mktemp("cluster"))
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def brought_up(cluster: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The checkout, after ``holdfast up`` has said that everything is ready; its controller goes on until the end."""
    directory = tmp_path_factory.mktemp("fleet")
    state = tmp_path_factory.mktemp("state")
    fleet = Fleet(directory, cluster.client())
    fleet.git("init", "-q", "-b", "main")
    fleet.commit(dict(_files(directory.as_uri())))
    command = [sys.executable, "-m", "holdfast", "up", str(directory), "--kubeconfig", str(cluster.kubeconfig)]
    done = subprocess.run(
        [*command, "--timeout", "4m"],
        env={**os.environ, "HOLDFAST_STATE_DIR": str(state)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    pid = next((int(w) for line in done.stdout.splitlines() if "kill" in line for w in line.split()[-1:]), 0)
    try:
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"
        assert "units are ready" in done.stdout, done.stderr[-4000:]
        yield directory
    finally:
        if pid:
            os.kill(pid, signal.SIGTERM)


@pytest.fixture
async def fleet(brought_up: Path, cluster: Sandbox) -> AsyncIterator[Fleet]:
    async with cluster.client() as client:
        yield Fleet(brought_up, client)


async def test_every_application_of_the_fleet_is_synced_and_healthy(fleet: Fleet) -> None:
    found = (await fleet.client.list(APPLICATION)).items
    states = {o["metadata"]["name"]: (o["status"]["sync"]["status"], o["status"]["health"]["status"]) for o in found}
    assert len(states) == 31
    assert set(states.values()) == {("Synced", "Healthy")}
    assert value(await fleet.client.get(config("chart-3", "chart-3"))) == "3"
    assert value(await fleet.client.get(config("overlay-2", "o2-config"))) == "1"
    assert value(await fleet.client.get(config("extra-4", "extra"))) == "1"


async def test_drift_is_healed_and_what_left_git_is_pruned(fleet: Fleet) -> None:
    ref = config("plain-1", "second")
    await fleet.client.patch(ref, {"data": {"value": "drift"}}, PatchType.MERGE)
    await fleet.until(ref, lambda o: value(o) == "1")
    fleet.commit({"plain/plain-1/b.yaml": None})
    await fleet.refresh("plain-1")
    await fleet.until(ref, lambda o: o is None)


async def test_an_application_is_taken_back_to_an_entry_of_its_history(fleet: Fleet) -> None:
    name = "plain-2"
    first = (await fleet.client.get(application(name)))["status"]["history"][0]["revision"]
    fleet.commit({f"plain/{name}/b.yaml": _config("second", "2")})
    await fleet.refresh(name)
    await fleet.until(config(name, "second"), lambda o: value(o) == "2")
    await fleet.client.patch(application("root"), {"spec": {"syncPolicy": {"automated": None}}}, PatchType.MERGE)
    await fleet.client.patch(application(name), {"spec": {"syncPolicy": {"automated": None}}}, PatchType.MERGE)
    settled = lambda o: o is not None and "operation" not in o  # noqa: E731
    await fleet.until(application(name), settled)
    order = {"operation": {"sync": {"revision": first}}, "status": {"operationState": None}}
    await fleet.client.patch(application(name), order, PatchType.MERGE)
    await fleet.until(config(name, "second"), lambda o: value(o) == "1")
    done = await fleet.until(
        application(name),
        lambda o: (
            o is not None
            and o["status"]["history"][-1]["revision"] == first
            and o["status"]["sync"]["status"] == "OutOfSync"
        ),
    )
    assert done is not None


async def test_a_deleted_application_takes_its_objects_with_it(fleet: Fleet) -> None:
    await fleet.client.patch(application("root"), {"spec": {"syncPolicy": {"automated": None}}}, PatchType.MERGE)
    await fleet.client.delete(application("overlay-4"))
    await fleet.until(application("overlay-4"), lambda o: o is None)
    await fleet.until(config("overlay-4", "o4-config"), lambda o: o is None)
