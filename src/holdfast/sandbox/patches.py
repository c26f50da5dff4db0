"""PATCH: JSON patch, merge patch, strategic merge patch, server-side apply."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from holdfast.kube.patch import PatchError
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema
from holdfast.sandbox import apply, bodies, gotext, options, reader, restore, seams, status
from holdfast.sandbox.exchange import Exchange, any_form, check_name, key_of, show
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.kinds import decode
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
_BUILTIN = (JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY)
_CUSTOM = (JSON_PATCH, MERGE_PATCH, APPLY)


def media_of(exchange: Exchange, resource: Resource) -> str:
    media = exchange.request.header("content-type").split(";")[0].strip()
    if resource.crd and media not in _CUSTOM:
        raise status.unsupported_media_type(_CUSTOM)
    if media not in _BUILTIN:
        raise status.StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    return media


def serve(registry: Registry, exchange: Exchange, resource: Resource, subresource: str) -> Response:
    media = media_of(exchange, resource)
    form = any_form(exchange)
    found = options.patch_options(exchange.query, apply=media == APPLY)
    exchange.configure(found)
    bodies.check_size(exchange.request)
    if media == APPLY:
        obj, created = _apply(registry, exchange, resource, subresource, force=bool(found.force))
    else:
        obj, created = _change(registry, exchange, resource, subresource, media)
    return show(exchange, resource, obj, form, 201 if created else 200)


def _change(
    registry: Registry, exchange: Exchange, resource: Resource, subresource: str, media: str
) -> tuple[Manifest, bool]:
    key = key_of(exchange, resource)

    def transform(old: Manifest | None) -> Manifest:
        assert old is not None
        # Only now: what cannot be read is told after what is not there.
        patch = parse_patch(exchange.request.body, media)
        problems = _problems(exchange, resource, media)
        patched = patched_by(registry.shape(resource), old, patch, media)
        refuse = refusal_of(gotext.plain(patch)) if media == STRATEGIC else None
        if problems and exchange.call.validation == "Strict":
            refuse_all = refuse or refusal_of(gotext.dumps(patched))
            raise refuse_all(_strict_text(problems, resource, patched))
        at = len(exchange.call.warnings)
        obj = finish(registry, exchange, resource, old, patched, refuse)
        exchange.call.warnings[at:at] = problems
        return obj

    return registry.update(exchange.call, resource, key, transform, subresource=subresource)


def _problems(exchange: Exchange, resource: Resource, media: str) -> list[str]:
    """Members of the patch that are set twice or unknown: told when the patched object is one."""
    if exchange.call.validation == "Ignore" or (resource.crd and media != JSON_PATCH):
        return []
    body = exchange.request.body
    return _odd_members(body) if media == JSON_PATCH else decode.duplicates(body)


_MEMBERS = ("op", "path", "from", "value")


def _odd_members(body: bytes) -> list[str]:
    """What a JSON patch says besides or more than once in its operations; values are anybody's."""
    found: list[str] = []
    for index, operation in enumerate(json.loads(body.decode("utf-8", "replace"), object_pairs_hook=list) or ()):
        names = [name for name, _ in operation or ()]
        for at, name in enumerate(names):
            word = "unknown" if name not in _MEMBERS else "duplicate" if name in names[:at] else ""
            text = f'json patch {word} field "[{index}].{name}"'
            if word and text not in found:
                found.append(text)
    return found


def _strict_text(problems: list[str], resource: Resource, patched: Any) -> str:
    """The refusal of what is odd in the patch, together with the patched object's own unknown fields; a wrong type comes first."""
    unknown: list[str] = []
    if not resource.crd and isinstance(patched, dict):
        try:
            unknown = seams.decode(resource.gvk, copy.deepcopy(patched), "Warn", None)
        except seams.DecodeFailure as failure:
            return failure.why
    return "strict decoding error: " + ", ".join([*problems, *unknown])


def patched_by(shape: Schema | None, old: Manifest, patch: Any, media: str) -> Any:
    try:
        if media == JSON_PATCH:
            return seams.json_patch(old, patch)
        if media == MERGE_PATCH:
            return seams.merge_patch(old, patch)
        merged = seams.strategic_merge(old, patch or {}, shape)
        # The result is restored into an object of the kind it was, whatever the patch says.
        texts = all(isinstance(merged.get(key), str | None) for key in ("apiVersion", "kind"))
        return {**merged, "apiVersion": old["apiVersion"], "kind": old["kind"]} if texts else merged
    except PatchError as error:
        raise _refusal(error, media, patch) from None


def _refusal(error: PatchError, media: str, patch: Any) -> status.StatusError:
    if error.code == 400:
        return status.bad_request(error.message)
    if media == JSON_PATCH:
        return status.unprocessable()
    if error.code == 422:
        return _invalid_patch(gotext.plain(patch), error.message)
    return status.untyped(error.message)


