"""The objects under which ``argocd --core`` finds the controller: one pod for Argo CD's cache and its repository server.

The pod has the cache's label; the repository server's name is read from a Service with its component label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from holdfast.kube.refs import Manifest, ObjectRef

NAME: Final = "holdfast-core"
CACHE_PORT: Final = 6379
REPOSITORY_PORT: Final = 8081
LABELS: Final = {"app.kubernetes.io/name": "argocd-redis", "app.kubernetes.io/managed-by": "holdfast"}
COMPONENT: Final = {"app.kubernetes.io/component": "repo-server"}
FORWARD: Final = "sandbox.holdfast.dev/forward."
NOTE: Final = "Stands for the running holdfast process, so that argocd --core finds it. It goes when the process does."

RUNNING: Final[dict[str, Any]] = {
    "status": {
        "phase": "Running",
        "conditions": [
            {"type": t, "status": "True"} for t in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ],
        "containerStatuses": [
            {
                "name": "holdfast",
                "ready": True,
                "restartCount": 0,
                "image": "holdfast",
                "imageID": "",
                "state": {"running": {}},
            }
        ],
    }
}


def ref(namespace: str) -> ObjectRef:
    return ObjectRef("", "Pod", namespace, NAME)


def objects(sockets: Mapping[int, str], namespace: str) -> list[Manifest]:
    """In the order in which they are to be made. ``sockets`` are where a sandbox forwards the ports to."""
    meta = {"name": NAME, "namespace": namespace}
    forwards = {f"{FORWARD}{port}": f"unix:{path}" for port, path in sockets.items()}
    ports = [{"name": "cache", "port": CACHE_PORT}, {"name": "repository", "port": REPOSITORY_PORT}]
    container = {
        "name": "holdfast",
        "image": "holdfast",
        "ports": [{"name": p["name"], "containerPort": p["port"]} for p in ports],
    }
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**meta, "labels": {**LABELS, **COMPONENT}},
            "spec": {"selector": LABELS, "ports": ports},
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**meta, "labels": LABELS, "annotations": {"holdfast.dev/note": NOTE, **forwards}},
            "spec": {"nodeName": "holdfast", "serviceAccountName": NAME, "containers": [container]},
        },
    ]
