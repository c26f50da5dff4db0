"""Which cluster: flags first, then KUBECONFIG, then ~/.kube/config, then the pod's own account."""

from __future__ import annotations

import os
from pathlib import Path

from holdfast.cluster.config import ClusterConfig, in_cluster, load


def cluster_config(kubeconfig: str | None = None, context: str = "") -> ClusterConfig:
    """Raises ConfigError where there is none."""
    if kubeconfig:
        return load([Path(kubeconfig)], context)
    named = [Path(p) for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    if named:
        return load(named, context)
    usual = Path.home() / ".kube" / "config"
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "")
    if not context and not usual.is_file() and host:
        return in_cluster(host, os.environ.get("KUBERNETES_SERVICE_PORT", "443"))
    return load([usual], context)
