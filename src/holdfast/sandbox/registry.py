"""Objects by resource: every operation of the API, on Python data, whoever asks (HTTP or a controller of ours).

In: a ``Call``, a resource, a key and data; out: finished objects as the API shows them in the resource's version.
Refusals are ``StatusError``. Synchronous throughout, so that each operation is atomic.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import Any, Final

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import custom_resource
from holdfast.sandbox import gotext, hooks, owners, seams, status, strategy
from holdfast.sandbox.apply import copied
from holdfast.sandbox.context import Call, Clock
from holdfast.sandbox.conversion import from_storage, to_storage
from holdfast.sandbox.resources import Catalog, Resource
from holdfast.sandbox.store import Key, Record, Store
from holdfast.sandbox.tokens import TokenIssuer

Transform = Callable[[Manifest | None], Manifest]
"""From the present object (a copy; None when there is none) to the wanted one."""

_SUFFIX_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_PREFIX: Final = 58


class Registry:
    def __init__(self, store: Store, catalog: Catalog, clock: Clock) -> None:
        self.store = store
        self.catalog = catalog
        self.clock = clock
        self.issuer = TokenIssuer()
        self.hooks = hooks.Hooks()
        self.authorizer: Any = None
        """An ``auth.attributes.Authorizer``, given by ``machine``: authorisation knows the registry, not the other way round."""
        self._shapes: dict[Resource, Any] = {}

    # --- reading ---

    def show(self, resource: Resource, record: Record) -> Manifest:
        """The object in the resource's version."""
        return from_storage(resource, record)

    def find(self, resource: Resource, key: Key) -> Record | None:
        return self.store.table(resource.storage).get(key)

    def get(self, resource: Resource, key: Key) -> Manifest:
        record = self.find(resource, key)
        if record is None:
            raise status.not_found(resource.plural, resource.group, key[1])
        return self.show(resource, record)

    # --- creating ---

    def create(self, call: Call, resource: Resource, namespace: str, obj: Manifest) -> Manifest:
        """``obj`` is decoded and defaulted; its metadata may lack a namespace."""
        meta = obj["metadata"]
        for field in ("deletionTimestamp", "deletionGracePeriodSeconds"):
            meta.pop(field, None)
        strategy.reset(resource, obj, None, "")
        obj = self.track(call, resource, None, obj, "")
        return self.create_tracked(call, resource, namespace, obj, str(meta.get("name") or ""))

    def create_tracked(
        self, call: Call, resource: Resource, namespace: str, obj: Manifest, name: str, *, applied: bool = False
    ) -> Manifest:
        """The part of a create that server-side apply shares: ownership is settled already.

        ``applied``: the object was applied, and then a deletionTimestamp in it stays, odd as that is.
        """
        meta = obj["metadata"]
        if resource.namespaced:
            meta["namespace"] = namespace
        else:
            meta.pop("namespace", None)
        self.hooks.place(call, resource, obj)
        if not name and meta.get("generateName"):
            meta["name"] = name = str(meta["generateName"])[:_LONGEST_PREFIX] + _suffix()
        self.hooks.mutate(call, resource, "CREATE", obj, None)
        owners.deduplicate(obj, call.warn, after_admission=True)
        self._system_fields(call, resource, meta, applied=applied)
        self.hooks.prepare(call, resource, obj, None)
        errors = self.hooks.validate_create(call, resource, obj)
        if errors:
            raise status.invalid(
                _error_kind(resource, obj), _error_group(resource), str(meta.get("name") or ""), errors
            )
        for text in seams.kind_warnings(resource.gvk, obj) if not resource.crd else ():
            call.warn(text)
        self.hooks.admit(call, resource, "CREATE", obj, None)
        return self._insert(call, resource, (namespace if resource.namespaced else "", meta["name"]), obj)

    def _insert(self, call: Call, resource: Resource, key: Key, obj: Manifest) -> Manifest:
        """The storage's part. It alone minds a revision that was sent, and a dry run shows it unminded."""
        sent = str(obj["metadata"].get("resourceVersion") or "0")
        if sent != "0" and sent.isdecimal() and not call.dry_run:
            raise status.untyped("resourceVersion should not be set on objects to be created")
        existing = self.find(resource, key)
        if existing is not None:
            terminating = existing.load()["metadata"].get("deletionTimestamp")
            prefix = "object is being deleted: " if terminating else ""
            error = status.already_exists(resource.plural, resource.group, key[1], prefix)
            if obj["metadata"].get("generateName"):
                error.message += ", the server was not able to generate a unique name for the object"
                error.details = {**(error.details or {}), "retryAfterSeconds": 1}
            raise error
        seams.write_zeros(resource, obj)
        revision = obj["metadata"].pop("resourceVersion", None)
        if call.dry_run:
            if revision:
                obj["metadata"]["resourceVersion"] = revision
            return obj
        record = self.store.create(resource.storage, key, to_storage(resource, obj), resource.version)
        self.hooks.written(resource, record)
        return self.show(resource, record)

    def _system_fields(self, call: Call, resource: Resource, meta: Manifest, *, applied: bool) -> None:
        for field in ("selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"):
            if not applied or field != "deletionTimestamp":
                meta.pop(field, None)
        meta["uid"] = str(uuid.uuid4())
        meta["creationTimestamp"] = call.stamp
        if strategy.has_generation(resource):
            meta["generation"] = 1

    # --- updating ---

    def update(
        self,
        call: Call,
        resource: Resource,
        key: Key,
        transform: Transform,
        *,
        subresource: str = "",
        create: bool = False,
        tracked: bool = False,
    ) -> tuple[Manifest, bool]:
        """Replaces the object by what ``transform`` makes of it; tells whether it was created.

        ``create``: whether an absent object may be made. ``tracked``: whether ``transform`` settled field ownership itself.
        """
        existing = self.find(resource, key)
        if existing is None:
            if not create:
                raise status.not_found(resource.plural, resource.group, key[1])
            return self._create_by_put(call, resource, key, transform(None)), True
        old = self.show(resource, existing)
        new = transform(copied(old))
        if not tracked:
            strategy.reset(resource, new, old, subresource)
            # An assignment to a node is nobody's field.
            new = new if subresource == "binding" else self.track(call, resource, old, new, subresource)
        else:
            strategy.reset(resource, new, old, subresource)
        self.hooks.mutate(call, resource, "UPDATE", new, old, subresource)
        owners.deduplicate(new, call.warn, after_admission=True)
        self._check_identity(resource, key, new, existing)
        self._prepare_update(call, resource, new, old, subresource)
        self.hooks.admit(call, resource, "UPDATE", new, old, subresource)
        return self._replace(call, resource, key, existing, old, new, subresource), False

    def _create_by_put(self, call: Call, resource: Resource, key: Key, obj: Manifest) -> Manifest:
        obj["metadata"].pop("resourceVersion", None)
        return self.create(call, resource, key[0], obj)

    def _check_identity(self, resource: Resource, key: Key, new: Manifest, existing: Record) -> None:
        meta = new["metadata"]
        uid = meta.get("uid")
        if uid and uid != existing.uid:
            where = "/".join(p for p in ("/registry", resource.storage, *key) if p)
            why = (
                f"StorageError: invalid object, Code: 4, Key: {where}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: UID in precondition: {uid}, UID in object meta: {existing.uid}"
            )
            raise status.conflict(resource.plural, resource.group, key[1], why)
        revision = str(meta.get("resourceVersion") or "")
        if revision in ("", "0"):
            if strategy.needs_revision(resource):
                errors = [status.invalid_value("metadata.resourceVersion", 0, "must be specified for an update")]
                raise status.invalid(resource.plural, resource.group, key[1], errors)
        elif not revision.isdecimal():
            raise status.untyped(f"strconv.ParseUint: parsing {gotext.quote(revision)}: invalid syntax")
        elif revision != str(existing.revision):
            raise status.conflict(resource.plural, resource.group, key[1])

    def _prepare_update(self, call: Call, resource: Resource, new: Manifest, old: Manifest, subresource: str) -> None:
        meta, before = new["metadata"], old["metadata"]
        for field in ("uid", "creationTimestamp", "selfLink"):
            if not meta.get(field) or field == "creationTimestamp":
                _copy(meta, before, field)
        _copy(meta, before, "generation")
        for field in ("deletionTimestamp", "deletionGracePeriodSeconds"):
            if meta.get(field) is None:
                _copy(meta, before, field)
        self.hooks.prepare(call, resource, new, old, subresource)
        counted = strategy.counts_updates(resource)
        moved = counted and subresource not in ("status", "binding") and strategy.moved(resource, new, old)
        if moved:
            meta["generation"] = int(before.get("generation") or 0) + 1
        errors = self.hooks.validate_update(call, resource, new, old, subresource)
        if errors:
            raise status.invalid(
                _error_kind(resource, new), _error_group(resource), str(meta.get("name") or ""), errors
            )
        warns = not resource.crd and not subresource and (moved or not counted)
        for text in seams.kind_warnings(resource.gvk, new) if warns else ():
            call.warn(text)

    def _replace(
        self, call: Call, resource: Resource, key: Key, existing: Record, old: Manifest, new: Manifest, subresource: str
    ) -> Manifest:
        del subresource
        seams.write_zeros(resource, new)
        new["metadata"]["resourceVersion"] = str(existing.revision)
        if _same(new, old):
            return old
        if call.dry_run:
            return new
        if _finished(resource, new, old):
            # The write answers with the object as it would have been; watchers see the last one that was stored.
            gone = self.store.delete(resource.storage, key)
            self.hooks.written(resource, gone)
            return {**new, "metadata": {**new["metadata"], "resourceVersion": str(gone.revision)}}
        record = self.store.update(resource.storage, key, to_storage(resource, new), resource.version)
        self.hooks.written(resource, record)
        return self.show(resource, record)

    def track(self, call: Call, resource: Resource, old: Manifest | None, new: Manifest, subresource: str) -> Manifest:
        return seams.track_update(
            resource,
            old,
            new,
            manager=call.manager,
            subresource=subresource,
            now=call.stamp,
            shape=self.shape(resource),
            versions=self.versions(resource),
        )

    # --- schemas ---

    def shape(self, resource: Resource) -> Any:
        """The schema that says how lists merge and who owns what."""
        if not resource.crd:
            return seams.schema(resource)
        if resource not in self._shapes:
            self._shapes = {r: s for r, s in self._shapes.items() if r.crd != resource.crd}
            self._shapes[resource] = seams.schema(resource)
        return self._shapes[resource]

    def versions(self, resource: Resource) -> Callable[[str], Any]:
        """Finds the schema of the resource's kind in another apiVersion; None when that is not there."""

        def find(api_version: str) -> Any:
            gvk = GroupVersionKind.parse(api_version, resource.kind)
            other = self.catalog.by_kind(gvk)
            if other is not None:
                return self.shape(other)
            return self._unserved(resource, gvk) if resource.crd else None

        return find

    def _unserved(self, resource: Resource, gvk: GroupVersionKind) -> Any:
        """The schema of a version that a definition lists but does not serve; objects may still name it."""
        record = self.store.table("apiextensions.k8s.io/customresourcedefinitions").get(("", resource.crd))
        for version in record.load()["spec"]["versions"] if record and gvk.group == resource.group else ():
            if version["name"] == gvk.version:
                return custom_resource((version.get("schema") or {}).get("openAPIV3Schema"))
        raise status.untyped(f"request to convert CR to an invalid group/version: {gvk.api_version}")


