"""The demo's repository: a shop in two stages, as a small Flux repository looks."""

from __future__ import annotations

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: ghcr.io/example/shop
          ports:
            - containerPort: 8080
          envFrom:
            - configMapRef:
                name: settings
"""

_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 80
      targetPort: 8080
"""

_BASE = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml
  - service.yaml
configMapGenerator:
  - name: settings
    literals:
      - greeting=hello
"""

_NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: {stage}
"""


def overlay(stage: str, replicas: int, tag: str) -> str:
    return f"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {stage}
resources:
  - namespace.yaml
  - ../../base
images:
  - name: ghcr.io/example/shop
    newTag: {tag}
replicas:
  - name: web
    count: {replicas}
"""


def repository() -> dict[str, str]:
    """Path to text of the first commit."""
    files = {
        "base/deployment.yaml": _DEPLOYMENT,
        "base/service.yaml": _SERVICE,
        "base/kustomization.yaml": _BASE,
    }
    for stage, replicas in (("staging", 1), ("production", 3)):
        files[f"apps/{stage}/kustomization.yaml"] = overlay(stage, replicas, "1.0.0")
        files[f"apps/{stage}/namespace.yaml"] = _NAMESPACE.format(stage=stage)
    return files


def units(url: str) -> str:
    """What tells the controller about the repository: one source, two stages, production after staging."""
    return f"""\
apiVersion: v1
kind: Namespace
metadata:
  name: flux-system
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: shop
  namespace: flux-system
spec:
  interval: 1m
  url: {url}
  ref:
    branch: main
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: staging
  namespace: flux-system
spec:
  interval: 10m
  path: ./apps/staging
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: shop
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: production
  namespace: flux-system
spec:
  dependsOn:
    - name: staging
  interval: 10m
  path: ./apps/production
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: shop
"""
