"""Custom objects through one version of their definition: the functions that the registry calls.

In: the version's part of a definition (``{"name", "schema", ...}``) and objects. Out: objects decoded, pruned, defaulted; field errors; warnings.
Never: storage, HTTP.
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox import gotext, status
from holdfast.sandbox.crd import embedded, scale_rules, values
from holdfast.sandbox.crd.outcome import Outcome
from holdfast.sandbox.crd.structural import Node, Path, apply_defaults, drop_nulls, prune
from holdfast.sandbox.kinds import metadata, names
from holdfast.sandbox.kinds.decode import DecodeError, Mismatch, dotted, duplicates, read_struct
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.gotypes import Type, struct_of
from holdfast.sandbox.status import FieldError

_BLOCKING = {status.NOT_SUPPORTED, status.REQUIRED, status.TOO_LONG, status.TOO_MANY, status.TYPE_INVALID}
_SKIPPED = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"
_ROOT = {"apiVersion", "kind", "metadata"}
_cache: dict[int, tuple[Any, Node]] = {}
_CACHE_SIZE = 512


def compiled(version: Manifest) -> Node:
    """The compiled schema of a definition's version; the same data gives the same node."""
    found = _cache.get(id(version))
    if found is None or found[0] is not version:
        if len(_cache) >= _CACHE_SIZE:
            _cache.clear()
        schema = (version.get("schema") or {}).get("openAPIV3Schema") or {"x-kubernetes-preserve-unknown-fields": True}
        found = _cache[id(version)] = version, Node(schema)
    return found[1]


def _meta_type() -> Type:
    struct = struct_of(GroupVersionKind("", "v1", "ConfigMap"))
    assert struct is not None
    return struct.fields["metadata"].type


def decode(
    version: Manifest, kind: str, obj: Manifest, mode: str, raw: bytes | None, *, merged: bool = False
) -> list[str]:
    """Metadata read as usual, unknown fields dropped, defaults filled; answers the warnings.

    ``merged`` objects come from server-side apply, not from a body: their nulls are meant and stay.
    """
    problems = duplicates(raw) if raw and mode != "Ignore" else []
    unknown: list[Path] = []
    meta = obj.get("metadata")
    if meta is None:
        obj["metadata"] = {}
    else:
        try:
            read_struct(_meta_type(), meta, ("metadata",), unknown)
        except Mismatch as error:
            raise DecodeError(error.text()) from None
    node = compiled(version)
    for key, value in obj.items():
        obj[key] = go_numbers(value)
    prune(node, obj, True, (), unknown)
    _embedded(node, obj)
    if not merged:
        drop_nulls(node, obj)
    apply_defaults(node, obj)
    if mode != "Ignore":
        meta_first = sorted(
            (dotted(path) for path in unknown), key=lambda text: (not text.startswith("metadata"), text)
        )
        problems += [f'unknown field "{text}"' for text in meta_first]
    if problems and mode == "Strict":
        raise DecodeError("strict decoding error: " + ", ".join(problems))
    return problems


