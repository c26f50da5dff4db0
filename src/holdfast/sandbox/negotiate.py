"""Content negotiation: what a client accepts and what it sends, in the API server's terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from holdfast.sandbox import status

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
ACCEPTED: Final = (JSON, YAML, PROTOBUF)

_ALIASES: Final = {"*/*": JSON, "application/x-yaml": YAML, "text/yaml": YAML}
_PRINTED: Final = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is written: the media type, and the kind it is turned into (``Table`` and the like) or nothing."""

    media: str = JSON
    target: str = ""
    target_version: str = "v1"
    include: str = "Metadata"
    """How much of each object a Table carries along: None, Metadata or Object."""

    @property
    def target_api_version(self) -> str:
        return f"meta.k8s.io/{self.target_version}"


PLAIN: Final = Form()


def clauses(accept: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The media types of an Accept header with their parameters, best first."""
    found: list[tuple[float, int, str, dict[str, str]]] = []
    for index, clause in enumerate(accept.split(",")):
        media, *rest = (p.strip() for p in clause.split(";"))
        if not media:
            continue
        params = {k.strip(): v.strip().strip('"') for k, _, v in (p.partition("=") for p in rest)}
        try:
            quality = float(params.pop("q", "1"))
        except ValueError:
            quality = 1.0
        found.append((-quality, index, media.lower(), params))
    for _, _, media, params in sorted(found, key=lambda f: f[:2]):
        yield media, params


def choose(accept: str, *, transforms: bool = True, binary: Callable[[], bool] | None = None) -> Form:
    """The first acceptable form; NotAcceptable when there is none. ``transforms`` allows ``as=Table`` and its kin.

    Protobuf, where ``binary`` says that it can be had, is for those who take nothing else: JSON is ready made.
    """
    if not accept.strip():
        return PLAIN
    protobuf: Form | None = None
    for media, params in clauses(accept):
        media = _ALIASES.get(media, media)
        if media not in ACCEPTED:
            continue
        form = _form(media, params, transforms)
        if form is not None and media != PROTOBUF:
            return form
        protobuf = protobuf or form
    if protobuf is not None and protobuf.target != "Table" and binary is not None and binary():
        return protobuf
    raise status.not_acceptable(ACCEPTED)


def _form(media: str, params: dict[str, str], transforms: bool) -> Form | None:
    target = params.get("as", "")
    if not target:
        return Form(media)
    known = params.get("g") == "meta.k8s.io" and params.get("v") in ("v1", "v1beta1")
    return Form(media, target, params["v"]) if transforms and target in _PRINTED and known else None


def body_media(content_type: str) -> str:
    """The media type of a request body: JSON when none is given; UnsupportedMediaType when it is none of ours."""
    media = content_type.split(";")[0].strip().lower()
    if not media:
        return JSON
    media = _ALIASES.get(media, media)
    if media not in ACCEPTED:
        raise status.unsupported_media_type(ACCEPTED)
    return media
