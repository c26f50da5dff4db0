"""Whether a live object is as wanted, in Argo CD's ways of looking.

The default is kubectl's: what was applied last, what is wanted and what is live are merged, and if the result is the live
object, there is no difference. An object that is applied on the server side is compared by the fields that we own, and so
is every object where that is asked for. All of it happens after both sides were brought into normal form and the ignored
fields were taken out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema, builtin
from holdfast.kube.ssa import MISSING, Change, owned_fields_changed
from holdfast.kube.threeway import joined, same
from holdfast.model.sync import DiffRule, Pair, Tracking, TrackingMethod
from holdfast.plan.sync import marks
from holdfast.plan.sync.ignoring import ignored, owned_paths, trusted, without_owned
from holdfast.plan.sync.normal import KnownTypes, normal
from holdfast.plan.sync.tracking import TRACKING_ID

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
MANAGER: Final = "argocd-controller"
SERVER_SIDE: Final = "ServerSideApply=true"
SchemaOf = Callable[[GroupVersionKind], Schema | None]


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """``by_owner`` compares everything by the fields we own (server-side apply or server-side diff for the whole application);
    ``known`` are ``knownTypeFields``; ``aggregated`` leaves the rules of aggregated roles out."""

    rules: tuple[DiffRule, ...] = ()
    by_owner: bool = False
    aggregated: bool = False
    known: KnownTypes = field(default_factory=dict)
    tracking: Tracking = field(default_factory=Tracking)
    schema_of: SchemaOf = field(default=lambda gvk: builtin().lookup(gvk), repr=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """``live`` and ``predicted`` are the normal forms, the second as the first will be after a sync."""

    modified: bool
    live: Manifest | None = field(default=None, repr=False)
    predicted: Manifest | None = field(default=None, repr=False)


def difference_of(pair: Pair, options: DiffOptions) -> Difference:
    """Raises ignoring.BadPathError."""
    target, live = pair.target, pair.live
    if target is None or live is None:
        return Difference(target is not None, live, target)
    target, live, last = normal_forms(target, live, options)
    schema = options.schema_of(GroupVersionKind.of(target))
    if options.by_owner or marks.has_option(target, SERVER_SIDE):
        return _by_owner(target, live, schema)
    predicted = joined(
        _bare(last if last is not None else target), _bare(target), live, builtin().lookup(GroupVersionKind.of(target))
    )
    is_builtin = builtin().lookup(GroupVersionKind.of(target)) is not None
    equal = _alike(predicted, live, last if last is not None else target) if is_builtin else same(predicted, live)
    return Difference(not equal, live, predicted)


def normal_forms(target: Manifest, live: Manifest, options: DiffOptions) -> tuple[Manifest, Manifest, Manifest | None]:
    """Target, live object and what was applied last, without what is ignored."""
    last = last_applied(live)
    by_owner = options.by_owner or marks.has_option(target, SERVER_SIDE)
    schema = options.schema_of(GroupVersionKind.of(target))
    paths = owned_paths(live, trusted(target, options.rules))
    live = _tracked(target, live, options.tracking)
    found: list[Manifest] = []
    for obj in (target, live, *([last] if last is not None else [])):
        meta = (obj.get("metadata") or {}).get("managedFields")
        plain = normal(obj, aggregated=options.aggregated, known=options.known, whole=by_owner)
        form = ignored(plain, options.rules)
        if paths:
            form = without_owned(form, paths, schema)
        if meta is not None:
            form = {**form, "metadata": {**form["metadata"], "managedFields": meta}}
        found.append(form)
    return found[0], found[1], found[2] if len(found) > 2 else None


def last_applied(live: Manifest) -> Manifest | None:
    text = marks.annotations_of(live).get(LAST_APPLIED)
    if not isinstance(text, str) or not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _tracked(target: Manifest, live: Manifest, tracking: Tracking) -> Manifest:
    """A live object that was synced under another way of tracking does not differ because of that alone."""
    key = tracking.label_key
    meta = live.get("metadata") or {}
    labels = meta.get("labels") or {}
    if tracking.method is TrackingMethod.LABEL or not labels.get(key) or live.get("kind") == "CustomResourceDefinition":
        return live
    meta = dict(meta)
    if not marks.annotations_of(live).get(TRACKING_ID):
        wanted = marks.annotations_of(target).get(TRACKING_ID)
        meta["annotations"] = {**marks.annotations_of(live), TRACKING_ID: wanted or ""}
    if not ((target.get("metadata") or {}).get("labels") or {}).get(key):
        meta["labels"] = {k: v for k, v in labels.items() if k != key}
    return {**live, "metadata": meta}


def _bare(obj: Manifest) -> Manifest:
    """Without the namespace (a cluster-scoped kind has none) and without annotations that are empty."""
    meta = {k: v for k, v in (obj.get("metadata") or {}).items() if k != "namespace"}
    if not meta.get("annotations"):
        meta.pop("annotations", None)
    return {**obj, "metadata": meta}


def _by_owner(target: Manifest, live: Manifest, schema: Schema | None) -> Difference:
    changes = [c for c in owned_fields_changed(live, target, MANAGER, schema) if not _is_form_only(c)]
    return Difference(bool(changes), live, joined({}, target, live, schema))


def _is_form_only(change: Change) -> bool:
    """Whether the server keeps nothing of it: zero values are dropped where they are the default."""
    absent = change.before is MISSING and (_is_empty(change.after) or change.after in (0, False))
    return absent or change.may_be_default


def _alike(predicted: Any, live: Any, applied: Any) -> bool:
    """Equal, but for what the server does to built-in kinds: it drops zero values that were sent, and fills in defaults below
    lists that are replaced whole."""
    if isinstance(predicted, dict) and isinstance(live, dict):
        fields = applied if isinstance(applied, dict) else {}
        return all(_same_field(predicted, live, fields, key) for key in predicted.keys() | live.keys())
    if isinstance(predicted, list) and isinstance(live, list):
        items = applied if isinstance(applied, list) and len(applied) == len(predicted) else [None] * len(predicted)
        return len(predicted) == len(live) and all(map(_alike, predicted, live, items))
    if _is_empty(predicted) and _is_empty(live):
        return True
    return same(predicted, live)


def _same_field(predicted: dict[str, Any], live: dict[str, Any], applied: dict[str, Any], key: str) -> bool:
    if key not in live:
        # A zero value that we applied already and that is not there was dropped by the server: it is the default.
        value = predicted[key]
        return _is_empty(value) or (value in (0, False) and key in applied)
    if key not in predicted:
        # Only below a list that is replaced whole: never applied by us, hence a default.
        return key not in applied or _is_empty(live[key])
    return _alike(predicted[key], live[key], applied.get(key))


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", {}, [])


def preserved(targets: Sequence[Pair], options: DiffOptions) -> tuple[Pair, ...]:
    """``RespectIgnoreDifferences``: ignored fields are applied as they are in the live object. Status is never taken over."""
    return tuple(_preserved(p, options) for p in targets)


def _preserved(pair: Pair, options: DiffOptions) -> Pair:
    if pair.target is None or pair.live is None:
        return pair
    schema = options.schema_of(GroupVersionKind.of(pair.target))
    paths = owned_paths(pair.live, trusted(pair.target, options.rules))
    cut_target = without_owned(ignored(pair.target, options.rules), paths, schema)
    cut_live = without_owned(ignored(pair.live, options.rules), paths, schema)
    filled = _filled(pair.target, cut_target, pair.live, cut_live, schema)
    if "status" in pair.target:
        filled["status"] = pair.target["status"]
    else:
        filled.pop("status", None)
    return Pair(filled, pair.live, pair.ref, pair.gvk)


def _filled(target: Any, cut_target: Any, live: Any, cut_live: Any, schema: Schema | None) -> Any:
    """Where a field was cut out of either side, the live one's value counts (or its absence)."""
    if not isinstance(live, dict) or not isinstance(target, dict):
        return _filled_list(target, cut_target, live, cut_live, schema)
    cut_target = cut_target if isinstance(cut_target, dict) else {}
    cut_live = cut_live if isinstance(cut_live, dict) else {}
    result: dict[str, Any] = {}
    for key in (*target, *(k for k in live if k not in target)):
        below = (schema.properties.get(key) or schema.additional) if schema else None
        gone = (key in target and key not in cut_target) or (key in live and key not in cut_live)
        if gone:
            if key in live:
                result[key] = live[key]
        elif key in target:
            result[key] = _filled(target[key], cut_target.get(key), live.get(key), cut_live.get(key), below)
        elif key in live and _has_cut(live[key], cut_live.get(key)):
            result[key] = _only_cut(live[key], cut_live.get(key))
    return result