def go_numbers(value: Any) -> Any:
    """Numbers as Go keeps them: whole ones that fit are integers, the others floats, printed shortest."""
    if isinstance(value, dict):
        for key, item in value.items():
            if type(item) is not str:
                value[key] = go_numbers(item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if type(item) is not str:
                value[index] = go_numbers(item)
    elif type(value) is float or (type(value) is int and not -(2**63) <= value < 2**63):
        number = float(value)
        if number == math.floor(number) and abs(number) < 2**64:
            return int(Decimal(repr(number)))
        return number
    return value


def _embedded(node: Node, value: Any, path: str = "") -> None:
    """Embedded resources have metadata that can be read."""
    if isinstance(value, dict):
        for key, item in value.items():
            sub = node.properties.get(key)
            if sub is None:
                sub = node.additional
            if sub is not None and isinstance(item, (dict, list)):
                place = values.join(path, key) if key in node.properties else f"{path}[{key}]"
                if sub.embedded and isinstance(item, dict) and "metadata" in item:
                    _read_metadata(item["metadata"], f"{place}.metadata")
                _embedded(sub, item, place)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            _embedded(node.items, item, f"{path}[{index}]")


def _read_metadata(meta: Any, path: str) -> None:
    shown = gotext.dumps(meta)
    try:
        read_struct(_meta_type(), meta, (), [])
    except Mismatch as error:
        raise DecodeError(f"{path}: Invalid value: {shown}: {error.text()}") from None


def fill(version: Manifest, obj: Manifest) -> None:
    """Defaults once more, after a status was taken away."""
    apply_defaults(compiled(version), obj)


def to_storage(storage: Manifest, obj: Manifest) -> None:
    """What the storage version does not know is not kept."""
    prune(compiled(storage), obj, True)


def read(version: Manifest, obj: Manifest, storage: Manifest | None = None) -> None:
    """A stored object as this version shows it: pruned, with the defaults of the version it is stored in."""
    prune(compiled(version), obj, True)
    if storage is None:
        apply_defaults(compiled(version), obj)
        return
    apply_defaults(compiled(storage), obj)
    prune(compiled(version), obj, True)


def validate_create(version: Manifest, kind: str, obj: Manifest, namespaced: bool) -> Errors:
    errs = metadata.validate(obj.get("metadata") or {}, namespaced, names.dns_subdomain)
    outcome = _judge(version, obj, values.MISSING, blocked=_blocks(errs))
    errs += outcome.errors
    if not errs:
        errs.name("metadata.name", (obj.get("metadata") or {}).get("name") or "", names.path_segment)
    return errs


def validate_update(version: Manifest, obj: Manifest, old: Manifest, subresource: str = "") -> tuple[Errors, list[str]]:
    """Field errors, and warnings for rules that failed before and still do."""
    errs = metadata.validate_update(obj["metadata"], old["metadata"])
    errs += metadata.validate_update(obj["metadata"], old["metadata"])
    metadata.common(errs, obj["metadata"])
    outcome = _judge(version, obj, old, subresource, blocked=_blocks(errs))
    errs += outcome.errors
    told = [] if errs or subresource else finalizer_warnings(obj["metadata"], old["metadata"])
    return errs, outcome.warnings + told


_STANDARD = ("orphan", "foregroundDeletion", "kubernetes")


def finalizer_warnings(meta: Manifest, old: Manifest | None = None) -> list[str]:
    """What is told of finalizers that are new."""
    added = set(meta.get("finalizers") or ()) - set((old or {}).get("finalizers") or ())
    return [f"metadata.finalizers: {gotext.quote(name)}: {text}" for name in sorted(added) for text in _finalizer(name)]


def _finalizer(name: str) -> list[str]:
    told = list(names.qualified(name))
    if "/" not in name and name not in _STANDARD:
        path = " including a path (/)" if "." in name else ""
        others = "to avoid accidental conflicts with other finalizer writers"
        told.append(f"prefer a domain-qualified finalizer name{path} {others}")
    return told


def _blocks(errs: Errors) -> bool:
    """Whether rules are not worth a look any more."""
    return any(error.type in _BLOCKING for error in errs)


def _judge(version: Manifest, obj: Manifest, old: Any, subresource: str = "", *, blocked: bool = False) -> Outcome:
    node = compiled(version)
    if subresource == "status":
        return _judge_status(node, obj, old, blocked)
    body = {key: value for key, value in obj.items() if key not in _ROOT}
    before = old if old is values.MISSING else {key: value for key, value in old.items() if key not in _ROOT}
    outcome = Outcome()
    errs = Errors()
    rooted = {key for key in node.properties if key in _ROOT}
    shown = {**body, **{key: obj[key] for key in rooted if key in obj}}
    errs += values.validate(
        node,
        shown,
        values.MISSING if before is values.MISSING else {**before, **{k: old[k] for k in rooted if k in old}},
    )
    errs += scale_rules.errors(version, obj)
    values.validate_lists(errs, node, body, "", before)
    _embedded_errors(errs, node, body, "")
    if node.has_rules:
        if blocked or _blocks(errs):
            errs.append(FieldError(status.INVALID, "<nil>", None, _SKIPPED))
        else:
            found = _rules(node, obj, old)
            errs += found.errors
            outcome.warnings = found.warnings
    outcome.errors = list(errs)
    return outcome


def _judge_status(node: Node, obj: Manifest, old: Any, blocked: bool) -> Outcome:
    """Through /status only the status is checked; its texts are relative to it. Rules see the whole object."""
    outcome = Outcome()
    below = node.properties.get("status")
    errs = Errors()
    if below is not None and "status" in obj:
        found = values.validate(below, obj["status"], old.get("status", values.MISSING))
        errs += [replace(e, field=e.field if e.field == "<nil>" else f"status.{e.field}") for e in found]
        values.validate_lists(errs, below, obj["status"], "status", old.get("status", values.MISSING))
    if node.has_rules:
        if blocked or _blocks(errs):
            errs.append(FieldError(status.INVALID, "<nil>", None, _SKIPPED))
        else:
            found_rules = _rules(node, obj, old)
            errs += found_rules.errors
            outcome.warnings = found_rules.warnings
    outcome.errors = list(errs)
    return outcome


def _rules(node: Node, value: Any, old: Any) -> Outcome:
    # The CEL library is imported when the first rule is there.
    from holdfast.sandbox.crd import rules

    return rules.run(node, value, old)


def _embedded_errors(errs: Errors, node: Node, value: Any, path: str) -> None:
    """Embedded resources need a kind, a version and sound metadata."""
    if isinstance(value, dict):
        if node.embedded:
            embedded.check(errs, value, path)
        for key, item in value.items():
            sub = node.properties.get(key) or node.additional
            if sub is not None and isinstance(item, (dict, list)):
                _embedded_errors(errs, sub, item, values.join(path, key))
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            _embedded_errors(errs, node.items, item, f"{path}[{index}]")
