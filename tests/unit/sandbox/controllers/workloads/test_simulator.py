"""What makes, runs and fronts pods, end to end in one process."""

from __future__ import annotations

from typing import Any

from holdfast.sandbox.controllers.workloads.knobs import PREFIX
from tests.unit.sandbox.controllers.cluster import Cluster, cluster, deployment


def _status(c: Cluster, resource: str, name: str) -> dict[str, Any]:
    found = c.api.get(resource, "default", name) or {}
    status: dict[str, Any] = found.get("status") or {}
    return status


def _condition(c: Cluster, resource: str, name: str, kind: str) -> dict[str, Any]:
    return next((x for x in _status(c, resource, name).get("conditions") or [] if x["type"] == kind), {})


def _complete(c: Cluster, name: str, replicas: int) -> bool:
    s = _status(c, "deployments.apps", name)
    numbers = {s.get(k) for k in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")}
    current = c.api.get("deployments.apps", "default", name)
    assert current is not None
    return numbers == {replicas} and s.get("observedGeneration") == current["metadata"]["generation"]


def _annotate(obj: dict[str, Any], **knobs: str) -> dict[str, Any]:
    meta = obj["spec"]["template"]["metadata"]
    meta["annotations"] = {PREFIX + k.replace("_", "-"): v for k, v in knobs.items()}
    return obj


async def test_a_deployment_becomes_available() -> None:
    async with cluster("workloads", "gc") as c:
        await c.create("deployments.apps", deployment("web", 3))
        await c.until(lambda: _complete(c, "web", 3), "three replicas are available")
        assert _condition(c, "deployments.apps", "web", "Available")["status"] == "True"
        assert _condition(c, "deployments.apps", "web", "Progressing")["reason"] == "NewReplicaSetAvailable"


async def test_a_rolling_update_never_leaves_its_bounds() -> None:
    async with cluster("workloads", "gc") as c:
        await c.create("deployments.apps", deployment("web", 4, strategy=_rolling(1, 1)))
        await c.until(lambda: _complete(c, "web", 4), "the first roll-out")
        bounds: list[tuple[int, int]] = []

        def watch(*_: object) -> None:
            s = _status(c, "deployments.apps", "web")
            bounds.append((s.get("replicas", 0), s.get("availableReplicas", 0)))

        c.api.subscribe(watch)
        await c.change("deployments.apps", "default", "web", lambda o: _image(o, "app:2"))
        await c.until(lambda: _complete(c, "web", 4), "the second roll-out")
        images = {p["spec"]["containers"][0]["image"] for p in c.api.list("pods", "default")}
        assert images == {"app:2"}
        assert max(total for total, _ in bounds) <= 5
        assert min(available for _, available in bounds) >= 3
        assert len(c.names("replicasets.apps")) == 2


def _rolling(surge: int, unavailable: int) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def _image(obj: dict[str, Any], image: str) -> None:
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = image


async def test_a_broken_image_stops_a_rolling_update_where_it_may_be_stopped() -> None:
    async with cluster("workloads", "gc") as c:
        await c.create("deployments.apps", deployment("web", 4, strategy=_rolling(1, 0)))
        await c.until(lambda: _complete(c, "web", 4), "the first roll-out")

        def broken(obj: dict[str, Any]) -> None:
            _image(obj, "app:broken")
            _annotate(obj, image_pull="fail")

        await c.change("deployments.apps", "default", "web", broken)
        await c.until(lambda: _status(c, "deployments.apps", "web").get("updatedReplicas") == 1, "one new pod")
        assert _status(c, "deployments.apps", "web")["availableReplicas"] == 4
        await c.change("deployments.apps", "default", "web", _mend)
        await c.until(lambda: _complete(c, "web", 4), "the way back")


def _mend(obj: dict[str, Any]) -> None:
    _image(obj, "app:1")
    obj["spec"]["template"]["metadata"].pop("annotations")


async def test_scaling_down_and_deleting_takes_pods_away() -> None:
    async with cluster("workloads", "gc") as c:
        await c.create("deployments.apps", deployment("web", 3))
        await c.until(lambda: _complete(c, "web", 3), "up")
        await c.change("deployments.apps", "default", "web", lambda o: o["spec"].update(replicas=1))
        await c.until(lambda: _complete(c, "web", 1) and len(c.names("pods")) == 1, "down to one")
        await c.api.delete("deployments.apps", "default", "web", propagation="Background")
        await c.until(lambda: not c.names("pods") and not c.names("replicasets.apps"), "everything is gone")


async def test_a_statefulset_makes_its_members_in_order_with_claims() -> None:
    async with cluster("workloads") as c:
        await c.create("statefulsets.apps", _stateful())
        await c.until(lambda: _status(c, "statefulsets.apps", "db").get("readyReplicas") == 2, "both members ready")
        assert c.names("pods") == ["db-0", "db-1"]
        assert c.names("persistentvolumeclaims") == ["data-db-0", "data-db-1"]
        claims = c.api.list("persistentvolumeclaims", "default")
        assert {x["status"]["phase"] for x in claims} == {"Bound"}


async def test_a_deleted_claim_stays_while_a_pod_uses_it_and_takes_its_volume_along() -> None:
    async with cluster("workloads") as c:
        await c.create("statefulsets.apps", _stateful())
        await c.until(lambda: _status(c, "statefulsets.apps", "db").get("readyReplicas") == 2, "both members ready")
        assert len(c.names("persistentvolumes", "")) == 2
        for name in c.names("persistentvolumeclaims"):
            await c.api.delete("persistentvolumeclaims", "default", name)
        assert c.names("persistentvolumeclaims") == ["data-db-0", "data-db-1"]
        await c.api.delete("statefulsets.apps", "default", "db", propagation="Background")
        for name in c.names("pods"):
            await c.api.delete("pods", "default", name)
        await c.until(lambda: not c.names("persistentvolumeclaims"), "the claims are gone")
        await c.until(lambda: not c.names("persistentvolumes", ""), "their volumes are gone")


async def test_a_deleted_class_of_volume_attributes_stays_while_a_claim_names_it() -> None:
    async with cluster("workloads") as c:
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        kind = "volumeattributesclasses.storage.k8s.io"
        for name in ("idle", "used"):
            meta = {"name": name, "finalizers": ["kubernetes.io/vac-protection"]}
            attributes = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass", "metadata": meta}
            await c.create(kind, {**attributes, "driverName": "d", "parameters": {"a": "b"}})
        await c.create(
            "persistentvolumeclaims",
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "c", "namespace": "default"},
                "spec": {**claim, "volumeAttributesClassName": "used"},
            },
        )
        for name in ("idle", "used"):
            await c.api.delete(kind, "", name)
        await c.until(lambda: c.names(kind, "") == ["used"], "the idle one is gone")
        await c.api.delete("persistentvolumeclaims", "default", "c")
        await c.until(lambda: not c.names(kind, ""), "nobody names the other")


