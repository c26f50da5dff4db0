"""B9: the command line on a whole repository: 60 Kustomizations and 40 HelmReleases.

``python -m bench b9 [--kustomizations 60] [--releases 40] [--repeat 7]``: wall time of ``--help``, of a build of 30 resources, of
rendering everything from nothing, and of ``diff`` for a commit that changes one file; each also beyond the start of the
interpreter. kubectl's version and kustomize's build run beside where they are installed.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "replicas: 1\nimage: {repository: registry.example.com/web, tag: 1.0.0}\nport: 8080\nenv: {}\n",
    "charts/web/templates/_helpers.tpl": (
        '{{- define "web.name" -}}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{- end }}\n'
        '{{- define "web.labels" -}}\napp.kubernetes.io/name: {{ include "web.name" . }}\n'
        "app.kubernetes.io/managed-by: {{ .Release.Service }}\n{{- end }}\n"
    ),
    "charts/web/templates/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}
  labels: {{- include "web.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      app: {{ include "web.name" . }}
  template:
    metadata:
      labels:
        app: {{ include "web.name" . }}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          ports:
            - containerPort: {{ .Values.port }}
          env:
            {{- range $name, $value := .Values.env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
""",
    "charts/web/templates/service.yaml": """\
apiVersion: v1
kind: Service
metadata:
  name: {{ include "web.name" . }}
spec:
  selector:
    app: {{ include "web.name" . }}
  ports:
    - port: 80
      targetPort: {{ .Values.port }}
""",
    "charts/web/templates/config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "web.name" . }}
data:
  replicas: {{ .Values.replicas | quote }}
  settings.json: {{ .Values | toJson | quote }}
""",
}
_SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: "https://example.com/fleet", ref: {branch: main}}
"""


def _unit(name: str, path: str) -> str:
    return f"""\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  interval: 10m
  prune: true
  path: {path}
  sourceRef: {{kind: GitRepository, name: flux-system}}
"""


def _release(name: str, replicas: int) -> str:
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: {name}, namespace: apps}}
spec:
  interval: 10m
  chart:
    spec:
      chart: ./charts/web
      sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}
  values:
    replicas: {replicas}
    env: {{REGION: north, LEVEL: info}}
"""


def _objects(name: str, tag: str) -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
      - {{name: web, image: "registry.example.com/{name}:{tag}", ports: [{{containerPort: 8080}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}
"""


def files(kustomizations: int, releases: int, seed: int = 9) -> dict[str, str]:
    chance = random.Random(seed)
    found = {
        **_CHART,
        "clusters/prod/flux-system/sync.yaml": _SOURCE + "---\n" + _unit("flux-system", "./clusters/prod"),
    }
    for i in range(kustomizations - 1):
        name = f"app-{i:03d}"
        found[f"clusters/prod/{name}.yaml"] = _unit(name, f"./apps/{name}")
        found[f"apps/{name}/objects.yaml"] = _objects(name, f"1.{chance.randint(0, 9)}.0")
        resources = ["objects.yaml"]
        if i < releases:
            found[f"apps/{name}/release.yaml"] = _release(f"web-{i:03d}", chance.randint(1, 5))
            resources.append("release.yaml")
        found[f"apps/{name}/settings.properties"] = f"level={chance.randint(1, 9)}\n"
        found[f"apps/{name}/kustomization.yaml"] = (
            f"namespace: apps\nresources: [{', '.join(resources)}]\nlabels: [{{pairs: {{team: t{i % 7}}}}}]\n"
            "configMapGenerator: [{name: settings, files: [settings.properties]}]\n"
        )
    return found


def _write(top: Path, found: dict[str, str]) -> None:
    for path, text in found.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)


def _git(top: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
    subprocess.run(["git", "-C", str(top), *identity, *arguments], check=True, capture_output=True)


def _median(command: list[str], repeat: int, cwd: Path | None = None) -> tuple[float, float]:
    """(median, spread) in milliseconds; the first run, which fills the file system's cache, does not count."""
    times = []
    for number in range(repeat + 1):
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False, cwd=cwd)
        if done.returncode not in (0, 1) or b"Error" in done.stderr:
            raise RuntimeError(done.stderr.decode())
        times += [(time.perf_counter() - started) * 1000] if number else []
    return statistics.median(times), max(times) - min(times)


def _rows(top: Path, repeat: int) -> dict[str, tuple[float, float]]:
    holdfast = [sys.executable, "-m", "holdfast"]
    build = top / "build30"
    _write(build, {"kustomization.yaml": "resources: [all.yaml]\nnamespace: x\nlabels: [{pairs: {a: b}}]\n"})
    (build / "all.yaml").write_text("---\n".join(_objects(f"web-{i}", "1.0.0") for i in range(15)))
    repository = top / "repository"
    commands = {
        "interpreter": [sys.executable, "-c", "pass"],
        "holdfast --help": [*holdfast, "--help"],
        "holdfast build, 30 resources": [*holdfast, "kustomize", "build", str(build)],
        "holdfast render": [*holdfast, "render", "--offline", str(repository)],
        "holdfast test": [*holdfast, "test", "--offline", str(repository)],
        "holdfast diff, one file": [*holdfast, "diff", "--offline", str(repository)],
    }
    for peer, command in (("kustomize", ["build", str(build)]), ("kubectl", ["version", "--client"])):
        if shutil.which(peer):
            commands[f"{peer} {command[0]}"] = [peer, *command]
    return {name: _median(command, repeat) for name, command in commands.items()}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench b9")
    parser.add_argument("--kustomizations", type=int, default=60)
    parser.add_argument("--releases", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=7)
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch)
        repository = top / "repository"
        _write(repository, files(args.kustomizations, args.releases))
        _git(top, "init", "-q", "-b", "main", str(repository))
        _git(repository, "add", "-A")
        _git(repository, "commit", "-q", "-m", "one")
        changed = repository / "apps/app-007/objects.yaml"
        changed.write_text(changed.read_text().replace("replicas: 1", "replicas: 3"))
        found = _rows(top, args.repeat)
    start = found["interpreter"][0]
    print(f"{'command':32}{'median ms':>12}{'spread':>10}{'beyond start':>15}")
    for name, (median, spread) in found.items():
        print(f"{name:32}{median:12.1f}{spread:10.1f}{median - start:15.1f}")
    print(json.dumps({"bench": "b9", **{n: {"ms": round(m, 1), "spread": round(s, 1)} for n, (m, s) in found.items()}}))
    return 0
