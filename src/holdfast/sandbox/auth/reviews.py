"""The SubjectAccessReview family: what may somebody do?

In: a review as it was sent. Out: the same with its answer in the status. Never: storage.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext, status
from holdfast.sandbox.auth.attributes import Attributes
from holdfast.sandbox.context import Call
from holdfast.sandbox.identity import User
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.status import FieldError

_GROUP = "authorization.k8s.io"


def review(registry: Registry, call: Call, resource: Resource, obj: Manifest) -> Manifest:
    if resource.kind == "SelfSubjectRulesReview":
        return _rules(registry, call, resource, obj)
    tracked = registry.track(call, resource, None, obj, "")
    spec = tracked.setdefault("spec", {})
    errors = _problems(resource.kind, spec, tracked["metadata"])
    if errors:
        raise status.invalid("", _GROUP, "", errors)
    user = call.user if resource.kind == "SelfSubjectAccessReview" else _user(spec)
    decision = registry.authorizer.authorize(_asked(user, spec))
    tracked["status"] = {"allowed": decision.allowed}
    if decision.reason:
        tracked["status"]["reason"] = decision.reason
    return tracked


def _user(spec: Manifest) -> User:
    return User(spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "", spec.get("extra") or {})


def _asked(user: User, spec: Manifest) -> Attributes:
    other = spec.get("nonResourceAttributes")
    if other is not None:
        return Attributes(user, other.get("verb") or "", path=other.get("path") or "/")
    given = spec["resourceAttributes"]
    fields = ("verb", "group", "resource", "subresource", "namespace", "name")
    verb, *rest = (given.get(field) or "" for field in fields)
    return Attributes(user, verb, *rest)


# --- what a review may not say ---


def _problems(kind: str, spec: Manifest, meta: Manifest) -> list[FieldError]:
    given, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    errors = []
    if given is not None and other is not None:
        errors.append(_path_error(other, "cannot be specified in combination with resourceAttributes"))
    if given is None and other is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        errors.append(status.invalid_value("spec.resourceAttributes", None, text))
    if kind != "SelfSubjectAccessReview" and not spec.get("user") and not spec.get("groups"):
        errors.append(status.invalid_value("spec.user", "", "at least one of user or group must be specified"))
    errors += _selector_problems(given or {})
    return errors + _local_problems(kind, given, other, meta)


def _local_problems(kind: str, given: Manifest | None, other: Manifest | None, meta: Manifest) -> list[FieldError]:
    local = kind == "LocalSubjectAccessReview"
    allowed = ("managedFields", "namespace") if local else ("managedFields",)
    errors = []
    if any(value for key, value in meta.items() if key not in allowed):
        text = "must be empty except for namespace" if local else "must be empty"
        errors.append(status.invalid_value("metadata", status.Literal(_meta_dump(meta)), text))
    if not local:
        return errors
    named = (given or {}).get("namespace") or ""
    if given is not None and named != (meta.get("namespace") or ""):
        field = "spec.resourceAttributes.namespace"
        errors.append(status.invalid_value(field, named, "must match metadata.namespace"))
    if other is not None:
        errors.append(_path_error(other, "disallowed on this kind of request"))
    return errors


def _path_error(other: Manifest, text: str) -> FieldError:
    shown = f'{{"Path":{gotext.dumps(other.get("path") or "")},"Verb":{gotext.dumps(other.get("verb") or "")}}}'
    return status.invalid_value("spec.nonResourceAttributes", status.Literal(shown), text)


_META_ORDER = (
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
)  # fmt: skip
_ENTRY_ORDER = ("manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource")


def _meta_dump(meta: Manifest) -> str:
    """As the server prints the struct: fields in its order."""
    parts = [f"{gotext.dumps(k)}:{gotext.dumps(meta[k])}" for k in _META_ORDER if meta.get(k)]
    if meta.get("managedFields"):
        entries = (
            "{" + ",".join(f"{gotext.dumps(k)}:{gotext.dumps(e[k])}" for k in _ENTRY_ORDER if k in e) + "}"
            for e in meta["managedFields"]
        )
        parts.append(f'"managedFields":[{",".join(entries)}]')
    return "{" + ",".join(parts) + "}"


def _selector_problems(given: Manifest) -> list[FieldError]:
    errors = []
    for name in ("fieldSelector", "labelSelector"):
        selector = given.get(name)
        if selector is None:
            continue
        path = f"spec.resourceAttributes.{name}"
        raw, requirements = selector.get("rawSelector"), selector.get("requirements")
        if raw and requirements:
            text = "may not specified at the same time as requirements"
            errors.append(status.invalid_value(f"{path}.rawSelector", raw, text))
        if not raw and not requirements:
            text = f"when {path} is specified, requirements or rawSelector is required"
            errors.append(status.required(f"{path}.requirements", text))
        for index, item in enumerate(requirements or ()):
            errors += _requirement_problems(item, f"{path}.requirements[{index}]")
    return errors


def _requirement_problems(item: Manifest, path: str) -> list[FieldError]:
    operator, values = item.get("operator"), item.get("values")
    errors = []
    if not item.get("key"):
        errors.append(status.required(f"{path}.key", "must be specified"))
    if operator in ("In", "NotIn") and not values:
        errors.append(status.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    if operator in ("Exists", "DoesNotExist") and values:
        text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.append(status.forbidden_field(f"{path}.values", text))
    return errors


# --- the rules of a user ---


def _rules(registry: Registry, call: Call, resource: Resource, obj: Manifest) -> Manifest:
    namespace = (obj.get("spec") or {}).get("namespace")
    if not namespace:
        raise status.bad_request("no namespace on request")
    rules, problem = registry.authorizer.rules_for(call.user, namespace)
    fields = ("verbs", "apiGroups", "resources", "resourceNames")
    found: Manifest = {
        "resourceRules": [_pick(r, fields) for r in rules if r.get("resources")],
        "nonResourceRules": [_pick(r, ("verbs", "nonResourceURLs")) for r in rules if r.get("nonResourceURLs")],
        "incomplete": False,
    }
    if problem:
        found["evaluationError"] = problem
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {}, "spec": {}, "status": found}


def _pick(rule: Manifest, fields: tuple[str, ...]) -> Manifest:
    return {field: rule[field] for field in fields if rule.get(field)}
