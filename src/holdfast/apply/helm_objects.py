"""A release's objects against the cluster: created, updated and deleted as Helm 4 does it.

In: manifests as text. Out: objects with their place in the cluster, and errors in Helm's words. Objects of one kind go
together, kinds one after the other; an update goes through them one by one and deletes what is no longer wanted at the end.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

from holdfast.apply.errors import HelmActionError
from holdfast.apply.helm_log import HelmLog
from holdfast.apply.helm_merge import merged
from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import Conflict, NoMatch, NotFound
from holdfast.kube import fieldset, yaml
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

KEEP = "helm.sh/resource-policy"
MANAGED_BY = "app.kubernetes.io/managed-by"
RELEASE_NAME, RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_TOGETHER = 16
# Objects that are created at the same time meet in their quota; Helm tries this often.
_QUOTA = "Operation cannot be fulfilled on resourcequotas"
_QUOTA_PAUSES = (0.01, 0.01, 0.01, 0.01, 0.0)


@dataclass(frozen=True, slots=True)
class Resource:
    """One object and where it goes."""

    manifest: Manifest
    gvk: GroupVersionKind
    ref: ObjectRef

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Whatever the version: two versions of a kind are one object."""
        return self.gvk.group, self.gvk.kind, self.ref.namespace, self.ref.name

    def __str__(self) -> str:
        return f"{self.ref.namespace}/{self.ref.name} {self.gvk.group}/{self.gvk.version}, Kind={self.gvk.kind}"

    @property
    def quoted(self) -> str:
        return f'{self.gvk.kind} "{self.ref.name}" in namespace "{self.ref.namespace}"'


def kept_by_policy(resource: Resource) -> bool:
    """Any value of the annotation keeps it from being deleted: so it is with Helm."""
    return KEEP in ((resource.manifest.get("metadata") or {}).get("annotations") or {})


