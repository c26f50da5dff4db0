"""Counting what is used."""

from __future__ import annotations

from holdfast.sandbox.usage import usage
from tests.unit.sandbox.controllers.cluster import Cluster, cluster, config_map


def _used(c: Cluster) -> dict[str, str]:
    found = c.api.get("resourcequotas", "default", "q") or {}
    used: dict[str, str] = (found.get("status") or {}).get("used") or {}
    return used


async def test_a_quota_counts_what_comes_and_goes() -> None:
    async with cluster("quota") as c:
        quota = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "q", "namespace": "default"},
            "spec": {"hard": {"configmaps": "5", "count/secrets": "2", "pods": "3"}},
        }
        await c.create("resourcequotas", quota)
        await c.until(lambda: _used(c) == {"configmaps": "0", "count/secrets": "0", "pods": "0"}, "zeros at first")
        await c.create("configmaps", config_map("a"))
        await c.until(lambda: _used(c).get("configmaps") == "1", "one ConfigMap")
        await c.api.delete("configmaps", "default", "a")
        await c.until(lambda: _used(c).get("configmaps") == "0", "none again")


def test_a_pod_counts_its_requests_and_the_largest_init_container() -> None:
    def resources(cpu: str) -> dict[str, object]:
        return {"resources": {"requests": {"cpu": cpu}, "limits": {"cpu": "2"}}}

    pod = {"spec": {"containers": [resources("100m"), resources("200m")], "initContainers": [resources("500m")]}}
    amounts = {k: str(v) for k, v in usage("pods", pod).items()}
    assert amounts == {"count/pods": "1", "pods": "1", "cpu": "500m", "requests.cpu": "500m", "limits.cpu": "4"}


def test_services_count_by_type_and_claims_by_class() -> None:
    service = {"spec": {"type": "NodePort", "ports": [{"port": 80}, {"port": 443}]}}
    assert str(usage("services", service)["services.nodeports"]) == "2"
    claim = {"spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "1Gi"}}}}
    amounts = {k: str(v) for k, v in usage("persistentvolumeclaims", claim).items()}
    assert amounts["gold.storageclass.storage.k8s.io/requests.storage"] == "1Gi"
