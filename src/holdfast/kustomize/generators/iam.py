"""``IAMPolicyGenerator``: a service account bound to one of Google's (by plugin configuration only).

Example: cloud ``gke`` with a Kubernetes service account ``web`` makes that ServiceAccount with the annotation
``iam.gke.io/gcp-service-account``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.ids import Kinds
from holdfast.kustomize.resource import Resource


def make_service_account(args: Mapping[str, Any], scopes: Kinds) -> Resource:
    """The ServiceAccount that the configuration asks for."""
    cloud = args.get("cloud", "")
    if cloud != "gke":
        raise KustomizeError(f"cloud provider {cloud} not supported yet")
    own, foreign = args.get("kubernetesService") or {}, args.get("serviceAccount") or {}
    address = f"{foreign.get('name', '')}@{foreign.get('projectId', '')}.iam.gserviceaccount.com"
    meta: dict[str, Any] = {
        "annotations": {"iam.gke.io/gcp-service-account": address},
        "name": own.get("name", ""),
    }
    if own.get("namespace"):
        meta["namespace"] = own["namespace"]
    return Resource({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}, scopes=scopes)
