"""Admission webhooks that are named by URL are called; those behind a Service are taken as content.

In: a request and the stored webhook configurations. Out: the object patched, warnings, or a refusal. Never: a call into a Service, because no pod
of a sandbox answers; a call that outlasts its timeout.

The call blocks the server, as every operation of the registry does: one request is one step.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from holdfast.base.tls import client_context
from holdfast.kube.patch import json_patch
from holdfast.kube.refs import Manifest
from holdfast.sandbox import status
from holdfast.sandbox.admission.policy import admission_request
from holdfast.sandbox.admission.policy_match import excluded, matches
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.context import Call
from holdfast.sandbox.crd.expressions import CompileError, EvalError, compile_expression
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.status import StatusError

_GROUP = "admissionregistration.k8s.io"
_SELF = {(_GROUP, "validatingwebhookconfigurations"), (_GROUP, "mutatingwebhookconfigurations")}
_VARIABLES = (("object", "DYN"), ("oldObject", "DYN"), ("request", "DYN"))
_DEFAULT_SECONDS = 10


class Failure(Exception):
    """The webhook could not be asked, or its answer makes no sense."""


class Webhooks:
    """Stands among the hooks of the registry; `plural` says which configurations it reads."""

    def __init__(self, registry: Registry, plural: str) -> None:
        self._world = World(registry)
        self._plural = plural
        self._mutating = plural.startswith("mutating")

    def __call__(
        self, call: Call, resource: Resource, operation: str, new: Manifest | None, old: Manifest | None, sub: str
    ) -> None:
        if not self._world.any(_GROUP, "v1", self._plural):
            return
        request = Request(call, resource, operation, new, old, sub)
        if excluded(request) or request.key in _SELF:
            return
        for hook in self._hooks():
            matched = _matched(self._world, hook, request)
            if matched is not None:
                self._ask(request, hook, matched)

    def _hooks(self) -> Iterator[Manifest]:
        for found in sorted(self._world.list(_GROUP, "v1", self._plural), key=lambda c: str(c["metadata"]["name"])):
            for hook in found.get("webhooks") or ():
                if (hook.get("clientConfig") or {}).get("url"):
                    yield hook

    def _ask(self, request: Request, hook: Manifest, matched: Resource) -> None:
        try:
            if not _conditions(hook, request, matched):
                return
            answer = _post(hook, _review(request, matched))
        except Failure as error:
            if hook.get("failurePolicy") == "Ignore":
                return
            raise status.internal_error(f'failed calling webhook "{hook["name"]}": {error}') from None
        for text in answer.get("warnings") or ():
            request.call.warn(str(text))
        if not answer.get("allowed"):
            raise _denied(str(hook["name"]), answer.get("status") or {})
        if self._mutating and answer.get("patch") and request.new is not None:
            _patch(request.new, str(answer["patch"]))


def _matched(world: World, hook: Manifest, request: Request) -> Resource | None:
    keys = ("namespaceSelector", "objectSelector", "matchPolicy")
    constraints = {**{key: hook.get(key) for key in keys}, "resourceRules": hook.get("rules") or []}
    return matches(world, constraints, request, rules_needed=True)


def _conditions(hook: Manifest, request: Request, matched: Resource) -> bool:
    values = {"object": request.new, "oldObject": request.old, "request": admission_request(request, matched)}
    for condition in hook.get("matchConditions") or ():
        try:
            if compile_expression(condition["expression"], _VARIABLES).run(values) is not True:
                return False
        except (CompileError, EvalError) as error:
            raise Failure(f"match condition {condition.get('name')}: {error}") from None
    return True


def _review(request: Request, matched: Resource) -> Manifest:
    asked = admission_request(request, matched)
    asked |= {"uid": str(request.obj["metadata"].get("uid") or "0"), "object": request.new, "oldObject": request.old}
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": asked}


def _post(hook: Manifest, review: Manifest) -> Manifest:
    config = hook["clientConfig"]
    seconds = hook.get("timeoutSeconds") or _DEFAULT_SECONDS
    url = f"{config['url']}{'&' if '?' in config['url'] else '?'}timeout={seconds}s"
    try:
        text = _exchange(url, config.get("caBundle"), json.dumps(review).encode(), seconds)
    except OSError as error:
        raise Failure(f'failed to call webhook: Post "{url}": {_words(url, error)}') from None
    try:
        answer = json.loads(text)["response"]
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"expected response.uid, got an answer that is no AdmissionReview: {error}") from None
    return answer if isinstance(answer, dict) else {}


def _exchange(url: str, bundle: str | None, body: bytes, seconds: float) -> bytes:
    parts = urlsplit(url)
    context = client_context(base64.b64decode(bundle).decode() if bundle else "")
    link = http.client.HTTPSConnection(parts.hostname or "", parts.port or 443, timeout=seconds, context=context)
    try:
        link.request("POST", f"{parts.path or '/'}?{parts.query}", body, {"Content-Type": "application/json"})
        answer = link.getresponse()
        text = answer.read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from None
    finally:
        link.close()
    if answer.status != 200:
        raise OSError(f"the server answered {answer.status}")
    return text


def _words(url: str, error: OSError) -> str:
    """A failed connection as the real server's HTTP client tells it."""
    parts = urlsplit(url)
    place = f"{parts.hostname}:{parts.port or 443}"
    if isinstance(error, ConnectionRefusedError):
        return f"dial tcp {place}: connect: connection refused"
    if isinstance(error, TimeoutError):
        return "context deadline exceeded"
    return f"dial tcp {place}: {error.strerror or error}" if error.errno else str(error)


def _denied(name: str, answer: Manifest) -> StatusError:
    message, reason = answer.get("message") or "", answer.get("reason") or ""
    why = f'admission webhook "{name}" denied the request'
    why += f": {message}" if message else f": {reason}" if reason else " without explanation"
    details: Any = answer.get("details")
    code = answer.get("code")
    known = isinstance(code, int) and 400 <= code < 600
    return StatusError(code if known else 400 if not reason else 403, reason, why, details)  # type: ignore[arg-type]


def _patch(obj: Manifest, patch: str) -> None:
    try:
        changed = json_patch(obj, json.loads(base64.b64decode(patch)))
    except Exception as error:  # noqa: BLE001 whatever is wrong with a foreign patch, the write fails
        raise status.internal_error(str(error)) from None
    obj.clear()
    obj.update(changed)
