"""The objects that an Argo CD installation has from the start, as far as others read or edit them."""

from __future__ import annotations

from holdfast.kube.refs import Manifest

NAMESPACE = "argocd"
"""Where the configuration, the projects and, unless told otherwise, the applications live."""


def objects(namespace: str = NAMESPACE) -> list[Manifest]:
    """In the order in which they are to be made."""
    labels = {"app.kubernetes.io/part-of": "argocd"}
    meta = {"namespace": namespace, "labels": labels}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", **meta}},
        {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "argocd-secret", **meta}},
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "default", "namespace": namespace},
            "spec": {
                "sourceRepos": ["*"],
                "destinations": [{"namespace": "*", "server": "*"}],
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            },
        },
    ]
