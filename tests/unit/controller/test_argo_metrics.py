"""Metrics of applications and sets."""

from __future__ import annotations

import asyncio

from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.watches import Watches
from holdfast.controller.argo_metrics import ArgoMetrics
from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Metrics
from holdfast.kube.refs import ObjectRef


async def test_dashboards_of_argo_cd_find_what_they_look_for(flux: Client, namespace: str) -> None:
    ref = ObjectRef("argoproj.io", "Application", namespace, "a")
    meta = {"name": "a", "namespace": namespace}
    spec = {
        "project": "p",
        "source": {"repoURL": "https://Git/R.git", "path": "x"},
        "destination": {"server": "https://eu", "namespace": "web"},
        "syncPolicy": {"automated": {}},
    }
    await flux.create({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "spec": spec})
    made = {"generators": [], "template": {"metadata": {}, "spec": {"project": "p", "destination": {}}}}
    await flux.create({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": meta, "spec": made})
    metrics = Metrics()
    async with Watches(flux, namespace=namespace) as watches:
        manager = Manager(flux, watches, clock=SystemClock(), metrics=metrics)
        ArgoMetrics(manager)

        async def told(line: str) -> None:
            async with asyncio.timeout(100):
                while True:
                    if line.replace("{ns}", namespace) in metrics.text().splitlines():
                        return
                    await asyncio.sleep(0.02)

        await told(
            'argocd_app_info{namespace="{ns}",name="a",project="p",autosync_enabled="true",repo="https://git/r",'
            'dest_server="https://eu",dest_namespace="web",sync_status="Unknown",health_status="Unknown",operation=""} 1'
        )
        await told('argocd_appset_info{namespace="{ns}",name="a",resource_update_status="Unknown"} 1')
        await told('argocd_appset_owned_applications{namespace="{ns}",name="a"} 0')
        state = {"phase": "Succeeded", "finishedAt": "2024-01-01T00:00:00Z", "operation": {"sync": {}}}
        await flux.patch(ref, {"status": {"operationState": state}}, PatchType.MERGE)
        await told(
            'argocd_app_sync_total{namespace="{ns}",name="a",project="p",dest_server="https://eu",phase="Succeeded",'
            'dry_run="false"} 1'
        )