def finish(
    registry: Registry,
    exchange: Exchange,
    resource: Resource,
    old: Manifest | None,
    patched: Any,
    refuse: Callable[[str], Exception] | None,
) -> Manifest:
    """The patched JSON as an object again. ``refuse`` words what no longer fits the kind, where merged data is restored
    rather than decoded; else it is an invalid patch that shows the whole result.
    """
    if not isinstance(patched, dict):
        raise _invalid_patch(gotext.dumps(patched), "json: cannot unmarshal")
    if patched.get("metadata") is None:
        patched["metadata"] = {}
    refusal = refuse or refusal_of(gotext.dumps(patched))
    if resource.crd:
        _check_custom_identity(registry, exchange, resource, patched)
    else:
        _check_identity(exchange, resource, patched, refusal, merged=refuse is not None)
    try:
        if refuse and not resource.crd:
            restore.restore(resource.gvk, patched)
        obj = reader.decode(exchange, resource, patched, None, merged=refuse is not None)
    except restore.RestoreError as error:
        raise refusal(error.message) from None
    except seams.DecodeFailure as failure:
        raise refusal(_converted(failure.why) if refuse else failure.why) from None
    check_name(exchange, resource, obj)
    if resource.crd and exchange.route.subresource and old is not None:
        # Through /status a custom resource's metadata are not written at all.
        obj["metadata"]["uid"] = old["metadata"].get("uid")
    _check_uid(resource, obj, old)
    return obj


def _check_identity(
    exchange: Exchange, resource: Resource, patched: Manifest, refusal: Callable[[str], Exception], *, merged: bool
) -> None:
    version, kind = patched.get("apiVersion"), patched.get("kind") or resource.kind
    if (version, kind) == (resource.api_version, resource.kind):
        patched["kind"] = kind
        return
    why = bodies.misidentified(dict(sorted(patched.items())))
    if why and merged:
        # The converter tells of it, in its own words.
        return
    if why:
        raise refusal(why)
    if not version:
        # An object without a type has no fields that are known, hence no name.
        for key in sorted(patched.keys() - {"apiVersion", "kind"}):
            exchange.call.warn(f'unknown field "{key}"')
        where = exchange.route.name
        raise status.bad_request(
            f"the name of the object ({where} based on URL) was undeterminable: name must be provided"
        )
    given = GroupVersionKind.parse(str(version), str(kind))
    if given.kind == resource.kind:
        raise refusal(reader.unregistered(given.api_version, given.kind))
    raise refusal(reader.inconvertible(given, resource.group.partition(".")[0] or "core", resource.kind))


def _check_custom_identity(registry: Registry, exchange: Exchange, resource: Resource, patched: Manifest) -> None:
    version, kind = str(patched.get("apiVersion") or ""), str(patched.get("kind") or "")
    wanted = (("apiVersion", version, resource.api_version), ("kind", kind, resource.kind))
    errors = [status.invalid_value(field, was, f"must be {must}") for field, was, must in wanted if was != must]
    if not errors:
        return
    if registry.catalog.by_kind(GroupVersionKind.parse(version, resource.kind)) is None:
        # Nothing but metadata is known of a version that is not there.
        for key in sorted(patched.keys() - {"apiVersion", "kind", "metadata"}):
            exchange.call.warn(f'unknown field "{key}"')
    name = str(patched["metadata"].get("name") or "")
    raise status.invalid(kind, resource.group, name, errors)


def refusal_of(shown: str) -> Callable[[str], Exception]:
    """Words what is wrong with a patch or its outcome, which is ``shown``."""
    return lambda why: _invalid_patch(shown, why)


def _check_uid(resource: Resource, obj: Manifest, old: Manifest | None) -> None:
    """A replace with another uid is a conflict, a patch changes a field that may not change."""
    uid, known = obj["metadata"].get("uid"), old["metadata"].get("uid") if old else None
    if uid and known and uid != known:
        error = status.invalid_value("metadata.uid", uid, "field is immutable")
        raise status.invalid(resource.kind, resource.group, str(obj["metadata"].get("name") or ""), [error, error])


def _invalid_patch(shown: str, why: str) -> status.StatusError:
    return status.invalid("", "", "", [status.invalid_value("patch", shown, why)])


def parse_patch(body: bytes, media: str) -> Any:
    try:
        patch = bodies.parse_json(body)
    except status.StatusError:
        prefix = "" if media == STRATEGIC else "error decoding patch: "
        raise status.bad_request(prefix + _why(body)) from None
    if media == STRATEGIC:
        if not isinstance(patch, dict | None):
            raise status.bad_request(_not_a_map(patch).removeprefix("error decoding patch: "))
        return bodies.with_floats(patch)
    if media == JSON_PATCH:
        _check_operations(patch)
        return patch
    if patch is not None and not isinstance(patch, dict):
        raise status.bad_request(_not_a_map(patch))
    if patch is None and media == MERGE_PATCH:
        raise status.bad_request("Invalid JSON Patch")
    return patch


