"""What an API server would say to an object of a built-in kind: the sandbox's own rules, without a sandbox.

In: an object as it would be sent. Out: fields and words, empty where it would be taken. Never raises for an odd object.
"""

from __future__ import annotations

import copy
import re

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.offline.scopes import is_namespaced
from holdfast.sandbox import seams, status
from holdfast.sandbox.kinds import prepare

Refusal = tuple[tuple[str | int, ...], str]
_STEP = re.compile(r"\[(\d+)\]|\[([^\]]*)\]|([^.\[\]]+)")
# Later versions of these kinds are checked in the form they are stored in, which is another one.
_CONVERTED = {("autoscaling", "v1"), ("autoscaling", "v2beta1"), ("autoscaling", "v2beta2"), ("events.k8s.io", "v1")}


def refusals(obj: Manifest) -> list[Refusal]:
    gvk = GroupVersionKind.of(obj)
    if seams.builtin_schema(gvk) is None or (gvk.group, gvk.version) in _CONVERTED or gvk.version != _stored(gvk):
        return []
    found = copy.deepcopy(obj)
    found.pop("status", None)
    if is_namespaced(found):
        found["metadata"].setdefault("namespace", "default")
    try:
        seams.decode(gvk, found, "Ignore", None)
        seams.default(gvk, found)
        prepare.prepare_create(gvk, found)
        errors = seams.validate_create(gvk, found)
    except seams.DecodeFailure as failure:
        return [((), failure.why)]
    except (status.StatusError, AttributeError, KeyError, TypeError, ValueError):
        return []  # of a shape that the schema tells about
    if any(m in e.body for e in errors for m in _ADMITTED):
        return []
    return [(_path(e.field), e.body) for e in errors if not (e.field == "spec.minReplicas" and e.value == 0)]


_ADMITTED = ("when serviceAccountName is not set",)
"""What admission puts right before a real server judges. (Scaling to nothing needs a feature gate, which nobody sees here.)"""


def _stored(gvk: GroupVersionKind) -> str:
    return "v2" if gvk.group == "autoscaling" else "v1"


def _path(field: str) -> tuple[str | int, ...]:
    return tuple(int(m[1]) if m[1] is not None else m[2] or m[3] for m in _STEP.finditer(field))
