"""The real argocd in core mode, against a sandbox and `holdfast run` (skipped where there is none on PATH)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pygit2
import pytest

ARGOCD = os.environ.get("HOLDFAST_TEST_ARGOCD") or shutil.which("argocd")
SERVER = "https://kubernetes.default.svc"
SECONDS = "100"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{k: '{value}'}}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.29"}]}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {password: hunter2}
"""
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 0.1.0\n",
    "chart/values.yaml": "greeting: hello\n",
    "chart/templates/map.yaml": CONFIG_MAP.format(name="chart", value="{{ .Values.greeting }}"),
}


class Repository:
    """A working directory with its Git repository."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._git = pygit2.init_repository(str(place), initial_head="main")

    @property
    def url(self) -> str:
        return self.place.as_uri()

    def commit(self, files: dict[str, str | None]) -> str:
        """None takes a file away."""
        for name, text in files.items():
            file = self.place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            if text is not None:
                file.write_text(text)
        self._git.index.add_all()
        self._git.index.write()
        author = pygit2.Signature("Ada", "ada@example.com")
        parents = [] if self._git.head_is_unborn else [self._git.head.target]
        tree = self._git.index.write_tree()
        return str(self._git.create_commit("HEAD", author, author, "a change", tree, parents))


class Argo:
    """argocd and the repository that its applications are of."""

    def __init__(self, environment: dict[str, str], repository: Repository) -> None:
        self._environment = environment
        self.repository = repository

    def __call__(self, *args: str, code: int = 0) -> str:
        found = self.run(*args)
        assert found.returncode == code, found.stdout + found.stderr
        return found.stdout

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        assert ARGOCD is not None
        command = [ARGOCD, *args, "--core"]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=self._environment, timeout=300)

    def create(self, name: str, path: str, *options: str) -> None:
        where = ("--repo", self.repository.url, "--path", path, "--revision", "main")
        to = ("--dest-server", SERVER, "--dest-namespace", name, "--sync-option", "CreateNamespace=true")
        self("app", "create", name, *where, *to, *options)

    def get(self, name: str, *options: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("app", "get", name, "-o", "json", *options))
        return found

    def until_served(self) -> None:
        """The controller has found its place once the command finds it."""
        end = time.monotonic() + 100
        while (found := self.run("app", "list")).returncode:
            assert time.monotonic() < end, found.stdout + found.stderr


@pytest.fixture(scope="module")
def argo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Argo]:
    if ARGOCD is None:
        pytest.skip("no argocd on PATH")
    folder = tmp_path_factory.mktemp("argocd")
    file, log = folder / "kubeconfig", folder / "log"
    home = {"HOLDFAST_STATE_DIR": str(folder / "state"), "KUBECONFIG": str(file), "HOME": str(folder)}
    environment = {**os.environ, **home, "ARGOCD_OPTS": ""}
    holdfast = [sys.executable, "-m", "holdfast"]
    name = f"argocd-{os.getpid()}"
    start = ["sandbox", "start", "--name", name, "--kubeconfig", str(file), "--controllers", "all"]
    subprocess.run([*holdfast, *start], check=True, env=environment)
    file.write_text(
        file.read_text().replace("\n    cluster: holdfast-", "\n    namespace: argocd\n    cluster: holdfast-")
    )
    repository = Repository(folder / "repository")
    repository.commit(
        {"plain/map.yaml": CONFIG_MAP.format(name="plain", value="1"), "plain/web.yaml": DEPLOYMENT, **CHART}
    )
    with log.open("wb") as out:
        command = [*holdfast, "run", "--allow-local-sources"]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
        try:
            found = Argo(environment, repository)
            found.until_served()
            yield found
        finally:
            process.terminate()
            process.wait(60)
            subprocess.run([*holdfast, "sandbox", "stop", "--name", name], check=True, env=environment)
    assert "Traceback" not in log.read_text()


def test_an_application_is_created_told_of_compared_synced_and_waited_for(argo: Argo) -> None:
    argo.create("web", "plain")
    row = argo("app", "list", "-o", "wide").splitlines()[1].split()
    assert row[0] == "argocd/web" and row[4:6] == ["OutOfSync", "Missing"]
    before = argo("app", "diff", "web", code=1)
    assert "===== apps/Deployment web/web ======" in before and "password: ++++++++" in before
    argo("app", "sync", "web", "--dry-run")
    assert argo.get("web")["status"]["sync"]["status"] == "OutOfSync"
    told = argo("app", "sync", "web", "--timeout", SECONDS)
    assert "configmap/plain created" in told and "deployment.apps/web created" in told and "Synced to main" in told
    assert "Healthy" in argo("app", "wait", "web", "--sync", "--health", "--operation", "--timeout", SECONDS)
    assert argo("app", "diff", "web") == ""


def test_the_tree_shows_what_hangs_below_the_objects_and_logs_are_found_through_it(argo: Argo) -> None:
    argo.create("tree", "plain")
    argo("app", "sync", "tree", "--timeout", SECONDS)
    argo("app", "wait", "tree", "--timeout", SECONDS)
    lines = argo("app", "get", "tree", "-o", "tree").splitlines()
    parts = [line.strip("└─ ").partition("-")[0].split()[0] for line in lines if "/web" in line]
    assert {"Deployment/web", "ReplicaSet/web", "Pod/web"} <= set(parts)
    assert "simulated container" in argo("app", "logs", "tree", "--kind", "Deployment", "--name", "web")
    assert "password" not in argo("app", "resources", "tree") and "web" in argo("app", "resources", "tree")


def test_a_change_by_hand_and_one_by_commit_are_seen_and_put_right(argo: Argo) -> None:
    argo.create("drift", "plain")
    argo("app", "sync", "drift", "--timeout", SECONDS)
    patch = ("--kind", "ConfigMap", "--resource-name", "plain", "--patch-type", "application/merge-patch+json")
    argo("app", "patch-resource", "drift", *patch, "--patch", '{"data":{"k":"by hand"}}')
    argo.get("drift", "--refresh")
    assert "<   k: by hand" in argo("app", "diff", "drift", code=1)
    argo("app", "sync", "drift", "--resource", ":ConfigMap:plain", "--timeout", SECONDS)
    assert argo("app", "diff", "drift") == ""
    argo("app", "delete-resource", "drift", "--kind", "ConfigMap", "--resource-name", "plain")
    argo.get("drift", "--refresh")
    assert "===== /ConfigMap drift/plain ======" in argo("app", "diff", "drift", code=1)


def test_revisions_are_compared_synced_pruned_and_gone_back_to(argo: Argo) -> None:
    text = CONFIG_MAP.format(name="one", value="1")
    first = argo.repository.commit({"past/one.yaml": text})
    argo.create("past", "past")
    argo("app", "sync", "past", "--timeout", SECONDS)
    second = argo.repository.commit(
        {"past/one.yaml": text.replace("'1'", "'2'"), "past/two.yaml": text.replace("one", "two")}
    )
    assert "===== /ConfigMap past/two ======" in argo("app", "diff", "past", "--refresh", code=1)
    assert argo("app", "diff", "past", "--revision", first) == ""
    argo("app", "sync", "past", "--async")
    argo("app", "wait", "past", "--operation", "--timeout", SECONDS)
    assert "name: two" in argo("app", "manifests", "past", "--revision", second)
    third = argo.repository.commit({"past/two.yaml": None})
    assert "require pruning" in argo.run("app", "sync", "past", "--timeout", SECONDS).stderr
    assert "pruned" in argo("app", "sync", "past", "--prune", "--timeout", SECONDS)
    history = argo("app", "history", "past")
    assert all(f"main ({commit[:7]})" in history for commit in (first, second, third))
    argo("app", "rollback", "past", "0", "--timeout", SECONDS)
    assert "k: '1'" in argo("app", "manifests", "past", "--source", "live").replace('"', "'")
    argo("app", "sync", "past", "--revision", first, "--timeout", SECONDS)


def test_a_chart_of_the_working_directory_is_compared_before_it_is_committed(argo: Argo, tmp_path: Path) -> None:
    argo.create("chart", "chart", "--helm-set", "greeting=hi")
    argo("app", "sync", "chart", "--timeout", SECONDS)
    argo("app", "set", "chart", "--helm-set", "greeting=ho")
    assert "greeting  ho" in argo("app", "get", "chart", "--show-params")
    assert ">   k: ho" in argo("app", "diff", "chart", code=1)
    argo("app", "unset", "chart", "--parameter", "greeting")
    copy = shutil.copytree(argo.repository.place, tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    (copy / "chart" / "values.yaml").write_text("greeting: local\n")
    assert ">   k: local" in argo("app", "diff", "chart", "--local", str(copy), "--server-side-generate", code=1)


def test_what_cannot_be_is_refused_in_the_words_that_users_know(argo: Argo) -> None:
    where = ("--repo", argo.repository.url, "--dest-server", SERVER, "--dest-namespace", "x")
    told = argo.run("app", "create", "nowhere", *where, "--path", "nowhere").stderr
    assert "Unable to generate manifests in nowhere" in told and "nowhere: app path does not exist" in told
    lost = ("--repo", f"{argo.repository.url}-lost", "--dest-server", SERVER, "--dest-namespace", "x", "--path", "a")
    assert "repository not accessible" in argo.run("app", "create", "lost", *lost).stderr
    argo.create("idle", "plain")
    assert "No operation is in progress" in argo.run("app", "terminate-op", "idle").stderr


def test_actions_are_listed_and_run(argo: Argo) -> None:
    argo.create("acting", "plain")
    argo("app", "sync", "acting", "--timeout", SECONDS)
    argo("app", "wait", "acting", "--health", "--timeout", SECONDS)
    assert "restart" in argo("app", "actions", "list", "acting", "--kind", "Deployment")
    argo("app", "actions", "run", "acting", "pause", "--kind", "Deployment")
    assert "Suspended" in argo("app", "wait", "acting", "--suspended", "--timeout", SECONDS)


def test_applications_of_applications_sync_by_themselves_and_go_with_their_root(argo: Argo) -> None:
    child = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "leaf", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
        "spec": {
            "project": "default",
            "source": {"repoURL": argo.repository.url, "path": "plain"},
            "destination": {"server": SERVER, "namespace": "leaf"},
            "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]},
        },
    }
    argo.repository.commit({"root/leaf.yaml": json.dumps(child)})
    where = ("--repo", argo.repository.url, "--path", "root", "--dest-server", SERVER, "--dest-namespace", "argocd")
    argo("app", "create", "root", *where, "--sync-policy", "auto", "--set-finalizer")
    argo("app", "wait", "root", "--sync", "--timeout", SECONDS)
    argo("app", "wait", "leaf", "--sync", "--health", "--timeout", SECONDS)
    argo("app", "delete", "root", "--yes", "--wait")
    assert "argocd/leaf" not in argo("app", "list", "-o", "name")


def test_applications_are_deleted_with_and_without_their_objects(argo: Argo) -> None:
    argo.create("going", "plain")
    argo("app", "sync", "going", "--timeout", SECONDS)
    argo("app", "delete", "going", "--yes", "--wait")
    argo.create("left", "plain")
    argo("app", "sync", "left", "--timeout", SECONDS)
    argo("app", "delete", "left", "--yes", "--cascade=false")
    names = argo("app", "list", "-o", "name")
    assert "argocd/going" not in names and "argocd/left" not in names
    argo.create("left", "plain")
    assert argo("app", "diff", "left") == ""


def test_projects_repositories_clusters_and_accounts_are_told_of(argo: Argo) -> None:
    argo("proj", "create", "team", "--dest", f"{SERVER},team", "--src", "*")
    assert "team" in argo("proj", "list") and f"{SERVER},team" in argo("proj", "get", "team")
    argo("proj", "delete", "team")
    argo("repo", "add", argo.repository.url)
    assert "Successful" in argo("repo", "list")
    argo("repo", "rm", argo.repository.url)
    row = next(line for line in argo("cluster", "list").splitlines() if SERVER in line)
    assert "in-cluster" in row
    assert "admin" in argo("account", "list") and argo("account", "can-i", "sync", "applications", "*").strip() == "yes"
    assert argo("appset", "list").startswith("NAME")


def test_a_set_of_applications_is_listed_and_looked_at(argo: Argo, tmp_path: Path) -> None:
    template = {
        "metadata": {"name": "of-{{name}}"},
        "spec": {
            "project": "default",
            "source": {"repoURL": argo.repository.url, "path": "plain"},
            "destination": {"server": SERVER, "namespace": "{{name}}"},
        },
    }
    spec = {"generators": [{"list": {"elements": [{"name": "a"}, {"name": "b"}]}}], "template": template}
    meta = {"name": "twins", "namespace": "argocd"}
    file = tmp_path / "set.json"
    file.write_text(
        json.dumps({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": meta, "spec": spec})
    )
    argo("appset", "create", str(file))
    argo("app", "wait", "of-a", "of-b", "--operation", "--timeout", SECONDS)
    assert "argocd/twins" in argo("appset", "list") and "twins" in argo("appset", "get", "twins")
    argo("appset", "delete", "twins", "--yes")
