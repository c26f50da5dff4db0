"""Helm's merge on our side, for releases that do not use server-side apply: what was, what is wanted, what is live.

In: three versions of an object. Out: the JSON merge patch that makes the live one what is wanted and keeps what others added. How
things merge is kubectl's way (`kube.threeway`), which Helm's is too; what is Helm's own is when it looks at the live object. Pure.
"""

from __future__ import annotations

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import builtin
from holdfast.kube.threeway import difference, joined


def merged(original: Manifest, target: Manifest, live: Manifest, *, three_way: bool = False) -> Manifest:
    """``three_way`` is for custom resources, for which Helm otherwise only sends what changed between two charts."""
    schema = builtin().lookup(GroupVersionKind.of(target))
    if schema is None and not three_way:
        return difference(original, target)
    return difference(live, joined(original, target, live, schema))
