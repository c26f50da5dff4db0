"""What can be waited for."""

from __future__ import annotations

import pytest

from holdfast.cluster.client import Client
from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.reconcile.waiting import NotReady, Wanted, require_namespaces


def wanted(group: str, kind: str, namespace: str = "") -> list[Wanted]:
    return [Wanted(GroupVersionKind(group, "v1", kind), ObjectRef(group, kind, namespace, "one"))]


async def test_an_object_of_a_namespace_has_to_be_named_with_it(client: Client) -> None:
    with pytest.raises(NotReady, match="resource ConfigMap one is namespace scoped, but namespace is not set"):
        await require_namespaces(wanted("", "ConfigMap"), client)


async def test_objects_of_the_cluster_and_unknown_kinds_need_none(client: Client) -> None:
    await require_namespaces(wanted("", "ConfigMap", "apps"), client)
    await require_namespaces(wanted("", "Namespace"), client)
    await require_namespaces(wanted("none.example.com", "None"), client)
