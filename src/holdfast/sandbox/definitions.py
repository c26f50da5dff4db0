"""CustomResourceDefinitions at work: names are accepted, resources appear in the catalogue, and go with their definition.

In: every write of a definition; out: its status and the catalogue. Runs one step behind the write, as in a real server, so
the answer to a create still shows an empty status. Validation of definitions is elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from holdfast.kube.refs import Manifest
from holdfast.sandbox import deletion, status
from holdfast.sandbox.context import Call, Clock
from holdfast.sandbox.crds import FINALIZER, GROUP, approve, is_definition, is_true, resources_of, set_condition
from holdfast.sandbox.options import DeleteOptions
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import Record

log = logging.getLogger(__name__)


class Definitions:
    """The controllers that the API server itself runs for definitions."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._ending: set[str] = set()
        """Definitions that are being deleted."""
        self._clock = clock
        found = registry.catalog.lookup(GROUP, "v1", "customresourcedefinitions")
        assert found is not None
        self._resource = found
        registry.hooks.after.append(self._written)
        registry.hooks.mutating.append(self._refuse_while_ending)

    def settle_all(self) -> None:
        """At the start: everything that the store brought along is served again."""
        for record in list(self._registry.store.table(self._resource.storage).scan()):
            self._note(record)
            self.settle(record.key[1])

    def _written(self, resource: Resource, record: Record) -> None:
        if is_definition(resource):
            self._note(record)
            self._soon(record.key[1])
        elif resource.crd in self._ending:
            self._soon(resource.crd)

    def _note(self, record: Record) -> None:
        present = self._registry.find(self._resource, record.key) is not None
        if present and record.load()["metadata"].get("deletionTimestamp"):
            self._ending.add(record.key[1])
        else:
            self._ending.discard(record.key[1])

    def _refuse_while_ending(
        self, call: Call, resource: Resource, operation: str, new: Manifest | None, old: Manifest | None, sub: str
    ) -> None:
        """Nothing is created any more under a definition that is going away."""
        del call, old, sub
        if operation != "CREATE" or not resource.crd:
            return
        if resource.crd in self._ending:
            name = str(((new or {}).get("metadata") or {}).get("name") or "")
            why = "create not allowed while custom resource definition is terminating"
            raise status.forbidden(resource.plural, resource.group, name, why)

    def _soon(self, name: str) -> None:
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop().call_soon(self._settle_safely, name)

    def _settle_safely(self, name: str) -> None:
        try:
            self.settle(name)
        except Exception:
            log.exception("definition %s", name)

    def _find(self, name: str) -> Manifest | None:
        record = self._registry.find(self._resource, ("", name))
        return None if record is None else self._registry.show(self._resource, record)

    def settle(self, name: str) -> None:
        """Brings one definition's status and what is served in line with its spec."""
        crd = self._find(name)
        if crd is None:
            self._registry.catalog.set_custom(name, ())
            self._others(name)
            return
        call = Call(self._clock(), manager="kube-apiserver")
        if crd["metadata"].get("deletionTimestamp"):
            self._finish(call, name, crd)
            return
        self._accept_names(call, crd)
        approve(crd, call.stamp)
        crd = self._save(call, name, crd)
        self._registry.catalog.set_custom(name, resources_of(crd) if is_true(crd, "Established") else ())

    def _save(self, call: Call, name: str, crd: Manifest) -> Manifest:
        def transform(old: Manifest | None) -> Manifest:
            assert old is not None
            old["status"] = crd["status"]
            return old

        saved, _ = self._registry.update(call, self._resource, ("", name), transform, subresource="status")
        return saved

    # --- names ---

    def _accept_names(self, call: Call, crd: Manifest) -> None:
        wanted, state = crd["spec"]["names"], crd.setdefault("status", {})
        accepted = dict(state.get("acceptedNames") or {})
        problems = self._conflicts(crd)
        taken = {field for field, _, _ in problems}
        for field in ("plural", "singular", "shortNames", "kind", "listKind", "categories"):
            if field in taken:
                continue
            if wanted.get(field):
                accepted[field] = wanted[field]
            else:
                accepted.pop(field, None)
        state["acceptedNames"] = {"plural": "", "kind": "", **accepted}
        stamp = call.stamp
        if problems:
            _, reason, message = problems[-1]
            set_condition(crd, stamp, "NamesAccepted", "False", reason, message)
            if not is_true(crd, "Established"):
                set_condition(crd, stamp, "Established", "False", "NotAccepted", "not all names are accepted")
            return
        set_condition(crd, stamp, "NamesAccepted", "True", "NoConflicts", "no conflicts found")
        if not is_true(crd, "Established"):
            set_condition(
                crd, stamp, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted"
            )

    def _conflicts(self, crd: Manifest) -> list[tuple[str, str, str]]:
        """Field, reason and message of each name that another definition of the group holds."""
        words, kinds = self._taken(crd)
        names = crd["spec"]["names"]
        found: list[tuple[str, str, str]] = []
        if names["plural"] in words:
            found.append(("plural", "PluralConflict", f'"{names["plural"]}" is already in use'))
        if names.get("singular") in words:
            found.append(("singular", "SingularConflict", f'"{names["singular"]}" is already in use'))
        short = [s for s in names.get("shortNames") or () if s in words]
        if short:
            found.append(("shortNames", "ShortNamesConflict", ", ".join(f'"{s}" is already in use' for s in short)))
        if names["kind"] in kinds:
            found.append(("kind", "KindConflict", f'"{names["kind"]}" is already in use'))
        if names.get("listKind") in kinds:
            found.append(("listKind", "ListKindConflict", f'"{names["listKind"]}" is already in use'))
        return found

    def _taken(self, crd: Manifest) -> tuple[set[str], set[str]]:
        words: set[str] = set()
        kinds: set[str] = set()
        for record in self._registry.store.table(self._resource.storage).scan():
            other = record.load()
            if record.key[1] == crd["metadata"]["name"] or other["spec"]["group"] != crd["spec"]["group"]:
                continue
            names = (other.get("status") or {}).get("acceptedNames") or {}
            words |= {n for n in (names.get("plural"), names.get("singular"), *(names.get("shortNames") or ())) if n}
            kinds |= {n for n in (names.get("kind"), names.get("listKind")) if n}
        return words, kinds

    def _others(self, gone: str) -> None:
        """A definition that went may have freed names others wait for."""
        for record in list(self._registry.store.table(self._resource.storage).scan()):
            if record.key[1] != gone and not is_true(record.load(), "NamesAccepted"):
                self._soon(record.key[1])

    # --- deletion ---

    def _finish(self, call: Call, name: str, crd: Manifest) -> None:
        if FINALIZER not in (crd["metadata"].get("finalizers") or ()):
            return
        left = self._delete_instances(call, crd)
        if left:
            text = "CustomResource deletion is in progress"
            set_condition(crd, call.stamp, "Terminating", "True", "InstanceDeletionInProgress", text)
            self._save(call, name, crd)
            return

        if crd["metadata"]["finalizers"] != [FINALIZER]:
            # Somebody else keeps the definition, and is told how far it got.
            set_condition(crd, call.stamp, "Terminating", "False", "InstanceDeletionCompleted", "removed all instances")
            self._save(call, name, crd)

        def transform(old: Manifest | None) -> Manifest:
            assert old is not None
            old["metadata"]["finalizers"] = [f for f in old["metadata"]["finalizers"] if f != FINALIZER]
            return old

        self._registry.update(call, self._resource, ("", name), transform)

    def _delete_instances(self, call: Call, crd: Manifest) -> int:
        served = resources_of(
            {**crd, "spec": {**crd["spec"], "versions": [{**v, "served": True} for v in crd["spec"]["versions"]]}}
        )
        resource = next(r for r in served if r.version == r.storage_version)
        table = self._registry.store.table(resource.storage)
        for record in list(table.scan()):
            if not record.load()["metadata"].get("deletionTimestamp"):
                deletion.delete(self._registry, call, resource, record.key, DeleteOptions())
        return len(table)
