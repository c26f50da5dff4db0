"""What a Helm release may lose at once: with the guard nothing is lost, without it Helm's rules are all there is.

Each scenario runs twice; the second run loses what was in danger, which proves the first.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Sandbox
from releases import ReleaseWorld, release_world

from holdfast.cluster.client import PatchType, Selectors
from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.safety import ALLOW_PRUNE, Safety

pytestmark = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "as-helm"])
CONFIG_MAPS = GroupVersionKind("", "v1", "ConfigMap")
MAPS = """{{- range $n := until (int .Values.count) }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "c{{ $n }}"}
{{- end }}
"""
CLAIM = """{{- if .Values.claim }}
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
{{- end }}
"""
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
    "chart/values.yaml": "count: 14\nclaim: true\n",
    "chart/templates/maps.yaml": MAPS,
    "chart/templates/claim.yaml": CLAIM,
}


async def maps(here: ReleaseWorld) -> int:
    """How many ConfigMaps of the release there are."""
    ours = Selectors(labels="helm.toolkit.fluxcd.io/name=app")
    return len((await here.client.list(CONFIG_MAPS, here.namespace, ours)).items)


async def consent(here: ReleaseWorld, message: str) -> None:
    """Does what the message says."""
    revision = message.partition(f"{ALLOW_PRUNE}=")[2].split(" ")[0]
    assert revision, message
    body = {"metadata": {"annotations": {ALLOW_PRUNE: revision}}}
    await here.client.patch(here.release(), body, PatchType.MERGE, version="v2", manager="somebody")


async def test_an_upgrade_that_drops_most_objects_waits_for_consent(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    async with release_world(sandbox, tmp_path, safety=Safety(guarded=guarded)) as here:
        await here.commit(CHART)
        await here.declare(values={"claim": False})
        await here.until_ready()
        await here.declare(values={"claim": False, "count": 2})
        if guarded:
            message = await here.until_reason("UpgradeFailed")
            assert "12 of 14 objects are not in app-1.0.0@sha256:" in message
            assert await maps(here) == 14
            assert await here.records() == {1: "deployed"}
            await consent(here, message)
        await here.until_ready()
        assert await maps(here) == 2


async def test_a_small_change_of_a_release_needs_no_consent(sandbox: Sandbox, tmp_path: Path, guarded: bool) -> None:
    async with release_world(sandbox, tmp_path, safety=Safety(guarded=guarded)) as here:
        await here.commit(CHART)
        await here.declare(values={"claim": False})
        await here.until_ready()
        await here.declare(values={"claim": False, "count": 7})
        await here.until_ready()
        assert await maps(here) == 7


async def test_a_release_that_is_deleted_by_hand_stays_until_somebody_agrees(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    async with release_world(sandbox, tmp_path, safety=Safety(guarded=guarded)) as here:
        await here.commit(CHART)
        ref = await here.declare(values={"claim": False})
        await here.until_ready()
        await here.client.delete(ref)
        if guarded:
            message = await here.until_reason("PruneHeld")
            assert "with HelmRelease/app 14 of 14 objects would be deleted" in message
            assert await maps(here) == 14
            await consent(here, message)
        await here.until(ref, lambda o: o is None)
        assert await maps(here) == 0


async def test_a_release_that_moves_to_another_namespace_by_mistake_is_not_uninstalled(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """helm-controller #864: a release was uninstalled because of its target namespace."""
    async with release_world(sandbox, tmp_path, safety=Safety(guarded=guarded)) as here:
        await here.commit(CHART)
        await here.declare(values={"claim": False})
        await here.until_ready()
        moved = {"storageNamespace": here.namespace, "targetNamespace": here.namespace, "releaseName": "other"}
        await here.declare(values={"claim": False, "count": 1}, **moved)
        if guarded:
            await here.until_reason("PruneHeld")
            assert await maps(here) == 14
            assert await here.records() == {1: "deployed"}
            await here.declare(values={"claim": False})
        await here.until_ready()
        assert await maps(here) == (14 if guarded else 1)


async def test_a_claim_with_data_outlives_its_template(sandbox: Sandbox, tmp_path: Path, guarded: bool) -> None:
    async with release_world(sandbox, tmp_path, safety=Safety(guarded=guarded)) as here:
        await here.commit(CHART)
        # Nobody binds claims here, so nobody waits for them.
        calm = {"install": {"disableWait": True}, "upgrade": {"disableWait": True}}
        await here.declare(values={"count": 1}, **calm)
        await here.until_ready()
        claim = ObjectRef("", "PersistentVolumeClaim", here.namespace, "data")
        body = {"spec": {"volumeName": "disk"}}
        await here.client.patch(claim, body, PatchType.MERGE, version="v1", manager="binder")
        await here.declare(values={"count": 1, "claim": False}, **calm)
        await here.until_ready()
        found = await here.client.list(GroupVersionKind("", "v1", "PersistentVolumeClaim"), here.namespace)
        left = [o for o in found.items if not o["metadata"].get("deletionTimestamp")]
        assert len(left) == (1 if guarded else 0)
        if guarded:
            assert await here.records() == {1: "superseded", 2: "deployed"}
