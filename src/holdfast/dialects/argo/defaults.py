"""The objects that an Argo CD installation has from the start, as far as others read or edit them."""

from __future__ import annotations

from holdfast.kube import yaml
from holdfast.kube.refs import Manifest

_NOISE = (
    (("", "discovery.k8s.io"), ("Endpoints", "EndpointSlice")),
    (("coordination.k8s.io",), ("Lease",)),
    (
        ("authentication.k8s.io", "authorization.k8s.io"),
        (
            "SelfSubjectReview",
            "TokenReview",
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ),
    ),
    (("certificates.k8s.io",), ("CertificateSigningRequest",)),
    (("cert-manager.io",), ("CertificateRequest",)),
    (("cilium.io",), ("CiliumIdentity", "CiliumEndpoint", "CiliumEndpointSlice")),
)
"""Kinds that controllers write for themselves, often: not looked at unless the operator says otherwise."""
NAMESPACE = "argocd"
"""Where the configuration, the projects and, unless told otherwise, the applications live."""


EMPTY = ("cmd-params", "rbac", "ssh-known-hosts", "tls-certs", "gpg-keys")
"""ConfigMaps that Argo CD's command reads, edits and exports; nothing stands in them at first."""


def objects(namespace: str = NAMESPACE) -> list[Manifest]:
    """In the order in which they are to be made."""
    labels = {"app.kubernetes.io/part-of": "argocd"}
    meta = {"namespace": namespace, "labels": labels}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", **meta}, "data": _configuration()},
        *({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"argocd-{n}-cm", **meta}} for n in EMPTY),
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


def _configuration() -> dict[str, str]:
    noise = [{"apiGroups": list(groups), "kinds": list(kinds)} for groups, kinds in _NOISE]
    return {"resource.exclusions": yaml.dump(noise)}
