"""Writing one object as kubectl would: apply on the client's or the server's side, replace, create.

In: a `Send`. Out: what kubectl says about it (``configmap/x configured``), or the server's error as it is. Client-side apply
keeps what it applied in an annotation and merges three ways; fields are owned by ``argocd-controller``, as Argo CD has it, so
that either can take over from the other.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from holdfast.apply.sync_decode import metadata_fault, rbac_fault
from holdfast.apply.sync_rbac import reconciled, rehearsed
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import ApiError, BadRequest, Conflict, Invalid, NoMatch, NotFound
from holdfast.kube import fieldset
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.kube.schema import builtin
from holdfast.kube.threeway import difference, joined, without_nulls
from holdfast.model.sync import Send

MANAGER: Final = "argocd-controller"
CONTROLLER: Final = "argocd-application-controller"
"""Who owns what is written without apply: the name of Argo CD's own program."""
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_ATTEMPTS: Final = 5
_MANIFEST: Final = "/dev/shm/0"
"""kubectl names the file of a manifest in some errors; Argo CD's users know them with such a name."""
_GO_MAP: Final = re.compile(r"map\[.*\]")
_RBAC: Final = "rbac.authorization.k8s.io/v1"
Gone = Callable[[GroupVersionKind, ObjectRef], Awaitable[None]]
"""Returns when an object is not there any more."""


async def write(client: Client, send: Send, gone: Gone, *, asking: bool = False) -> str:
    """``asking``: a dry run asks for the live object too, as who writes may not be let to. Raises ApiError."""
    target = send.target
    try:
        resource = await client.resource(GroupVersionKind.of(target))
    except NoMatch as error:
        raise _named(error, _unmapped(target, error.message)) from error
    body = target if resource.namespaced else _without_namespace(target)
    if send.dry_run:
        _check(send)
        if asking and not send.replace:
            with contextlib.suppress(NotFound):
                await _current(client, body, resource.plural)
        return _rehearsed(send, resource.plural)
    if send.server_side and send.force and not send.replace:
        raise BadRequest("error validating options: --force cannot be used with --server-side")
    try:
        return await _written(client, send, body, resource.plural, gone)
    except ApiError as error:
        raise _named(error, _GO_MAP.sub("", error.message.strip())) from error


def _check(send: Send) -> None:
    """What could not even be sent. Raises BadRequest."""
    roles = send.target.get("apiVersion") == _RBAC and not send.replace
    fault = rbac_fault(send.target) if roles else metadata_fault(send.target)
    if fault:
        prefix = "error running kubectl auth reconcile: " if roles else ""
        raise BadRequest(f'{prefix}unable to decode "{_MANIFEST}": {fault}')


async def _current(client: Client, body: Manifest, plural: str) -> Manifest:
    """The live object that an apply starts from. Raises ApiError, NotFound as it is."""
    ref, gvk = _ref(body), GroupVersionKind.of(body)
    try:
        return await client.get(ref, version=gvk.version)
    except NotFound:
        raise
    except ApiError as error:
        version = f"{gvk.group}/{gvk.version}"
        raise _named(
            error,
            f'error when retrieving current configuration of:\nResource: "{version}, Resource={plural}", '
            f'GroupVersionKind: "{version}, Kind={gvk.kind}"\nName: "{ref.name}", Namespace: "{ref.namespace}"\n'
            f'from server for: "{_MANIFEST}": {error.message}',
        ) from error


def _unmapped(target: Manifest, reason: str) -> str:
    ref = ObjectRef.of(target)
    return (
        f'resource mapping not found for name: "{ref.name}" namespace: "{ref.namespace}" from "{_MANIFEST}": {reason}\n'
        "ensure CRDs are installed first"
    )


def _named(error: ApiError, message: str) -> ApiError:
    return type(error)(message, code=error.code, reason=error.reason, status=error.status, after=error.after)


def _at_manifest(verb: str, error: ApiError) -> ApiError:
    return _named(error, f'error when {verb} "{_MANIFEST}": {error.message.strip()}')


async def _written(client: Client, send: Send, body: Manifest, plural: str, gone: Gone) -> str:
    target = send.target
    if send.server_side and send.live is not None and send.migrate:
        await _migrate(client, send.live, send.migrate)
    if send.replace:
        return await _replaced(client, send, body, gone)
    if send.server_side:
        return await _server_side(client, send, body)
    before = ""
    if target.get("apiVersion") == _RBAC:
        before = await reconciled(client, body, CONTROLLER)
    return before + await _client_side(client, send, body, plural, gone)


