"""The chapters. Each does something that a user would do, then watches the cluster until it has happened."""

from __future__ import annotations

import time
from pathlib import Path

from holdfast.base.errors import HoldfastError
from holdfast.cli.demo import files
from holdfast.cli.demo.console import Console
from holdfast.cli.demo.stage import Stage
from holdfast.cli.demo.watching import (
    DEPLOYMENT,
    KUSTOMIZATION,
    POD,
    SERVICE,
    NeverHappened,
    condition_of,
    ready,
    rolled_out,
    table,
    wait_for,
)
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.config import load
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

_CRD = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
STAGES = (("staging", 1), ("production", 3))


async def tell(stage: Stage, console: Console) -> str:
    """Returns what went wrong, or nothing."""
    try:
        console.title(
            "Holdfast", "Keeps Kubernetes clusters equal to Git. Nothing here needs a cluster, Docker or root."
        )
        _sandbox(stage, console)
        async with Client(load([Path(stage.kubeconfig)])) as client:
            teller = _Teller(stage, console, client)
            await teller.first_delivery()
            await teller.a_change()
            await teller.drift()
            await teller.a_mistake()
            await teller.rollback()
        console.done("That is GitOps: the cluster is what Git says, and Git says why.")
    except (NeverHappened, HoldfastError) as error:
        died = " (the controller has stopped)" if stage.controller_died() else ""
        return f"{error}{died}"
    return ""


def _sandbox(stage: Stage, console: Console) -> None:
    console.chapter("A Kubernetes API on this machine")
    started = time.monotonic()
    console.command(stage.start_sandbox())
    console.seen("The API server answers; kubectl, helm and flux may use it too", time.monotonic() - started)