def _go_kind(value: Any) -> str:
    """What Go's JSON decoder calls a value."""
    if isinstance(value, bool):
        return "bool"
    return {dict: "object", list: "array", str: "string"}.get(value.__class__, "number")


def _not_a_map(patch: Any) -> str:
    return f"error decoding patch: json: cannot unmarshal {_go_kind(patch)} into Go value of type map[string]interface {{}}"


def _check_operations(operations: Any) -> None:
    if operations is not None and not isinstance(operations, list):
        kind = _go_kind(operations)
        raise status.bad_request(
            f"error decoding patch: json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
        )
    listed = operations or []
    if len(listed) > 10_000:
        raise status.too_large(f"The allowed maximum operations in a JSON patch is 10000, got {len(listed)}")
    for operation in listed:
        if not isinstance(operation, dict) and operation is not None:
            kind = _go_kind(operation)
            raise status.bad_request(
                f"error decoding patch: json: cannot unmarshal {kind} into Go value of type handlers.jsonPatchOp"
            )
        for key in ("op", "path", "from"):
            value = (operation or {}).get(key)
            if value is not None and not isinstance(value, str):
                raise status.bad_request(
                    f"error decoding patch: json: cannot unmarshal {_go_kind(value)} into Go struct field jsonPatchOp.{key} of type string"
                )


def _why(body: bytes) -> str:
    try:
        json.loads(body)
    except ValueError as error:
        return bodies.go_syntax_error(body, error)
    return "unexpected end of JSON input"


def _apply(
    registry: Registry, exchange: Exchange, resource: Resource, subresource: str, *, force: bool
) -> tuple[Manifest, bool]:
    key = key_of(exchange, resource)
    if subresource:
        registry.get(resource, key)
    applied = applied_object(exchange, resource.api_version, resource.kind)
    call = exchange.call

    def refuse(why: str) -> Exception:
        group = f"{resource.gvk.group}/{resource.gvk.version}, Kind={resource.kind}"
        return status.untyped(
            f"failed to convert new object ({apply.described(applied)}) to proper version: "
            f"unable to convert unstructured object to {group}: {why}"
        )

    def merge(old: Manifest | None) -> Manifest:
        merged = seams.apply_patch(
            resource,
            old,
            applied,
            manager=call.manager,
            force=force,
            subresource=subresource,
            now=call.stamp,
            shape=registry.shape(resource),
            versions=registry.versions(resource),
        )
        _check_apply_name(exchange, merged)
        return finish(registry, exchange, resource, old, merged, refuse)

    if registry.find(resource, key) is None:
        obj = merge(None)
        obj["metadata"].pop("resourceVersion", None)
        if uid := obj["metadata"].get("uid"):
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise status.conflict(resource.plural, resource.group, key[1], why)
        return registry.create_tracked(call, resource, key[0], obj, key[1], applied=True), True
    return registry.update(call, resource, key, merge, subresource=subresource, tracked=True)


def _converted(why: str) -> str:
    """Bytes are left to the decoder where merged data is restored, and that is told."""
    return f"error decoding from json: {why}" if why.startswith("illegal base64 data") else why


def applied_object(exchange: Exchange, api_version: str, kind: str) -> Manifest:
    from holdfast.base.errors import HoldfastError
    from holdfast.kube.yaml import load_all

    try:
        documents = load_all(exchange.request.body)
    except HoldfastError as error:
        raise status.bad_request(f"error decoding YAML: error converting YAML to JSON: {error}") from None
    value = documents[0].value if documents else None
    if value is not None and not isinstance(value, dict):
        kind = "array" if isinstance(value, list) else "string" if isinstance(value, str) else "bool"
        kind = "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else kind
        raise status.bad_request(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: "
            f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )
    applied: Manifest = bodies.with_floats(value) if isinstance(value, dict) else {}
    if (applied.get("apiVersion"), applied.get("kind")) != (api_version, kind):
        raise status.bad_request(f"invalid object type: {_type_text(applied)}")
    if applied.get("metadata") is None:
        applied["metadata"] = {}
    return applied


def _type_text(obj: Manifest) -> str:
    """Group, version and kind, as far as they are there; nothing is known of a version that has too many parts."""
    version, kind = (found if isinstance(found := obj.get(key), str) else "" for key in ("apiVersion", "kind"))
    if version.count("/") > 1:
        return "/, Kind="
    return f"{version if '/' in version else f'/{version}'}, Kind={kind}"


def _check_apply_name(exchange: Exchange, applied: Manifest) -> None:
    name = exchange.route.name
    given = (applied.get("metadata") or {}).get("name")
    if not given:
        raise status.bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if given != name:
        raise status.bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