def named(obj: Mapping[str, Any]) -> str:
    """``deployment.apps/web``."""
    gvk = GroupVersionKind.of(obj)
    kind = f"{gvk.kind}.{gvk.group}" if gvk.group else gvk.kind
    return f"{kind.lower()}/{ObjectRef.of(obj).name}"


def _without_namespace(obj: Manifest) -> Manifest:
    meta = {k: v for k, v in (obj.get("metadata") or {}).items() if k != "namespace"}
    return {**obj, "metadata": meta}


def _ref(obj: Manifest) -> ObjectRef:
    return ObjectRef.of(obj)


# --- client-side apply ------------------------------------------------------------------------------------------------


def annotated(obj: Manifest) -> Manifest:
    """With what is applied now as the annotation for the next apply; any older one does not count."""
    meta = dict(obj.get("metadata") or {})
    kept = {k: v for k, v in (meta.get("annotations") or {}).items() if k != LAST_APPLIED}
    plain = {**obj, "metadata": {**meta, "annotations": kept}}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    return {**obj, "metadata": {**meta, "annotations": {**kept, LAST_APPLIED: _escaped(text)}}}


def _escaped(text: str) -> str:
    """Go's JSON escapes what HTML would read."""
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def merged(live: Manifest, wanted: Manifest) -> Manifest:
    """The JSON merge patch that a client-side apply comes to; empty for nothing to do."""
    text = (live.get("metadata") or {}).get("annotations") or {}
    try:
        original = json.loads(text.get(LAST_APPLIED) or "{}")
    except ValueError:
        original = {}
    schema = builtin().lookup(GroupVersionKind.of(wanted))
    patch = difference(live, joined(original if isinstance(original, dict) else {}, wanted, live, schema))
    return _asked(patch, wanted)


def _asked(patch: Manifest, wanted: Manifest) -> Manifest:
    """The server's own fields are never taken away."""
    meta = patch.get("metadata")
    if isinstance(meta, dict):
        patch["metadata"] = {
            k: v for k, v in meta.items() if v is not None or k in ("annotations", "labels", "finalizers")
        }
        if not patch["metadata"]:
            del patch["metadata"]
    return patch


async def _client_side(client: Client, send: Send, body: Manifest, plural: str, gone: Gone) -> str:
    wanted = annotated(body)
    ref, version = _ref(body), GroupVersionKind.of(body).version
    try:
        live = await _current(client, body, plural)
    except NotFound:
        await client.create(without_nulls(wanted), manager=MANAGER)
        return f"{named(body)} created"
    warning = "" if LAST_APPLIED in _annotations(live) else _missing(plural, ref.name)
    warning += _deleting(live)
    patch = merged(live, wanted)
    if not patch:
        return f"{named(body)} unchanged{warning}"
    try:
        await client.patch(ref, patch, PatchType.MERGE, version=version, manager=MANAGER)
    except ApiError as error:
        if not (send.force and isinstance(error, Conflict | Invalid)):
            raise _at_manifest("patching", error) from error
        await _deleted(client, ref, version, gone)
        await client.create(without_nulls(wanted), manager=MANAGER)
    return f"{named(body)} configured{warning}"


