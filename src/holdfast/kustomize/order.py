"""The orders of kinds: the one for output (legacy sort) and the one for field specs.

Precedence of output: kinds named first, in that order; all others by group, version and kind; kinds named last. Among equals
by namespace and name. Source: kustomize ``SortOrderTransformer``, kyaml ``resid``.
"""

from __future__ import annotations

from typing import Any

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.ids import gvk_text, split_api_version
from holdfast.kustomize.resource import Resource

FIRST = (
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
)
LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def _ranks(first: tuple[str, ...], last: tuple[str, ...]) -> dict[str, int]:
    ranks = {kind: index - len(first) for index, kind in enumerate(first)}
    ranks.update({kind: index + 1 for index, kind in enumerate(last)})
    return ranks


_DEFAULT_RANKS = _ranks(FIRST, LAST)


def kind_rank(group: str, version: str, kind: str) -> tuple[int, str]:
    """The sort key of a kind."""
    return _DEFAULT_RANKS.get(kind, 0), f"{group or '~G'}_{version or '~V'}_{kind or '~K'}"


def legacy_order(
    resources: list[Resource], first: tuple[str, ...] = FIRST, last: tuple[str, ...] = LAST
) -> list[Resource]:
    """Resources in the order that suits ``kubectl apply``."""
    ranks = _DEFAULT_RANKS if (first, last) == (FIRST, LAST) else _ranks(first, last)
    kinds: dict[tuple[str, str], tuple[int, int, str, str]] = {}

    def key(resource: Resource) -> tuple[int, int, str, str]:
        own = resource.type_meta()
        known = kinds.get(own)
        if known is None:
            known = kinds[own] = _kind_key(*own, ranks)
        rank, foreign, gvk, shown = known
        return rank, foreign, gvk, f"{shown}|{resource.namespace or '~X'}|{resource.name or '~N'}"

    return sorted(resources, key=key)


def _kind_key(api_version: str, kind: str, ranks: dict[str, int]) -> tuple[int, int, str, str]:
    """What the kind has to do with the order, and its name in the last part of the key."""
    group, version = split_api_version(api_version)
    # A core Namespace comes before Namespaces of other groups.
    foreign = int(kind == "Namespace" and group != "")
    gvk = f"{group or '~G'}_{version or '~V'}_{kind or '~K'}"
    return ranks.get(kind, 0), foreign, gvk, gvk_text(group, version, kind)


def sort_by_options(resources: list[Resource], options: dict[str, Any]) -> list[Resource]:
    """What ``sortOptions`` asks for."""
    order, legacy = options.get("order", ""), options.get("legacySortOptions")
    if order not in ("fifo", "legacy"):
        raise KustomizeError("the field 'sortOptions.order' must be one of [fifo, legacy]")
    if order == "fifo":
        if legacy is not None:
            raise KustomizeError(
                "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
            )
        return resources
    if legacy is None:
        return legacy_order(resources)
    return legacy_order(resources, tuple(legacy.get("orderFirst", ())), tuple(legacy.get("orderLast", ())))