async def test_endpoints_written_by_hand_stay_without_a_service() -> None:
    async with cluster("workloads") as c:
        port = [{"port": 80}]
        for name in ("made", "by-hand"):
            head = {"name": name, "namespace": "default"}
            service = {"apiVersion": "v1", "kind": "Service", "metadata": head}
            if name == "made":
                await c.create("services", {**service, "spec": {"selector": {"app": "x"}, "ports": port}})
            else:
                await c.create("endpoints", {"apiVersion": "v1", "kind": "Endpoints", "metadata": head})
        await c.until(lambda: c.names("endpoints") == ["by-hand", "made"], "both are there")
        await c.api.delete("services", "default", "made")
        await c.until(lambda: c.names("endpoints") == ["by-hand"], "only those of the service are gone")


def _stateful() -> dict[str, Any]:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    base = deployment("db", 2)
    base["kind"] = "StatefulSet"
    base["spec"].update(serviceName="db", volumeClaimTemplates=[claim])
    return base


async def test_a_job_completes_and_one_that_fails_says_so() -> None:
    async with cluster("workloads") as c:
        await c.create("jobs.batch", _job("good", run_for="0.05s"))
        await c.create("jobs.batch", _job("bad", run_for="0.05s", exit_code="1"))
        await c.until(lambda: _condition(c, "jobs.batch", "good", "Complete").get("status") == "True", "complete")
        await c.until(lambda: _condition(c, "jobs.batch", "bad", "Failed").get("status") == "True", "failed")
        assert _status(c, "jobs.batch", "good")["succeeded"] == 1
        assert _condition(c, "jobs.batch", "bad", "Failed")["reason"] == "BackoffLimitExceeded"


def _job(name: str, **knobs: str) -> dict[str, Any]:
    template = {"metadata": {}, "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"backoffLimit": 0, "template": template},
    }
    return _annotate(job, **knobs)


async def test_a_bare_pod_that_is_not_restarted_ends() -> None:
    async with cluster("workloads") as c:
        spec = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}
        meta = {"name": "once", "namespace": "default", "annotations": {PREFIX + "run-for": "0.05s"}}
        await c.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
        await c.until(lambda: _status(c, "pods", "once").get("phase") == "Succeeded", "the pod has ended")


async def test_a_service_gets_the_ready_pods_as_endpoints() -> None:
    async with cluster("workloads") as c:
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], "type": "LoadBalancer"},
        }
        await c.create("services", service)
        await c.create("deployments.apps", deployment("web", 2))

        def addresses() -> int:
            slices = [
                s
                for s in c.api.list("endpointslices.discovery.k8s.io", "default")
                if s["metadata"]["name"] != "kubernetes"
            ]
            return sum(e["conditions"]["ready"] for s in slices for e in s.get("endpoints") or ())

        await c.until(lambda: addresses() == 2, "two ready endpoints")
        assert _status(c, "services", "web")["loadBalancer"]["ingress"]


async def test_a_daemonset_puts_one_pod_on_the_node_and_a_pending_pod_says_why() -> None:
    async with cluster("workloads") as c:
        daemon = deployment("agent", 1)
        daemon["kind"] = "DaemonSet"
        del daemon["spec"]["replicas"]
        await c.create("daemonsets.apps", daemon)
        await c.until(lambda: _status(c, "daemonsets.apps", "agent").get("numberReady") == 1, "one ready")
        await c.create("deployments.apps", _annotate(deployment("stuck", 1), pending="true"))

        def reasons() -> set[str]:
            pods = [p for p in c.api.list("pods", "default") if p["metadata"]["name"].startswith("stuck")]
            return {x.get("reason", "") for p in pods for x in (p.get("status") or {}).get("conditions") or ()}

        await c.until(lambda: "Unschedulable" in reasons(), "the pending pod says that it cannot be scheduled")


async def test_an_orphaned_replicaset_is_taken_over_by_a_deployment_of_the_same_kind() -> None:
    async with cluster("workloads", "gc") as c:
        await c.create("deployments.apps", deployment("web", 2))
        await c.until(lambda: _complete(c, "web", 2), "up")
        before = c.names("pods")
        await c.api.delete("deployments.apps", "default", "web", propagation="Orphan")
        await c.until(lambda: c.api.get("deployments.apps", "default", "web") is None, "the deployment is gone")
        await c.create("deployments.apps", deployment("web", 2))
        await c.until(lambda: _complete(c, "web", 2), "adopted")
        assert c.names("pods") == before