class Near(Protocol):
    """What an action asks of those it does not know."""

    def applied(self, desired: Manifest, live: Manifest) -> None:
        """The server now has ``live``, which is what ``desired`` wants."""
        ...

    def dropped(self, ref: ObjectRef) -> None:
        """The release does not have this object any more; it is about to be deleted."""
        ...

    async def ready(self, objects: Sequence[Resource], seconds: float, *, jobs: bool) -> None:
        """Returns when all are ready; raises a HoldfastError that names those which are not."""
        ...

    async def finished(self, objects: Sequence[Resource], seconds: float) -> None:
        """The same for hooks: Jobs and Pods have run to their end, all else exists."""
        ...

    async def gone(self, objects: Sequence[Resource], seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Mode:
    """How objects are written: server-side (``force`` takes fields over), replaced, or merged on our side.

    ``adopt_fields``: what our manager wrote without server-side apply becomes its own in that.
    """

    server_side: bool = True
    force: bool = False
    replace: bool = False
    three_way: bool = False
    adopt_fields: bool = False


@dataclass(slots=True)
class Written:
    created: list[Resource] = field(default_factory=list)
    updated: list[Resource] = field(default_factory=list)
    deleted: list[Resource] = field(default_factory=list)


class Objects:
    """One release's hands. ``namespace`` is where objects go that name none."""

    def __init__(self, client: Client, namespace: str, manager: str, near: Near, log: HelmLog, clock: Clock) -> None:
        self.client = client
        self.namespace = namespace
        self.near = near
        self.log = log
        self.clock = clock
        self._manager = manager

    # --- what is in a manifest

    async def build(self, text: str) -> list[Resource]:
        """Raises for what is no YAML and for kinds that the cluster does not serve."""
        found: list[Resource] = []
        errors: list[str] = []
        for obj in objects_in(text):
            try:
                found.append(await self.resource(obj))
            except NoMatch as error:
                errors.append(_unknown(obj, error))
        if errors:
            raise HelmActionError(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")
        return found

    async def resource(self, obj: Manifest) -> Resource:
        gvk = GroupVersionKind.of(obj)
        served = await self.client.resource(gvk)
        metadata = dict(obj.get("metadata") or {})
        if served.namespaced:
            metadata["namespace"] = metadata.get("namespace") or self.namespace
        else:
            metadata.pop("namespace", None)
        manifest = {**obj, "metadata": metadata}
        return Resource(manifest, gvk, ObjectRef.of(manifest))

    async def live(self, resource: Resource) -> Manifest | None:
        try:
            return await self.client.get(resource.ref, version=resource.gvk.version)
        except NotFound:
            return None

    # --- creating

    async def create(self, resources: Sequence[Resource], mode: Mode) -> None:
        """All of them are tried; the errors are told together."""
        if resources:
            self.log.say(f'creating resource(s): {{"resources":{len(resources)}}}')
        errors = await self._each(resources, lambda r: self._create(r, mode))
        if errors:
            raise HelmActionError("\n".join(errors))

    async def _each(self, resources: Sequence[Resource], do: Callable[[Resource], Awaitable[Any]]) -> list[str]:
        slots = asyncio.Semaphore(_TOGETHER)

        async def one(resource: Resource) -> str:
            async with slots:
                try:
                    await do(resource)
                except HoldfastError as error:
                    return error.message
            return ""

        errors: list[str] = []
        for _, group in groupby(resources, key=lambda r: r.gvk.kind):
            errors += await asyncio.gather(*(one(r) for r in group))
        return [e for e in errors if e]

    async def _create(self, resource: Resource, mode: Mode) -> None:
        if mode.server_side:
            await self._apply_new(resource, mode)
        else:
            live = await self.client.create(resource.manifest, manager=self._manager)
            self.near.applied(resource.manifest, live)
        self.log.say(f"Created resource via patch: {{{resource}}}")

    async def _apply_new(self, resource: Resource, mode: Mode) -> None:
        for pause in _QUOTA_PAUSES:
            try:
                await self._apply(resource, force=mode.force)
            except HelmActionError as error:
                if not pause or _QUOTA not in error.message:
                    raise
            else:
                return
            await self.clock.sleep(pause)

    async def _apply(self, resource: Resource, *, force: bool) -> None:
        try:
            live = await self.client.apply(resource.manifest, manager=self._manager, force=force, validation="Strict")
        except Conflict as error:
            raise HelmActionError(f"conflict occurred while applying object {resource}: {error.message}") from error
        except HoldfastError as error:
            raise HelmActionError(f"server-side apply failed for object {resource}: {error.message}") from error
        self.near.applied(resource.manifest, live)

    # --- updating

    async def update(
        self, originals: Sequence[Resource], targets: Sequence[Resource], mode: Mode, written: Written | None = None
    ) -> Written:
        """``written`` is filled as it goes on, so that a failure leaves what was done."""
        done = written if written is not None else Written()
        before = {r.identity: r for r in originals}
        self.log.say(f'checking resources for changes: {{"resources":{len(targets)}}}')
        errors: list[str] = []
        for target in targets:
            errors += await self._update(before.get(target.identity), target, mode, done)
        if errors:
            raise HelmActionError(" && ".join(errors))
        wanted = {r.identity for r in targets}
        errors = [e for r in originals if r.identity not in wanted for e in await self._drop(r, done)]
        if errors:
            raise HelmActionError(" && ".join(errors))
        return done

    async def _update(self, original: Resource | None, target: Resource, mode: Mode, done: Written) -> list[str]:
        """An object that cannot be created ends the update; one that cannot be changed is told at the end."""
        try:
            live = await self.live(target)
        except HoldfastError as error:
            raise HelmActionError(f"could not get information about the resource: {error.message}") from error
        if live is None:
            done.created.append(target)
            try:
                await self._create(target, mode)
            except HoldfastError as error:
                raise HelmActionError(f"failed to create resource: {error.message}") from error
            return []
        done.updated.append(target)
        try:
            await self._change(original, target, live, mode)
        except HoldfastError as error:
            return [error.message]
        return []

    async def _change(self, original: Resource | None, target: Resource, live: Manifest, mode: Mode) -> None:
        if mode.replace:
            await self._replace(target, live)
        elif mode.server_side:
            if mode.adopt_fields:
                await self._adopt_fields(target, live)
            await self._apply(target, force=mode.force)
        else:
            await self._merge(original.manifest if original else live, target, live, mode)

    async def _replace(self, target: Resource, live: Manifest) -> None:
        manifest = copy.deepcopy(target.manifest)
        manifest["metadata"]["resourceVersion"] = live["metadata"].get("resourceVersion")
        try:
            answer = await self.client.update(manifest, manager=self._manager, validation="Strict")
        except HoldfastError as error:
            raise HelmActionError(f"failed to replace object: {error.message}") from error
        self.near.applied(target.manifest, answer)

    async def _merge(self, original: Manifest, target: Resource, live: Manifest, mode: Mode) -> None:
        patch = merged(original, target.manifest, live, three_way=mode.three_way)
        if not patch:
            self.near.applied(target.manifest, live)
            return
        try:
            answer = await self.client.patch(
                target.ref, patch, PatchType.MERGE, version=target.gvk.version, manager=self._manager
            )
        except HoldfastError as error:
            raise HelmActionError(
                f'cannot patch "{target.ref.name}" with kind {target.gvk.kind}: {error.message}'
            ) from error
        self.near.applied(target.manifest, answer)

    async def _adopt_fields(self, target: Resource, live: Manifest) -> None:
        entries = adopted_entries(live, self._manager)
        if entries is None:
            return
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        await self.client.patch(
            target.ref, patch, PatchType.JSON, version=target.gvk.version, manager=self._manager, validation="Strict"
        )

    async def _drop(self, resource: Resource, done: Written) -> list[str]:
        try:
            live = await self.live(resource)
        except HoldfastError:
            return []
        if live is None or (live["metadata"].get("annotations") or {}).get(KEEP) == "keep":
            return []
        self.near.dropped(resource.ref)
        try:
            await self.client.delete(resource.ref, version=resource.gvk.version, propagation="Background")
        except NotFound:
            return []
        except HoldfastError as error:
            where = f"namespace={resource.ref.namespace}, name={resource.ref.name}, kind={resource.gvk.kind}"
            return [f"failed to delete resource {where}: {error.message}"]
        done.deleted.append(resource)
        return []

    # --- deleting

    async def delete(self, resources: Sequence[Resource], propagation: str = "Background") -> list[str]:
        """Returns the errors."""

        async def one(resource: Resource) -> None:
            try:
                await self.client.delete(resource.ref, version=resource.gvk.version, propagation=propagation)
            except NotFound:
                return

        for resource in resources:
            self.near.dropped(resource.ref)
            self.log.say(f"starting delete resource: {{{resource}}}")
        return await self._each(resources, one)


def objects_in(text: str) -> list[Manifest]:
    try:
        documents = [d.value for d in yaml.load_all(text)]
    except yaml.YAMLError as error:
        raise HelmActionError(f"error parsing: error converting YAML to JSON: {error.message}") from error
    return [o for d in documents for o in flat(d)]


def as_written(obj: Manifest) -> Resource:
    """An object of a kind that nobody serves: where it says it goes."""
    return Resource(obj, GroupVersionKind.of(obj), ObjectRef.of(obj))


def flat(value: Any) -> Iterable[Manifest]:
    """The object, or the items of a list object."""
    if not isinstance(value, dict):
        return
    if str(value.get("kind") or "").endswith("List") and isinstance(value.get("items"), list):
        for item in value["items"]:
            yield from flat(item)
    else:
        yield value


def _unknown(obj: Manifest, error: NoMatch) -> str:
    metadata = obj.get("metadata") or {}
    name, namespace = metadata.get("name") or "", metadata.get("namespace") or ""
    return (
        f'resource mapping not found for name: "{name}" namespace: "{namespace}" from "": {error.message}\n'
        "ensure CRDs are installed first"
    )


def owned(resource: Resource, name: str, namespace: str) -> Resource:
    """With the label and the annotations by which Helm knows its objects."""
    manifest = {**resource.manifest, "metadata": dict(resource.manifest.get("metadata") or {})}
    metadata = manifest["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), MANAGED_BY: "Helm"}
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        RELEASE_NAME: name,
        RELEASE_NAMESPACE: namespace,
    }
    return Resource(manifest, resource.gvk, resource.ref)


def foreign(live: Mapping[str, Any], name: str, namespace: str) -> str:
    """Why an object does not belong to the release; "" where it does."""
    metadata = live.get("metadata") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    found = [
        ("label", _required(labels, MANAGED_BY, "Helm")),
        ("annotation", _required(annotations, RELEASE_NAME, name)),
        ("annotation", _required(annotations, RELEASE_NAMESPACE, namespace)),
    ]
    told = "; ".join(f"{what} validation error: {problem}" for what, problem in found if problem)
    return f"invalid ownership metadata; {told}" if told else ""


def _required(values: Mapping[str, Any], key: str, wanted: str) -> str:
    if key not in values:
        return f'missing key "{key}": must be set to "{wanted}"'
    if values[key] != wanted:
        return f'key "{key}" must equal "{wanted}": current value is "{values[key]}"'
    return ""


def adopted_entries(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
    """The managed fields after what ``manager`` wrote by updates was joined to what it applied; None where it wrote none."""
    entries = list((live.get("metadata") or {}).get("managedFields") or ())
    updates = [e for e in entries if _is(e, manager, "Update")]
    if not updates:
        return None
    applied = [e for e in entries if _is(e, manager, "Apply")]
    first = (applied or updates)[0]
    fields = fieldset.decode(first.get("fieldsV1") or {})
    for entry in (*applied, *updates):
        fields = fieldset.union(fields, fieldset.decode(entry.get("fieldsV1") or {}))
    rest = [e for e in entries if e not in updates and e not in applied]
    return [*rest, {**first, "operation": "Apply", "fieldsV1": fieldset.in_order(fields)}]


def _is(entry: Mapping[str, Any], manager: str, operation: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == operation and not entry.get("subresource")