def _annotations(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (obj.get("metadata") or {}).get("annotations")
    return found if isinstance(found, Mapping) else {}


def _deleting(live: Mapping[str, Any]) -> str:
    meta = live.get("metadata") or {}
    if not meta.get("deletionTimestamp"):
        return ""
    return f". Warning: Detected changes to resource {meta.get('name')} which is currently being deleted."


def _missing(plural: str, name: str) -> str:
    return (
        f". Warning: resource {plural}/{name} is missing the {LAST_APPLIED} annotation which is required by  apply.  apply "
        "should only be used on resources created declaratively by either  create --save-config or  apply. The missing "
        "annotation will be patched automatically."
    )


async def _deleted(client: Client, ref: ObjectRef, version: str, gone: Gone) -> None:
    try:
        await client.delete(ref, version=version, propagation="Background", grace_seconds=0)
    except NotFound:
        return
    await gone(GroupVersionKind(ref.group, version, ref.kind), ref)


# --- server-side apply ------------------------------------------------------------------------------------------------


async def _server_side(client: Client, send: Send, body: Manifest) -> str:
    live = await client.apply(body, manager=MANAGER, force=True)
    owners = last_applied_owners(live)
    if owners:
        for owner in owners:
            await _migrate(client, live, owner)
        # Now the annotation is ours, and as it is not in what we apply, it goes.
        await client.apply(body, manager=MANAGER, force=True)
    return f"{named(body)} serverside-applied{_deleting(live)}"


def last_applied_owners(live: Manifest) -> list[str]:
    """Who owns the annotation of a client-side apply."""
    path = ("f:metadata", "f:annotations", f"f:{LAST_APPLIED}")
    return [str(e.get("manager")) for e in _updates(live) if _owns(e, path)]


def _updates(live: Manifest) -> list[dict[str, Any]]:
    entries = (live.get("metadata") or {}).get("managedFields") or ()
    return [e for e in entries if e.get("operation") == "Update" and not e.get("subresource")]


def _owns(entry: Mapping[str, Any], path: fieldset.Path) -> bool:
    found: Any = entry.get("fieldsV1")
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found is not None


def upgraded(live: Manifest, manager: str) -> list[dict[str, Any]] | None:
    """The field managers after a manager's fields became ours; None where it has none."""
    entries = list((live.get("metadata") or {}).get("managedFields") or ())
    theirs = [e for e in _updates(live) if e.get("manager") == manager]
    if not theirs:
        return None
    own = next((e for e in entries if _is_own(e)), None)
    fields = fieldset.decode((own or {}).get("fieldsV1") or {})
    for entry in theirs:
        fields = fieldset.union(fields, fieldset.decode(entry.get("fieldsV1") or {}))
    ours = {**(own or theirs[0]), "manager": MANAGER, "operation": "Apply", "fieldsV1": fields}
    return [*(e for e in entries if e is not own and e not in theirs), ours]


def _is_own(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource")


async def _migrate(client: Client, live: Manifest, manager: str) -> None:
    ref, version = ObjectRef.of(live), GroupVersionKind.of(live).version
    for attempt in range(_ATTEMPTS):
        entries = upgraded(live, manager)
        if entries is None:
            return
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"].get("resourceVersion")},
        ]
        try:
            await client.patch(ref, patch, PatchType.JSON, version=version)
        except Conflict:
            if attempt + 1 == _ATTEMPTS:
                raise
            live = await client.get(ref, version=version)
        else:
            return


# --- replace ----------------------------------------------------------------------------------------------------------


async def _replaced(client: Client, send: Send, body: Manifest, gone: Gone) -> str:
    ref, gvk = _ref(body), GroupVersionKind.of(body)
    if send.live is None:
        await client.create(body, manager=CONTROLLER)
        return f"{named(body)} created"
    if gvk.kind in ("CustomResourceDefinition", "Namespace"):
        # A replacement of these by deletion would take everything inside with it.
        await client.update(_versioned(body, send.live), manager=CONTROLLER)
        return f"{gvk.kind}/{ref.name} updated"
    if send.force:
        await _deleted(client, ref, gvk.version, gone)
        await client.create(body, manager=CONTROLLER)
        space = f" from {ref.namespace} namespace" if ref.namespace else ""
        return f'{named(body).partition("/")[0]} "{ref.name}" deleted{space}\n{named(body)} replaced'
    try:
        live = await client.get(ref, version=gvk.version)
        await client.update(_versioned(body, live), manager=CONTROLLER)
    except ApiError as error:
        raise _at_manifest("replacing", error) from error
    return f"{named(body)} replaced"


def _versioned(body: Manifest, live: Manifest) -> Manifest:
    version = (live.get("metadata") or {}).get("resourceVersion")
    return {**body, "metadata": {**body["metadata"], "resourceVersion": version}}


# --- dry runs ---------------------------------------------------------------------------------------------------------


def _rehearsed(send: Send, plural: str) -> str:
    """A dry run on the client's side: what would be said; the server is not asked."""
    warning = ""
    if send.live is None:
        word = "created"
    elif send.replace:
        word = "replaced"
    else:
        word = "configured" if merged(send.live, annotated(send.target)) else "unchanged"
        warning = "" if LAST_APPLIED in _annotations(send.live) else _missing(plural, ObjectRef.of(send.live).name)
    before = rehearsed(send.target, send.live) if send.target.get("apiVersion") == _RBAC and not send.replace else ""
    return f"{before}{named(send.target)} {word} (dry run){warning}"
