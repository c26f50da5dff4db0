"""What becomes of changes that others make to managed objects: put right, told, or left alone."""

from __future__ import annotations

from typing import Any

from harness import World, status

from holdfast.app.explain import explain
from holdfast.cluster.client import PatchType
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.safety import DRIFT

FILES = {
    f"a/{n}.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {n}}}\ndata: {{a: '1'}}\n"
    for n in ("one", "two", "three")
}


def of(here: World, name: str) -> ObjectRef:
    return ObjectRef("", "ConfigMap", here.namespace, name)


def drifted(obj: Manifest | None) -> str:
    found = (c for c in status(obj).get("conditions") or () if c["type"] == "Drifted")
    return str(next(found, {"message": ""})["message"])


def data(obj: Manifest | None) -> Any:
    return (obj or {}).get("data")


async def deliver(here: World, mode: str) -> None:
    await here.declare(path="a", annotations={DRIFT: mode})
    await here.until_ready(await here.commit(FILES))


async def change(here: World, name: str) -> None:
    await here.client.patch(of(here, name), {"data": {"a": "2"}}, PatchType.MERGE, manager="rival")


async def event(here: World, reason: str, part: str) -> Manifest:
    """The event about the unit, once it is there."""
    resource = await here.client.resource(GroupVersionKind("", "v1", "Event"))
    listed = await here.client.list_resource(resource, here.namespace)

    def wanted(obj: Manifest) -> bool:
        return obj.get("reason") == reason and part in str(obj.get("message"))

    found = next((o for o in listed.items if wanted(o)), None)
    if found is not None:
        return found
    async for told in here.client.watch(resource, here.namespace, resource_version=listed.resource_version):
        if wanted(told.object):
            return told.object
    raise AssertionError(f"nobody told {reason} with {part!r}")


async def test_warn_tells_who_changed_what_and_writes_nothing(here: World) -> None:
    await deliver(here, "warn")
    await change(here, "one")
    found = await here.until(here.unit(), lambda o: "one" in drifted(o))
    assert f"ConfigMap/{here.namespace}/one was changed by rival at 20" in drifted(found)
    await here.client.delete(of(here, "two"))
    found = await here.until(here.unit(), lambda o: "two was deleted" in drifted(o))
    assert data(await here.get(of(here, "one"))) == {"a": "2"}
    assert await here.get(of(here, "two")) is None
    assert (await event(here, "DriftDetected", "two was deleted"))["type"] == "Warning"
    assert any("Drift is told" in s for s in await explain(here.client, found or {}, now=0.0))


async def test_a_new_revision_changes_what_it_changes_and_leaves_other_drift(here: World) -> None:
    await deliver(here, "warn")
    await change(here, "one")
    await change(here, "two")
    await here.until(here.unit(), lambda o: "one" in drifted(o) and "two" in drifted(o))
    newer = {**FILES, "a/one.yaml": FILES["a/one.yaml"].replace("'1'", "'3'")}
    found = await here.until_ready(await here.commit(newer))
    assert data(await here.get(of(here, "one"))) == {"a": "3"}
    assert data(await here.get(of(here, "two"))) == {"a": "2"}
    assert "one" not in drifted(found)
    assert "two" in drifted(found)


async def test_drift_that_is_left_is_put_right_when_the_unit_says_so_again(here: World) -> None:
    await deliver(here, "warn")
    await change(here, "one")
    await change(here, "three")
    await here.until(here.unit(), lambda o: "one" in drifted(o) and "three" in drifted(o))
    body = {"metadata": {"annotations": {DRIFT: "enabled"}}}
    await here.client.patch(here.unit(), body, PatchType.MERGE, manager="somebody")
    await here.until(of(here, "one"), lambda o: data(o) == {"a": "1"})
    await here.until(of(here, "three"), lambda o: data(o) == {"a": "1"})


async def test_disabled_says_nothing_and_writes_nothing(here: World) -> None:
    await deliver(here, "disabled")
    await change(here, "one")
    newer = {**FILES, "a/two.yaml": FILES["a/two.yaml"].replace("'1'", "'3'")}
    found = await here.until_ready(await here.commit(newer))
    assert data(await here.get(of(here, "one"))) == {"a": "2"}
    assert drifted(found) == ""


async def test_a_correction_names_who_made_it_necessary(here: World) -> None:
    await deliver(here, "enabled")
    await change(here, "one")
    await here.until(of(here, "one"), lambda o: data(o) == {"a": "1"})
    told = await event(here, "Progressing", "/one configured")
    note = told["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/drift"]
    assert note.startswith(f"ConfigMap/{here.namespace}/one was changed by rival at 20")
    live = await here.get(of(here, "one"))
    assert live is not None
    assert any(
        "was changed by rival at 20" in s and "put right" in s for s in await explain(here.client, live, now=0.0)
    )
