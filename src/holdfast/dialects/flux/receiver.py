"""``Receiver`` (notification.toolkit.fluxcd.io): whose webhook calls count, and for which objects.

In: a declared object, its token, and a call's body and headers. Out: the path to call, whether a call is genuine, and the
objects it is about. A call's content is only ever checked, never used.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.base.duration import parse_duration
from holdfast.base.errors import Stop
from holdfast.kube.refs import GroupVersionKind

GROUP = "notification.toolkit.fluxcd.io"
KIND = "Receiver"
GVK = GroupVersionKind(GROUP, "v1", KIND)
FINALIZER = "finalizers.fluxcd.io"
MANAGER = "notification-controller"
INITIALIZED = "Receiver initialized for path: "

_GROUPS = {
    "Bucket": "source.toolkit.fluxcd.io",
    "GitRepository": "source.toolkit.fluxcd.io",
    "HelmChart": "source.toolkit.fluxcd.io",
    "HelmRepository": "source.toolkit.fluxcd.io",
    "OCIRepository": "source.toolkit.fluxcd.io",
    "Kustomization": "kustomize.toolkit.fluxcd.io",
    "HelmRelease": "helm.toolkit.fluxcd.io",
    "ImageRepository": "image.toolkit.fluxcd.io",
    "ImagePolicy": "image.toolkit.fluxcd.io",
    "ImageUpdateAutomation": "image.toolkit.fluxcd.io",
}
# Where each kind of sender puts its signature (an HMAC of the body) or its token, and the name of the event.
_SIGNATURES = {
    "generic-hmac": ("X-Signature",),
    "github": ("X-Hub-Signature-256", "X-Hub-Signature"),
    "bitbucket": ("X-Hub-Signature",),
    "nexus": ("X-Nexus-Webhook-Signature",),
}
_TOKENS = {"gitlab": "X-Gitlab-Token", "harbor": "Authorization"}
_EVENTS = {"github": "X-GitHub-Event", "gitlab": "X-Gitlab-Event", "bitbucket": "X-Event-Key"}
_OPEN = frozenset({"generic", "dockerhub", "quay", "acr"})


class Refused(Stop):
    """A call is not genuine, or its kind is not supported."""


@dataclass(frozen=True, slots=True)
class Target:
    """One object, or with the name ``*`` all of a kind that have the labels."""

    group: str
    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Receiver:
    type: str
    secret: str
    interval: float
    suspend: bool
    events: tuple[str, ...]
    targets: tuple[Target, ...]


def read(obj: Mapping[str, Any]) -> Receiver:
    meta, spec = obj.get("metadata") or {}, obj.get("spec") or {}
    return Receiver(
        type=str(spec.get("type") or ""),
        secret=str((spec.get("secretRef") or {}).get("name") or ""),
        interval=parse_duration(spec.get("interval") or "10m"),
        suspend=bool(spec.get("suspend")),
        events=tuple(spec.get("events") or ()),
        targets=tuple(_target(r, str(meta.get("namespace") or "")) for r in spec.get("resources") or ()),
    )


def _target(resource: Mapping[str, Any], namespace: str) -> Target:
    kind = str(resource.get("kind") or "")
    given = GroupVersionKind.parse(str(resource.get("apiVersion") or ""), kind)
    return Target(
        group=given.group or _GROUPS.get(kind, ""),
        kind=kind,
        namespace=str(resource.get("namespace") or namespace),
        name=str(resource.get("name") or ""),
        labels=resource.get("matchLabels") or {},
    )


def path(token: str, name: str, namespace: str) -> str:
    """The secret part of the URL is derived from the token, so that knowing the object is not knowing the path."""
    return "/hook/" + hashlib.sha256((token + name + namespace).encode()).hexdigest()


def check(receiver: Receiver, token: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Raises Refused unless the call comes from somebody who knows the token."""
    sent = {k.lower(): v for k, v in headers.items()}
    if receiver.type in _SIGNATURES:
        _check_signature(_SIGNATURES[receiver.type], token, body, sent)
    elif receiver.type in _TOKENS:
        if not hmac.compare_digest(_bytes(sent.get(_TOKENS[receiver.type].lower(), "")), token.encode()):
            raise Refused(f"the {receiver.type} token does not match")
    elif receiver.type not in _OPEN:
        raise Refused(f"receivers of type '{receiver.type}' are not supported by Holdfast yet")
    header = _EVENTS.get(receiver.type)
    if header and receiver.events:
        event = sent.get(header.lower(), "")
        if event.lower() not in {e.lower() for e in receiver.events}:
            raise Refused(f"the event {event!r} is not among spec.events")


def _check_signature(names: tuple[str, ...], token: str, body: bytes, sent: Mapping[str, str]) -> None:
    value = next((sent[n.lower()] for n in names if n.lower() in sent), "")
    if not value:
        raise Refused(f"the header {names[0]} is missing")
    algorithm, sep, digest = value.partition("=")
    if not sep:
        algorithm, digest = "sha1", value
    if algorithm not in ("sha1", "sha224", "sha256", "sha384", "sha512"):
        raise Refused(f"the signature's algorithm {algorithm!r} is not known")
    wanted = hmac.new(token.encode(), body, algorithm).hexdigest()
    if not hmac.compare_digest(wanted.encode(), _bytes(digest)):
        raise Refused("the signature does not match")


def _bytes(header: str) -> bytes:
    """A header as it was sent: what is no UTF-8 in it was kept as surrogates."""
    return header.encode("utf-8", "surrogateescape")
