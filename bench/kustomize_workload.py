"""Seeded kustomizations for B1 and B2, and the measuring of commands."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

APP = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels:
    app: {name}
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      containers:
        - name: main
          image: registry.example.com/{image}:1.{minor}.0
          args: ["--listen=:8080", "--name={name}"]
          ports:
            - containerPort: 8080
              name: http
          env:
            - name: LOG_LEVEL
              value: info
            - name: PEER
              value: http://{name}:80
          envFrom:
            - configMapRef:
                name: {name}-config
          resources:
            requests: {{cpu: {cpu}m, memory: {memory}Mi}}
            limits: {{memory: {memory}Mi}}
          livenessProbe:
            httpGet: {{path: /healthz, port: http}}
      volumes:
        - name: config
          configMap:
            name: {name}-config
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector:
    app: {name}
  ports:
    - name: http
      port: 80
      targetPort: http
"""

CACHE = tempfile.TemporaryDirectory(prefix="holdfast-bench-")
IMAGES = ("api", "web", "worker")


def write_apps(directory: Path, count: int, seed: int) -> list[str]:
    """``count`` files, each with a Deployment and a Service; returns the names of the apps."""
    random_ = random.Random(seed)
    directory.mkdir(parents=True, exist_ok=True)
    names = [f"app-{index:05d}" for index in range(count)]
    for name in names:
        text = APP.format(
            name=name,
            replicas=random_.randint(1, 5),
            image=random_.choice(IMAGES),
            minor=random_.randint(0, 40),
            cpu=random_.choice((50, 100, 250)),
            memory=random_.choice((64, 128, 256)),
        )
        (directory / f"{name}.yaml").write_text(text)
    return names


def write_overlay(top: Path, resources: int, seed: int = 1) -> Path:
    """A base of apps with generated ConfigMaps and an overlay over it: ``resources`` objects in all."""
    names = write_apps(top / "base", resources // 3, seed)
    lines = ["resources:", *(f"- {n}.yaml" for n in names), "configMapGenerator:"]
    for name in names:
        lines += [f"- name: {name}-config", "  literals:", f"  - name={name}", "  - mode=production"]
    (top / "base" / "kustomization.yaml").write_text("\n".join(lines) + "\n")
    overlay = top / "overlay"
    overlay.mkdir(parents=True, exist_ok=True)
    images = "".join(f"- name: registry.example.com/{i}\n  newTag: 2.0.{n}\n" for n, i in enumerate(IMAGES))
    (overlay / "kustomization.yaml").write_text(
        "resources:\n- ../base\nnamePrefix: prod-\n"
        "labels:\n- pairs: {env: prod, team: core}\n  includeSelectors: true\n"
        f"images:\n{images}"
        f"patches:\n- path: replicas.yaml\n- target: {{kind: Deployment, name: {names[-1]}}}\n"
        "  patch: |-\n    - op: replace\n      path: /spec/replicas\n      value: 9\n"
    )
    (overlay / "replicas.yaml").write_text(
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {names[0]}\nspec:\n  template:\n    spec:\n"
        "      containers:\n      - name: main\n        env:\n        - name: EXTRA\n          value: patched\n"
    )
    return overlay


def peer() -> str | None:
    """The real kustomize, where there is one."""
    home = Path.home() / "go" / "bin" / "kustomize"
    return shutil.which("kustomize") or (str(home) if home.exists() else None)


def peer_version(command: str) -> str:
    return subprocess.run([command, "version"], capture_output=True, text=True, check=True).stdout.strip()


def ours() -> list[str]:
    """This project's command, as installed beside the running interpreter."""
    return [str(Path(sys.executable).parent / "holdfast")]


def run_command(argv: Sequence[str]) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of a command that has to succeed.

    Python may keep its compiled modules, as it does where a package is installed, whatever this shell says.
    """
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = CACHE.name
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(argv, stdout=subprocess.DEVNULL, env=env, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def summary(samples: Sequence[float]) -> dict[str, float]:
    """Median and spread of seconds."""
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples), "runs": len(samples)}


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def machine() -> dict[str, object]:
    return {"cpus": os.cpu_count(), "python": sys.version.split()[0], "platform": sys.platform}


def print_json(result: dict[str, object]) -> None:
    print(json.dumps(result, sort_keys=True))
