"""``configMapGenerator`` and ``secretGenerator``.

Example: ``name: app, literals: [a=b]`` makes ConfigMap ``app`` with ``data: {a: b}`` that will get a content hash behind its
name. Bytes that are no text go to ``binaryData``; Secrets hold base64. Source: kustomize ``api/internal/generators``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from holdfast.base.lazy import pattern
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.generators.pairs import load_pairs
from holdfast.kustomize.ids import Kinds
from holdfast.kustomize.loader import Loader
from holdfast.kustomize.resource import Resource

if TYPE_CHECKING:
    from holdfast.kube.refs import Manifest

_LINE = 70
_CONTROLS = pattern("[\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
_BEHAVIORS = ("create", "replace", "merge")


def merged_options(local: Mapping[str, Any] | None, everywhere: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A generator's options with ``generatorOptions`` underneath."""
    if everywhere is None:
        return dict(local) if local is not None else None
    out = dict(local or {})
    for field in ("labels", "annotations"):
        if field in everywhere:
            out[field] = {**everywhere[field], **out.get(field, {})}
    for field in ("disableNameSuffixHash", "immutable"):
        if everywhere.get(field):
            out[field] = True
    return out


def make_config_map(loader: Loader, args: Mapping[str, Any], scopes: Kinds) -> Resource:
    """A ConfigMap from one entry of ``configMapGenerator``."""
    manifest = _base("ConfigMap", args)
    data: dict[str, str] = {}
    binary: dict[str, str] = {}
    for key, value in sorted(_pairs(loader, args).items()):
        text = _text(value)
        if text is None:
            binary[key] = _encoded(value)
        else:
            data[key] = text
    if data:
        manifest["data"] = data
    if binary:
        manifest["binaryData"] = binary
    return _finished(manifest, args, scopes)


def make_secret(loader: Loader, args: Mapping[str, Any], scopes: Kinds) -> Resource:
    """A Secret from one entry of ``secretGenerator``."""
    manifest = _base("Secret", args)
    manifest["type"] = args.get("type") or "Opaque"
    # Unlike a ConfigMap, a Secret without pairs has an empty mapping.
    manifest["data"] = {key: _encoded(value) for key, value in sorted(_pairs(loader, args).items())}
    return _finished(manifest, args, scopes)


def _base(kind: str, args: Mapping[str, Any]) -> Manifest:
    if not args.get("name"):
        raise KustomizeError("a configmap must have a name")
    meta: dict[str, Any] = {"name": args["name"]}
    if args.get("namespace"):
        meta["namespace"] = args["namespace"]
    return {"apiVersion": "v1", "kind": kind, "metadata": meta}


def _pairs(loader: Loader, args: Mapping[str, Any]) -> dict[str, bytes]:
    out: dict[str, bytes] = {}
    try:
        pairs = load_pairs(loader, args)
    except KustomizeError as err:
        raise err.within("loading KV pairs") from None
    for key, value in pairs:
        if key in out:
            raise KustomizeError(f"configmap {args['name']} illegally repeats the key `{key}`")
        _refuse_controls(key)
        out[key] = value
    return out


def _text(value: bytes) -> str | None:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    if text.startswith("\t") and "\n" in text:
        # kyaml writes lines of text as a block, and the block that begins with a tab is one it cannot read back.
        raise KustomizeError("yaml: line 2: found a tab character where an indentation space is expected")
    _refuse_controls(text)
    return text


def _refuse_controls(text: str) -> None:
    """kyaml writes these characters as they are, and cannot read them back."""
    if not text.isascii() or "\x7f" in text:
        found = _CONTROLS.search(text)
        if found is not None:
            raise KustomizeError(f"yaml: control characters are not allowed (U+{ord(found[0]):04X})")


def _encoded(value: bytes) -> str:
    """Base64; beyond 70 characters in lines, which is how kustomize writes it."""
    import base64

    text = base64.b64encode(value).decode()
    if len(text) <= _LINE:
        return text
    return "".join(text[i : i + _LINE] + "\n" for i in range(0, len(text), _LINE))


def _finished(manifest: Manifest, args: Mapping[str, Any], scopes: Kinds) -> Resource:
    options = args.get("options") or {}
    if options.get("immutable"):
        manifest["immutable"] = True
    behavior = args.get("behavior", "")
    resource = Resource(
        manifest,
        scopes=scopes,
        behavior=behavior if behavior in _BEHAVIORS else "unspecified",
        needs_hash=not options.get("disableNameSuffixHash"),
    )
    for field in ("labels", "annotations"):
        if options.get(field):
            resource.set_texts(field, options[field])
    for field in ("data", "binaryData"):
        if manifest.get(field):
            manifest[field] = resource.with_new_keys(manifest[field])
    return resource
