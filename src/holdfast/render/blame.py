"""Where each value of a rendered object comes from: file and line, through every overlay, patch and variable.

In: a `RenderRequest` and which object. Out: a `FieldOrigin` per value. The unit is rendered once more with a tracer; nothing else
happens. What a step wrote is looked up in the text that configures the step; where that text does not say it in so many words
(a replacement, a plugin), the line of the step is named. Values of Secrets are never in the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from holdfast.kube.leaves import Path, leaves
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.kustomize.trace import Traced, Tracer, Write
from holdfast.model.rendered import RenderRequest
from holdfast.render.blame_lines import Lines, Origin
from holdfast.render.render import Engine, render

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)")
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class FieldOrigin:
    """One value: where it was written last, and before (newest first), as (value, origin)."""

    path: Path
    value: Any
    origin: Origin
    earlier: tuple[tuple[Any, Origin], ...] = ()


def blame(request: RenderRequest, ref: ObjectRef, engine: Engine | None = None) -> list[FieldOrigin] | None:
    """The values of one object in its own order; None where the unit renders no such object. Raises `RenderError`."""
    engine, tracer = engine or Engine(), Tracer()
    watched = replace(engine, options=engine.options._replace(observe=tracer))
    rendered = render(request, watched)
    obj = next((o for o in rendered.objects if _same(ObjectRef.of(o), ref)), None)
    if obj is None:
        return None
    traced = next((t for t in tracer.all() if _same(ObjectRef.of(t.resource.manifest), ref)), None)
    return _hidden(obj, _origins(request, obj, traced))


def _same(one: ObjectRef, other: ObjectRef) -> bool:
    """A rendering may leave the namespace to the cluster, so an absent one matches any."""
    alike = (one.group, one.kind, one.name) == (other.group, other.kind, other.name)
    return alike and (one.namespace == other.namespace or not one.namespace or not other.namespace)


def _origins(request: RenderRequest, obj: Manifest, traced: Traced | None) -> list[FieldOrigin]:
    lines = Lines(request.tree, f"{request.unit}")
    raw = leaves(traced.resource.manifest) if traced else {}
    return [_field(request, lines, path, value, traced, raw) for path, value in leaves(obj).items()]


def _field(
    request: RenderRequest, lines: Lines, path: Path, value: Any, traced: Traced | None, raw: dict[Path, Any]
) -> FieldOrigin:
    writes = traced.writes.get(path, []) if traced else []
    if path not in raw or not writes or traced is None:
        return FieldOrigin(path, value, _stamped(request, path))
    known = [(w.value, lines.origin(w, path, traced)) for w in _meaningful(writes)]
    origin, earlier = known[-1][1], tuple(reversed(known[:-1]))
    if raw[path] != value:
        origin = replace(origin, how=_because(raw[path], origin.how))
    return FieldOrigin(path, value, origin, earlier)


def _meaningful(writes: Sequence[Write]) -> list[Write]:
    """Without the removals in between: a value that was taken away and came back is told by who brought it."""
    return [w for w in writes if w.value is not None] or list(writes[-1:])


def _because(raw: Any, how: str) -> str:
    names = sorted(set(_VARIABLE.findall(str(raw))))
    what = f"with ${{{'}, ${'.join(names)}}} substituted" if names else "decrypted or normalised"
    return f"{how}, {what}" if how else what


def _stamped(request: RenderRequest, path: Path) -> Origin:
    """What is on no page of the repository: owner labels, common metadata, defaults of the normalisation."""
    if path[:2] == ("metadata", "labels") and path[-1] in request.owner.labels(request.unit):
        return Origin(how=f"owner label of {request.unit}")
    if path[:2] in (("metadata", "labels"), ("metadata", "annotations")):
        return Origin(how=f"spec.commonMetadata of {request.unit}")
    return Origin(how="normalised", guess=True)


def _hidden(obj: Manifest, fields: list[FieldOrigin]) -> list[FieldOrigin]:
    if obj.get("kind") != "Secret":
        return fields
    return [
        replace(f, value=HIDDEN, earlier=tuple((HIDDEN, o) for _, o in f.earlier))
        if f.path[0] in ("data", "stringData")
        else f
        for f in fields
    ]
