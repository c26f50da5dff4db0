"""Wanted applications against those that are: what to create, what to change and how, what to delete.

In: applications as generated, the set's own as they are. Out: actions with their order. As Argo CD does it: of an
application's metadata the set owns labels, annotations and finalizers except those that are to be kept, and all of its
specification except the differences to be ignored.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from holdfast.dialects.argo.appset.shape import normal_spec
from holdfast.dialects.argo.appset.spec import GVK, ApplicationSet, IgnoredDifference
from holdfast.kube.refs import Manifest

KEPT_ANNOTATIONS = (
    "notified.notifications.argoproj.io", "argocd.argoproj.io/refresh", "argocd.argoproj.io/hydrate",
)  # fmt: skip
_KEPT_FINALIZERS = (
    "pre-delete-finalizer.argocd.argoproj.io",
    "post-delete-finalizer.argocd.argoproj.io",
)

Delete = Callable[[Manifest, str], Manifest]
"""Takes away of an object what a jq path expression names."""


def owner_reference(wanted: ApplicationSet) -> dict[str, Any]:
    return {
        "apiVersion": GVK.api_version,
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": GVK.kind,
        "name": wanted.name,
        "uid": wanted.uid,
    }


def is_owned(app: Mapping[str, Any], wanted_name: str) -> bool:
    """Whether an application is a set's: that is told by name, as Argo CD does."""
    for owner in (app.get("metadata") or {}).get("ownerReferences") or ():
        if owner.get("controller"):
            return (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) == (
                GVK.api_version,
                GVK.kind,
                wanted_name,
            )
    return False


def foreign_owner(app: Mapping[str, Any], wanted: ApplicationSet) -> str:
    """The name of another controller that has the application; empty when it is free or ours."""
    for owner in (app.get("metadata") or {}).get("ownerReferences") or ():
        if owner.get("controller") and owner.get("uid") != wanted.uid:
            return str(owner.get("name") or "")
    return ""


def create(app: Manifest, wanted: ApplicationSet) -> Manifest:
    found = copy.deepcopy(app)
    found["metadata"]["ownerReferences"] = [owner_reference(wanted)]
    return found


def change(app: Manifest, live: Manifest, wanted: ApplicationSet, delete: Delete) -> Manifest | None:
    """The merge patch that makes the live application what it should be; None where it is. Raises what ``delete`` does."""
    before = _ours(live)
    after = _ours(_target(app, live, wanted))
    ignored = [i for i in wanted.ignored if i.name in ("", app["metadata"]["name"])]
    if ignored:
        before, after = _ours(without(before, ignored, delete)), _ours(without(after, ignored, delete))
    patch = diff(before, after)
    if app.get("operation") is not None and app["operation"] != live.get("operation"):
        patch["operation"] = app["operation"]
    return patch or None


def _target(app: Manifest, live: Manifest, wanted: ApplicationSet) -> Manifest:
    found = copy.deepcopy(app)
    meta, was = found["metadata"], live.get("metadata") or {}
    annotations, labels = dict(meta.get("annotations") or {}), dict(meta.get("labels") or {})
    for key in (*wanted.preserved_annotations, *KEPT_ANNOTATIONS):
        if key in (was.get("annotations") or {}):
            annotations[key] = was["annotations"][key]
    for key in wanted.preserved_labels:
        if key in (was.get("labels") or {}):
            labels[key] = was["labels"][key]
    kept = [f for k in _KEPT_FINALIZERS for f in was.get("finalizers") or () if f.startswith(k)]
    owners = [o for o in was.get("ownerReferences") or () if o.get("uid") != wanted.uid]
    meta.update(
        annotations=annotations,
        labels=labels,
        finalizers=[*(meta.get("finalizers") or ()), *kept],
        ownerReferences=[*owners, owner_reference(wanted)],
    )
    return found


def _ours(app: Mapping[str, Any]) -> Manifest:
    """The part that is compared, in one spelling."""
    meta = app.get("metadata") or {}
    fields = ("annotations", "labels", "finalizers", "ownerReferences")
    return {
        "metadata": {k: copy.deepcopy(meta[k]) for k in fields if meta.get(k)},
        "spec": normal_spec(copy.deepcopy(app.get("spec") or {})),
    }


def without(app: Manifest, ignored: Collection[IgnoredDifference], delete: Delete) -> Manifest:
    for item in ignored:
        for pointer in item.pointers:
            app = copy.deepcopy(app)
            _remove(app, pointer)
        for expression in item.expressions:
            app = delete({"apiVersion": GVK.api_version, "kind": "Application", **app}, expression)
            app = {k: v for k, v in app.items() if k in ("metadata", "spec")}
    return app


def _remove(value: Any, pointer: str) -> None:
    """Takes away what a JSON pointer names; what is not there is no matter."""
    parts = [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]
    if not parts:
        return
    for part in parts[:-1]:
        value = _below(value, part)
    last = parts[-1]
    if isinstance(value, dict):
        value.pop(last, None)
    elif isinstance(value, list) and last.isdigit() and int(last) < len(value):
        del value[int(last)]


def _below(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return None


def diff(before: Any, after: Any) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) from one table to another; empty when they are equal."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if key in before and old == value:
            continue
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            patch[key] = diff(old, value)
        else:
            patch[key] = value
    return patch


def superfluous(live: Sequence[Manifest], wanted: Sequence[Manifest]) -> list[Manifest]:
    """The set's applications that no generator gives any more."""
    names = {a["metadata"]["name"] for a in wanted}
    return [a for a in live if a["metadata"]["name"] not in names]
