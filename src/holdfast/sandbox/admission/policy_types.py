"""The types of what expressions of admission policies may name, and what the checker says of such an expression.

In: an expression and what is declared where it stands. Out: its type, or what is wrong with it; nothing where the reader cannot read it.
Never: evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from holdfast.sandbox.cel import literals
from holdfast.sandbox.cel.checker import check, report
from holdfast.sandbox.cel.syntax import parse
from holdfast.sandbox.cel.tree import Unreadable
from holdfast.sandbox.cel.types import BOOL, DYN, INT, STRING, Type, list_of, map_of, parameters

_TIME: Final[Type] = ("timestamp",)
_TEXTS: Final = list_of(STRING)


def _struct(name: str) -> Type:
    return ("struct", f"kubernetes.{name}")


FIELDS: Final[dict[str, dict[str, Type]]] = {
    "kubernetes.GroupVersionKind": dict.fromkeys(("group", "version", "kind"), STRING),
    "kubernetes.GroupVersionResource": dict.fromkeys(("group", "version", "resource"), STRING),
    "kubernetes.UserInfo": {"username": STRING, "uid": STRING, "groups": _TEXTS, "extra": map_of(STRING, _TEXTS)},
    "kubernetes.AdmissionRequest": {
        "kind": _struct("GroupVersionKind"), "resource": _struct("GroupVersionResource"), "subResource": STRING,
        "requestKind": _struct("GroupVersionKind"), "requestResource": _struct("GroupVersionResource"), "requestSubResource": STRING,
        "name": STRING, "namespace": STRING, "operation": STRING, "userInfo": _struct("UserInfo"), "dryRun": BOOL, "options": DYN,
    },
    "kubernetes.Namespace": {
        "metadata": _struct("NamespaceMetadata"), "spec": _struct("NamespaceSpec"), "status": _struct("NamespaceStatus"),
    },
    "kubernetes.NamespaceSpec": {"finalizers": _TEXTS},
    "kubernetes.NamespaceStatus": {"conditions": list_of(_struct("NamespaceCondition")), "phase": STRING},
    "kubernetes.NamespaceCondition": {
        "status": STRING, "type": STRING, "lastTransitionTime": _TIME, "message": STRING, "reason": STRING,
    },
    "kubernetes.NamespaceMetadata": {
        "name": STRING, "generateName": STRING, "namespace": STRING, "labels": map_of(STRING, STRING), "annotations": map_of(STRING, STRING),
        "UID": STRING, "creationTimestamp": _TIME, "deletionGracePeriodSeconds": INT, "deletionTimestamp": _TIME, "generation": INT,
        "resourceVersion": STRING, "finalizers": _TEXTS,
    },
}  # fmt: skip
_ALWAYS: Final = {
    "object": DYN, "oldObject": DYN, "request": _struct("AdmissionRequest"), "namespaceObject": _struct("Namespace"),
}  # fmt: skip
_ASKING: Final = {
    "authorizer": _struct("authorization.Authorizer"), "authorizer.requestResource": _struct("authorization.ResourceCheck"),
}  # fmt: skip
_VARIABLES: Final = "kubernetes.variables"
_NAMES: Final = {"null": "null_type", "timestamp": "google.protobuf.Timestamp", "duration": "google.protobuf.Duration"}


class Misfit(ValueError):
    """What the checker says."""


def kind_of(
    source: str, variables: Mapping[str, Type] | None, *, params: bool, authorizer: bool, constructs: bool = False
) -> tuple[Type, str] | None:
    """The type of an expression, and why no program can be made of it; None where it cannot be read here. ``variables`` are None where there is no object of them. Raises Misfit."""
    declared: dict[str, Type] = dict(_ALWAYS)
    fields: dict[str, Mapping[str, Type]] = dict(FIELDS)
    if params:
        declared["params"] = DYN
    if authorizer:
        declared |= _ASKING
    if variables is not None:
        declared["variables"] = ("struct", _VARIABLES)
        fields[_VARIABLES] = variables
    try:
        tree = parse(source)
    except Unreadable as error:
        if error.problem is not None:
            raise Misfit(f"compilation failed: {report(source, [error.problem])}") from None
        return None
    found = check(tree, declared, fields, constructs=constructs)
    problems = found.problems or literals.problems(found)
    if problems:
        raise Misfit(f"compilation failed: {report(source, problems)}")
    return found.kind, literals.conversion(found)


def named(kind: Type) -> str:
    """A type as refusals name it."""
    inner = parameters(kind)
    name = str(kind[1]) if kind[0] in ("struct", "opaque", "var") else _NAMES.get(str(kind[0]), str(kind[0]))
    return f"{name}({', '.join(map(named, inner))})" if inner else name
