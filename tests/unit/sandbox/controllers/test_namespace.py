"""Namespaces that are being deleted, and the accounts that new ones get."""

from __future__ import annotations

from tests.unit.sandbox.controllers.cluster import Cluster, cluster, config_map


def _namespace(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


async def test_a_deleted_namespace_is_emptied_and_goes() -> None:
    async with cluster("namespace") as c:
        await c.create("namespaces", _namespace("team"))
        inside = config_map("a")
        inside["metadata"]["namespace"] = "team"
        await c.create("configmaps", inside)
        await c.api.delete("namespaces", "", "team")
        await c.until(lambda: c.api.get("namespaces", "", "team") is None, "the namespace is gone")
        assert c.names("configmaps", "team") == []


async def test_a_finalizer_inside_holds_the_namespace_and_is_named() -> None:
    async with cluster("namespace") as c:
        await c.create("namespaces", _namespace("team"))
        inside = config_map("a")
        inside["metadata"].update(namespace="team", finalizers=["example.com/hold"])
        await c.create("configmaps", inside)
        await c.api.delete("namespaces", "", "team")
        await c.until(lambda: "example.com/hold in 1 resource instances" in _message(c), "the condition names it")
        await c.change("configmaps", "team", "a", lambda o: o["metadata"].update(finalizers=[]))
        await c.until(lambda: c.api.get("namespaces", "", "team") is None, "the namespace is gone")


def _message(c: Cluster) -> str:
    found = c.api.get("namespaces", "", "team") or {}
    conditions = (found.get("status") or {}).get("conditions") or []
    return " ".join(x["message"] for x in conditions if x["type"] == "NamespaceFinalizersRemaining")


async def test_a_new_namespace_gets_its_account_and_bundle_back_whenever_they_go() -> None:
    async with cluster("serviceaccount", "workloads") as c:
        await c.create("namespaces", _namespace("team"))

        def complete() -> bool:
            bundle = c.api.get("configmaps", "team", "kube-root-ca.crt")
            return c.names("serviceaccounts", "team") == ["default"] and bundle is not None

        await c.until(complete, "account and bundle are there")
        await c.api.delete("serviceaccounts", "team", "default")
        await c.api.delete("configmaps", "team", "kube-root-ca.crt")
        await c.until(complete, "they are there again")
        bundle = c.api.get("configmaps", "team", "kube-root-ca.crt")
        assert bundle is not None and bundle["data"] == {"ca.crt": "CA BUNDLE"}