def _copy(meta: Manifest, before: Manifest, field: str) -> None:
    if field in before:
        meta[field] = before[field]
    else:
        meta.pop(field, None)


def _finished(resource: Resource, new: Manifest, old: Manifest) -> bool:
    """Whether this write takes away the last thing that kept a deleted object."""
    meta = new["metadata"]
    if not meta.get("deletionTimestamp") or meta.get("finalizers"):
        return False
    if resource.kind == "Namespace" and not resource.group and (new.get("spec") or {}).get("finalizers"):
        return False
    return not old["metadata"].get("deletionGracePeriodSeconds")


def _same(new: Manifest, old: Manifest) -> bool:
    """Equal but for the times of managedFields entries: such a write is none."""
    if new == old:
        return True
    if not new["metadata"].get("managedFields"):
        return False
    return _timeless(new) == _timeless(old)


def _timeless(obj: Manifest) -> Manifest:
    meta = dict(obj["metadata"])
    entries: list[Any] = meta.get("managedFields") or []
    meta["managedFields"] = [{k: v for k, v in e.items() if k != "time"} for e in entries]
    return {**obj, "metadata": meta}


def _error_kind(resource: Resource, obj: Manifest) -> str:
    """A custom resource is named by what it says it is, even where that is what is wrong."""
    return str(obj.get("kind") or resource.kind) if resource.crd else resource.kind


def _error_group(resource: Resource) -> str:
    """Events are refused in the core group's name through both of their groups."""
    return resource.storage_group if resource.kind == "Event" else resource.group


def _suffix() -> str:
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(5))