def _has_cut(live: Any, cut: Any) -> bool:
    return isinstance(live, dict) and isinstance(cut, dict) and not same(live, cut)


def _only_cut(live: dict[str, Any], cut: dict[str, Any]) -> dict[str, Any]:
    """The ignored fields alone, below a part that the target does not have."""
    found = {k: v for k, v in live.items() if k not in cut}
    found.update({k: _only_cut(v, cut[k]) for k, v in live.items() if k in cut and _has_cut(v, cut[k])})
    return found


def _filled_list(target: Any, cut_target: Any, live: Any, cut_live: Any, schema: Schema | None) -> Any:
    if not (isinstance(target, list) and isinstance(live, list)) or (same(target, cut_target) and same(live, cut_live)):
        return target
    if not (isinstance(cut_target, list) and isinstance(cut_live, list)):
        return target
    if len(cut_target) != len(target) or len(cut_live) != len(live):
        # Whole items are ignored: theirs are those of the live object.
        kept = [v for v in cut_target if not any(same(v, k) for k in live)]
        return [*live, *kept] if len(cut_live) != len(live) else cut_target
    key = schema.patch_merge_key if schema else ""
    places = {v.get(key): i for i, v in enumerate(live) if isinstance(v, dict)} if key else {}
    found = []
    for i, item in enumerate(target):
        at = places.get(item.get(key), -1) if key and isinstance(item, dict) else (i if i < len(live) else -1)
        below = schema.items if schema else None
        found.append(_filled(item, cut_target[i], live[at], cut_live[at], below) if at >= 0 else item)
    return found
