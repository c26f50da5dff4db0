"""The scale subresource: one small object over everything that has replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.kube import ssa_scale
from holdfast.kube.fieldset import Path
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox import apply, bodies, gotext, options, patches, reader, restore, scale_owners, seams, status
from holdfast.sandbox.exchange import Exchange, any_form, key_of, show
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.tables import text

API_VERSION = "autoscaling/v1"
KIND = GroupVersionKind("autoscaling", "v1", "Scale")
_INT32 = 1 << 31
_KEPT = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def serve(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    form = any_form(exchange)
    if exchange.verb == "get":
        return show(exchange, resource, view(resource, registry.get(resource, key_of(exchange, resource))), form)
    applied = force = False
    if exchange.verb == "patch":
        applied = patches.media_of(exchange, resource) == patches.APPLY
        scale = _patched(registry, exchange, resource)
        force = applied and bool(options.patch_options(exchange.query, apply=True).force)
    else:
        exchange.configure(options.write_options(exchange.query, "UpdateOptions"))
        scale = _read(exchange, resource)
    if not applied:
        _check_name(exchange, scale)
    return show(
        exchange,
        resource,
        view(resource, _write(registry, exchange, resource, scale, applied=applied, force=force)),
        form,
    )


def view(resource: Resource, obj: Manifest) -> Manifest:
    """The Scale of an object."""
    meta = {k: v for k, v in obj["metadata"].items() if k in _KEPT}
    found: Manifest = {
        "kind": "Scale",
        "apiVersion": API_VERSION,
        "metadata": meta,
        "spec": {},
        "status": {"replicas": 0},
    }
    spec_path, status_path, selector_path = _paths(resource)
    wanted = _dig(obj, spec_path)
    if wanted is None and resource.crd:
        raise status.untyped(f'the spec replicas field "{_dotted(spec_path)}" does not exist')
    if wanted:
        found["spec"]["replicas"] = wanted
    found["status"]["replicas"] = _dig(obj, status_path) or 0
    selector = _dig(obj, selector_path)
    if selector and isinstance(selector, dict) and not resource.crd:
        plain = resource.kind == "ReplicationController"
        selector = text.equality(selector) if plain else text.selector(selector, "")
    if selector:
        found["status"]["selector"] = selector
    return found


def _paths(resource: Resource) -> tuple[list[str], list[str], list[str]]:
    if not resource.crd:
        return ["spec", "replicas"], ["status", "replicas"], ["spec", "selector"]
    scale = (resource.spec.get("subresources") or {}).get("scale") or {}
    names = ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")
    spec, state, selector = ([s for s in str(scale.get(n) or "").split(".") if s] for n in names)
    return spec, state, selector


def _dotted(path: list[str]) -> str:
    return "." + ".".join(path)


def _dig(obj: Any, path: list[str]) -> Any:
    if not path:
        return None
    for step in path:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(step)
    return obj


def _read(exchange: Exchange, resource: Resource) -> Manifest:
    body = bodies.read_object(exchange.request, KIND.kind)
    scale = bodies.as_object(body, exchange.request.body, KIND.kind)
    version, kind = scale.get("apiVersion") or API_VERSION, scale.get("kind") or KIND.kind
    if (version, kind) != (API_VERSION, KIND.kind):
        if resource.crd:
            raise status.bad_request(
                'no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"'
            )
        reader.check_convertible(KIND, GroupVersionKind.parse(version, kind))
        raise status.bad_request(
            f"the API version in the data ({version}) does not match the expected API version ({API_VERSION})"
        )
    return reader.decode_kind(exchange, KIND, scale, body.raw)


def _check_name(exchange: Exchange, scale: Manifest) -> None:
    name, given = exchange.route.name, scale["metadata"].get("name")
    if not given:
        raise status.bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if given != name:
        raise status.bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
    if scale["metadata"].get("namespace") not in (None, "", exchange.route.namespace):
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def _patched(registry: Registry, exchange: Exchange, resource: Resource) -> Manifest:
    media = patches.media_of(exchange, resource)
    exchange.configure(options.patch_options(exchange.query, apply=media == patches.APPLY))
    bodies.check_size(exchange.request)
    live = view(resource, registry.get(resource, key_of(exchange, resource)))
    if media == patches.APPLY:
        return _applied(exchange, resource, live)
    patch = patches.parse_patch(exchange.request.body, media)
    patched = patches.patched_by(seams.builtin_schema(KIND), live, patch, media)
    merged = media == patches.STRATEGIC
    refuse = patches.refusal_of(gotext.plain(patch) if merged else gotext.dumps(patched))
    return _finished(exchange, patched, refuse, merged=merged)


def _finished(exchange: Exchange, patched: Any, refuse: Callable[[str], Exception], *, merged: bool) -> Manifest:
    """The patched JSON as a Scale again; ``merged`` data is restored rather than decoded."""
    if not isinstance(patched, dict):
        raise refuse("json: cannot unmarshal")
    why = "" if merged else bodies.misidentified(dict(sorted(patched.items())))
    version, kind = patched.get("apiVersion") or API_VERSION, patched.get("kind") or KIND.kind
    if not why and not merged and (version, kind) != (API_VERSION, KIND.kind):
        why = reader.unregistered(version, kind)
    if why:
        raise refuse(why)
    try:
        if merged:
            restore.restore(KIND, patched)
        return reader.decode_kind(exchange, KIND, patched, None)
    except restore.RestoreError as error:
        raise refuse(error.message) from None
    except seams.DecodeFailure as failure:
        raise refuse(failure.why) from None


def _applied(exchange: Exchange, resource: Resource, live: Manifest) -> Manifest:
    """The Scale that is applied; ``_write`` merges it with the object as it is then."""
    applied = patches.applied_object(exchange, API_VERSION, "Scale")
    if resource.crd:
        raise status.untyped(
            f"failed to convert new object ({apply.described(applied)}) to proper version: "
            f"request to convert CR to an invalid group/version: {API_VERSION}"
        )
    del live
    return applied


def _write(
    registry: Registry, exchange: Exchange, resource: Resource, scale: Manifest, *, applied: bool, force: bool
) -> Manifest:
    path = _paths(resource)[0]
    call = exchange.call

    def transform(old: Manifest | None) -> Manifest:
        assert old is not None
        before = _dig(old, path)
        owners: dict[str, Any] = {
            "manager": call.manager,
            "api_version": resource.api_version,
            "paths": _replicas_paths(registry, resource, old),
            "now": call.stamp,
        }
        if applied:
            found, entries = scale_owners.after_apply(old, before, scale, force=force, **owners)
            _check_applied(exchange, scale, found)
        else:
            found = scale
            entries = scale_owners.after_write(old, before, (scale.get("spec") or {}).get("replicas"), **owners)
        _check_uid(resource, scale, old)
        replicas = (found.get("spec") or {}).get("replicas") or 0
        if isinstance(replicas, int) and replicas < 0:
            raise _negative(exchange, resource, replicas, path)
        holder = old
        for step in path[:-1]:
            holder = holder.setdefault(step, {})
        holder[path[-1]] = replicas
        meta = old["metadata"]
        meta["resourceVersion"] = scale["metadata"].get("resourceVersion") or meta["resourceVersion"]
        meta["managedFields"] = entries
        if not entries:
            del meta["managedFields"]
        return old

    key = key_of(exchange, resource)
    updated, _ = registry.update(call, resource, key, transform, subresource="scale", tracked=True)
    return updated


def _check_applied(exchange: Exchange, applied: Manifest, found: Manifest) -> None:
    """What came of an apply has to be a Scale of this object."""
    try:
        restore.restore(KIND, found)
        if not -_INT32 <= ((found.get("spec") or {}).get("replicas") or 0) < _INT32:
            raise restore.RestoreError("cannot convert float64 to int32")
    except restore.RestoreError as error:
        raise status.untyped(
            f"failed to convert new object ({apply.described(applied)}) to proper version: "
            f"unable to convert unstructured object to {API_VERSION}, Kind=Scale: {error.message}"
        ) from None
    _check_name(exchange, found)


def _check_uid(resource: Resource, scale: Manifest, old: Manifest) -> None:
    wanted, present = scale["metadata"].get("uid"), old["metadata"]["uid"]
    if wanted and wanted != present:
        why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {present}"
        raise status.conflict(f"{resource.plural}/scale", resource.group, old["metadata"]["name"], why)


def _replicas_paths(registry: Registry, resource: Resource, obj: Manifest) -> dict[str, Path | None]:
    """Where the replicas are in every version that owners of ``obj`` name; versions that are gone are left out."""
    found: dict[str, Path | None] = {}
    for entry in [{"apiVersion": resource.api_version}, *(obj["metadata"].get("managedFields") or ())]:
        version = str(entry.get("apiVersion") or "")
        other = registry.catalog.by_kind(GroupVersionKind.parse(version, resource.kind))
        if other is not None:
            path = _paths(other)[0]
            found[version] = ssa_scale.replicas_path(".".join(path)) if path else None
    return found


def _negative(exchange: Exchange, resource: Resource, replicas: int, path: list[str]) -> status.StatusError:
    if resource.crd:
        errors = [status.invalid_value(_dotted(path), replicas, "should be a non-negative integer")]
        return status.invalid(resource.kind, resource.group, exchange.route.name, errors)
    errors = [status.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")]
    return status.invalid("Scale", "autoscaling", exchange.route.name, errors)