class _Teller:
    def __init__(self, stage: Stage, console: Console, client: Client) -> None:
        self.stage, self.console, self.client = stage, console, client
        self._committed = time.monotonic()

    async def first_delivery(self) -> None:
        console, stage = self.console, self.stage
        console.chapter("A Git repository, and what follows it")
        stage.make_repository()
        console.command("git log --oneline --stat")
        console.output(stage.git("log", "--oneline", "--stat", "--format=%h %s"))
        console.command(stage.start_controller())
        console.command("kubectl apply -f shop.yaml   # one GitRepository, two Kustomizations")
        await self._apply(files.units(stage.repository.as_uri()))
        started = time.monotonic()
        head = stage.git("rev-parse", "HEAD").strip()
        for name, _ in STAGES:
            await wait_for(self.client, KUSTOMIZATION, "flux-system", name, ready(head), f"Kustomization {name} Ready")
            console.seen(f"Kustomization {name} is Ready at {head[:7]}", time.monotonic() - started)
        console.command("kubectl get kustomizations -A")
        console.table(await table(self.client, KUSTOMIZATION))
        console.command("kubectl get pods -n production")
        console.table(await table(self.client, POD, "production"))

    async def _apply(self, text: str) -> None:
        for document in yaml.load_all(text):
            await self._wait_kind(document.value)
            await self.client.apply(document.value, manager="kubectl", force=True)

    async def _wait_kind(self, obj: Manifest) -> None:
        """The controller has just been started; its resource definitions may take a moment."""
        name = {"GitRepository": "gitrepositories", "Kustomization": "kustomizations"}.get(obj["kind"])
        if name is not None:
            group = obj["apiVersion"].partition("/")[0]
            await wait_for(
                self.client,
                _CRD,
                "",
                f"{name}.{group}",
                lambda o: o is not None and condition_of(o, "Established").get("status") == "True",
                f"the definition of {obj['kind']}",
            )

    async def a_change(self) -> None:
        console, stage = self.console, self.stage
        console.chapter("A change is a commit")
        stage.write({f"apps/{name}/kustomization.yaml": files.overlay(name, n, "1.1.0") for name, n in STAGES})
        console.command("sed -i 's/newTag: 1.0.0/newTag: 1.1.0/' apps/*/kustomization.yaml")
        await self._commit("Shop 1.1.0")
        for name, replicas in STAGES:
            await self._rolled(name, "1.1.0", replicas)
        console.command("kubectl get deployments -n production")
        console.table(await table(self.client, DEPLOYMENT, "production"))

    async def _commit(self, message: str) -> None:
        self.console.command(f"git commit -am '{message}'")
        self.stage.git("commit", "--quiet", "--all", "--message", message)
        self._committed = time.monotonic()
        self.console.command(self.stage.reconcile())

    async def _rolled(self, namespace: str, tag: str, replicas: int) -> None:
        await wait_for(
            self.client, DEPLOYMENT, namespace, "web", rolled_out(f":{tag}", replicas), f"{namespace} runs {tag}"
        )
        self.console.seen(
            f"{namespace}: {replicas} of {replicas} replicas run shop:{tag}", time.monotonic() - self._committed
        )

    async def drift(self) -> None:
        console = self.console
        console.chapter("Drift is healed when it happens, not at the next poll")
        console.command("kubectl scale deployment web -n production --replicas=0")
        started = time.monotonic()
        where = ObjectRef("apps", "Deployment", "production", "web")
        await self.client.patch(
            where, {"spec": {"replicas": 0}}, PatchType.MERGE, subresource="scale", manager="kubectl"
        )
        await wait_for(
            self.client,
            DEPLOYMENT,
            "production",
            "web",
            lambda o: o is not None and o["spec"]["replicas"] == 3,
            "healed",
        )
        console.seen("production is back at 3 replicas, as Git says", time.monotonic() - started)
        console.command("kubectl delete service web -n production")
        old = await self.client.get(ObjectRef("", "Service", "production", "web"))
        started = time.monotonic()
        await self.client.delete(ObjectRef("", "Service", "production", "web"))
        uid = old["metadata"]["uid"]
        await wait_for(
            self.client,
            SERVICE,
            "production",
            "web",
            lambda o: o is not None and o["metadata"]["uid"] != uid,
            "recreated",
        )
        console.seen("the service is there again", time.monotonic() - started)

    async def a_mistake(self) -> None:
        console, stage = self.console, self.stage
        console.chapter("A broken commit breaks nothing")
        stage.write({"base/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web\n"})
        await self._commit("Oops")
        failed, _ = await wait_for(
            self.client,
            KUSTOMIZATION,
            "flux-system",
            "production",
            lambda o: o is not None and condition_of(o, "Ready").get("reason") in ("BuildFailed", "DependencyNotReady"),
            "the broken commit is reported",
        )
        staging = await self.client.get(ObjectRef(KUSTOMIZATION.group, "Kustomization", "flux-system", "staging"))
        assert failed is not None
        for obj in (staging, failed):
            condition = condition_of(obj, "Ready")
            console.bad(f"{obj['metadata']['name']}: {condition.get('reason')}: {condition.get('message')}")
        running, _ = await wait_for(
            self.client, DEPLOYMENT, "production", "web", rolled_out(":1.1.0", 3), "production keeps running"
        )
        assert running is not None
        console.seen("production still runs 3 of 3 replicas of shop:1.1.0")

    async def rollback(self) -> None:
        console, stage = self.console, self.stage
        console.chapter("Back is git revert")
        console.command("git revert --no-edit HEAD HEAD~1")
        stage.git("revert", "--no-edit", "HEAD", "HEAD~1")
        self._committed = time.monotonic()
        console.command(stage.reconcile())
        for name, replicas in STAGES:
            await self._rolled(name, "1.0.0", replicas)
        head = stage.git("rev-parse", "HEAD").strip()
        for name, _ in STAGES:
            await wait_for(self.client, KUSTOMIZATION, "flux-system", name, ready(head), f"Kustomization {name} Ready")
        console.command("kubectl get kustomizations -A")
        console.table(await table(self.client, KUSTOMIZATION))
        console.command("git log --oneline")
        console.output(stage.git("log", "--oneline"))
