"""Managed fields through /scale: the replicas of an object are owned in two shapes, the object's own and that of a Scale.

In go the entries of an object and where its replicas are in each version; out come the entries as a Scale shows them, or the
object's entries after its Scale was written. Only the replicas are translated; everything else stays with the object.

Source of the rules: apimachinery ``managedfields.ScaleHandler``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from holdfast.kube import fieldset
from holdfast.kube.fieldset import Path
from holdfast.kube.ssa_managed import UPDATE, Manager, Managers, Owned, decode_entries, encode_entries

SCALE_VERSION: Final = "autoscaling/v1"
_IN_SCALE: Final = ("f:spec", "f:replicas")

ReplicasPaths = Mapping[str, Path | None]
"""By apiVersion of the object; None for a custom kind without replicas in that version."""


def replicas_path(dotted: str) -> Path:
    """Of ``.spec.replicas``, as a CRD's scale subresource writes it."""
    return tuple("f:" + name for name in dotted.removeprefix(".").split("."))


def scale_entries(entries: Any, paths: ReplicasPaths) -> list[dict[str, Any]]:
    """managedFields of the Scale of an object with these ``entries``."""
    out: Managers = {}
    for manager, owned in decode_entries(entries).items():
        path = paths.get(owned.version)
        if path is not None and fieldset.has(owned.fields, path):
            out[_in_version(manager, SCALE_VERSION)] = Owned(fieldset.of_path(*_IN_SCALE), SCALE_VERSION, owned.time)
    return encode_entries(out)


def parent_entries(entries: Any, scale: Any, version: str, paths: ReplicasPaths) -> list[dict[str, Any]]:
    """The object's managedFields after its Scale, whose own are ``scale``, was written through the object's ``version``.

    Who lost the replicas there loses them here; who gained them gets an entry of its own, without a time.
    """
    gained = {m: owned for m, owned in decode_entries(scale).items() if fieldset.has(owned.fields, _IN_SCALE)}
    out: Managers = {}
    for manager, owned in decode_entries(entries).items():
        if owned.version not in paths:
            continue
        path = paths[owned.version]
        owns = path is not None and fieldset.has(owned.fields, path)
        if path and owns and gained.pop(_in_version(manager, SCALE_VERSION), None) is None:
            owned = owned.with_fields(fieldset.difference(owned.fields, fieldset.of_path(*path)))
        if owned.fields:
            out[manager] = owned
    here = paths[version]
    for manager in gained:
        if here is not None:
            out[_in_version(manager, version)] = Owned(fieldset.of_path(*here), version)
    return encode_entries(out)


def _in_version(manager: Manager, version: str) -> Manager:
    return manager._replace(version=version) if manager.operation == UPDATE else manager
