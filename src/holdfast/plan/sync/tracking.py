"""Which application an object belongs to: the id that is written on it, and how it is read back.

The id is ``<application>:<group>/<kind>:<namespace>/<name>``. It names the object too, so that a copy of its annotations
onto another object (as operators make them for what they create) does not make that object ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.sync import Tracking, TrackingMethod

TRACKING_ID: Final = "argocd.argoproj.io/tracking-id"
INSTALLATION_ID: Final = "argocd.argoproj.io/installation-id"
_LABEL_LIMIT: Final = 63
_DEFINITIONS: Final = "apiextensions.k8s.io"


@dataclass(frozen=True, slots=True)
class TrackingId:
    app_name: str
    ref: ObjectRef

    def __str__(self) -> str:
        r = self.ref
        return f"{self.app_name}:{r.group}/{r.kind}:{r.namespace}/{r.name}"

    @classmethod
    def parse(cls, text: str) -> TrackingId | None:
        """None for a text of another form. Names of RBAC objects may hold colons."""
        app, colon, rest = text.partition(":")
        kind_part, colon2, name_part = rest.partition(":")
        kinds, names = kind_part.split("/"), name_part.split("/")
        if not (colon and colon2) or len(kinds) != 2 or len(names) != 2:
            return None
        return cls(app, ObjectRef(kinds[0], kinds[1], names[0], names[1]))


def stamp(obj: Manifest, tracking: Tracking) -> Manifest:
    """A copy of the object with the marks of its application. Definitions of kinds carry none: they outlive it."""
    if (obj.get("kind"), str(obj.get("apiVersion")).partition("/")[0]) == ("CustomResourceDefinition", _DEFINITIONS):
        return obj
    meta = dict(obj.get("metadata") or {})
    if tracking.method is not TrackingMethod.LABEL:
        meta["annotations"] = _annotated(obj, meta.get("annotations"), tracking)
    if tracking.method is not TrackingMethod.ANNOTATION:
        whole = tracking.method is TrackingMethod.LABEL
        label = tracking.app_name if whole else shortened(tracking.app_name)
        meta["labels"] = {**_mapping(meta.get("labels")), tracking.label_key: label}
    return {**obj, "metadata": meta}


def _annotated(obj: Manifest, annotations: Any, tracking: Tracking) -> dict[str, Any]:
    found = {k: v for k, v in _mapping(annotations).items() if k != INSTALLATION_ID}
    if tracking.installation_id:
        found[INSTALLATION_ID] = tracking.installation_id
    ref = ObjectRef.of(obj)
    named = ObjectRef(ref.group, ref.kind, ref.namespace or tracking.destination, ref.name)
    found[TRACKING_ID] = str(TrackingId(tracking.app_name, named))
    return found


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def shortened(name: str) -> str:
    """A label's value: at most 63 characters, the last one a letter or digit."""
    if len(name) <= _LABEL_LIMIT:
        return name
    return name[:_LABEL_LIMIT].rstrip("-_.")


def tracking_id(obj: Mapping[str, Any], tracking: Tracking) -> TrackingId | None:
    """What the annotation says, unless another installation wrote it."""
    found = _mapping((obj.get("metadata") or {}).get("annotations"))
    if str(found.get(INSTALLATION_ID) or "") != tracking.installation_id:
        return None
    return TrackingId.parse(str(found.get(TRACKING_ID) or ""))


def app_name_of(obj: Mapping[str, Any], tracking: Tracking) -> str:
    """The application that an object says it belongs to; empty for none."""
    if tracking.method is TrackingMethod.LABEL:
        labels = _mapping((obj.get("metadata") or {}).get("labels"))
        return str(labels.get(tracking.label_key) or "")
    found = tracking_id(obj, tracking)
    return found.app_name if found else ""


def is_ours(obj: Mapping[str, Any], tracking: Tracking) -> bool:
    return bool(tracking.app_name) and app_name_of(obj, tracking) == tracking.app_name


def is_self_referenced(live: Manifest | None, target: Manifest | None, tracking: Tracking) -> bool:
    """Whether the live object is the one that its mark, or the target, is about."""
    if live is None or tracking.method is TrackingMethod.LABEL:
        return True
    if target is not None:
        return _names(ObjectRef.of(target), live)
    found = tracking_id(live, tracking)
    return found is None or _names(found.ref, live)


def _names(ref: ObjectRef, live: Manifest) -> bool:
    own = ObjectRef.of(live)
    same = (own.group, own.kind, own.name) == (ref.group, ref.kind, ref.name)
    return same and own.namespace in (ref.namespace, "")
