"""Validation of admission policies and bindings, their expressions compiled.

In: a defaulted policy or binding. Out: field errors. Never: evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from holdfast.kube.refs import Manifest
from holdfast.sandbox.admission.policy_cel import Refused, Scope
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.selectors import label_selector
from holdfast.sandbox.kinds.validate_webhooks import match_conditions, rule_with_operations
from holdfast.sandbox.status import INTERNAL, FieldError

_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_ACTIONS = ("Audit", "Deny", "Warn")
_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED = frozenset(
    ("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
     "namespace", "return", "var", "void", "while")
)  # fmt: skip
_NEEDED = "validations or auditAnnotations must contain at least one item"


def _chosen(errs: Errors, path: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is None:
        errs.required(path)
    else:
        errs.known(path, value, known)


def check(obj: Manifest, old: Manifest | None) -> Errors:
    errs = Errors()
    spec = obj.get("spec") or {}
    kind = str(obj.get("kind"))
    if kind.endswith("Binding"):
        _binding(errs, spec, kind)
    elif old is None or (old.get("spec") or {}) != spec:
        _policy(errs, obj, spec, mutating=kind == "MutatingAdmissionPolicy")
    return errs


def _policy(errs: Errors, obj: Manifest, spec: Manifest, *, mutating: bool) -> None:
    _chosen(errs, "spec.failurePolicy", spec.get("failurePolicy"), ("Fail", "Ignore"))
    params = spec.get("paramKind") is not None
    scope = Scope(params, composed=mutating or bool(spec.get("variables")), constructs=mutating)
    if scope.params:
        _param_kind(errs, spec["paramKind"])
    _constraints(errs, spec.get("matchConstraints"), mutating)
    conditions = spec.get("matchConditions") or []
    alone = Scope(params=scope.params)
    match_conditions(
        errs,
        conditions,
        "spec.matchConditions",
        lambda e, text, path: _compile(e, alone, text.strip(), path, ("bool",)),
    )
    for index, variable in enumerate(spec.get("variables") or ()):
        _variable(errs, scope, variable, f"spec.variables[{index}]")
    if mutating:
        _mutations(errs, scope, spec)
    else:
        _validations(errs, scope, spec, str(obj["metadata"].get("name") or ""))


def check_webhooks(obj: Manifest) -> Errors:
    """The expressions of a webhook configuration; all else about it is validated with the kinds."""
    errs, scope = Errors(), Scope(params=False)
    for number, hook in enumerate(obj.get("webhooks") or ()):
        for index, condition in enumerate(hook.get("matchConditions") or ()):
            text = str(condition.get("expression") or "").strip()
            if text:
                _compile(errs, scope, text, f"webhooks[{number}].matchConditions[{index}].expression", ("bool",))
    return errs


def _compile(
    errs: Errors, scope: Scope, source: str, path: str, wanted: Sequence[str] = (), *, authorizer: bool = True
) -> None:
    try:
        if scope.check(source, wanted, authorizer=authorizer) is None:
            scope.compile(source, wanted, authorizer=authorizer)
    except Refused as error:
        _refused(errs, path, source, error)


def _refused(errs: Errors, path: str, source: str, error: Refused) -> None:
    if error.internal:
        errs.append(FieldError(INTERNAL, path, "", str(error)))
    else:
        errs.invalid(path, source, str(error))


def _param_kind(errs: Errors, kind: Manifest) -> None:
    path, version, name = "spec.paramKind", kind.get("apiVersion") or "", kind.get("kind") or ""
    if not version:
        errs.required(f"{path}.apiVersion")
    elif version.count("/") > 1:
        errs.invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    else:
        group, _, own = version.rpartition("/")
        if group and names.dns_subdomain(group):
            errs.invalid(f"{path}.apiVersion", group, ",".join(names.dns_subdomain(group)))
        if not own:
            errs.invalid(f"{path}.apiVersion", version, "version must be specified")
        elif names.dns_1035_label(own):
            errs.invalid(f"{path}.apiVersion", own, ",".join(names.dns_1035_label(own)))
    if not name:
        errs.required(f"{path}.kind")
    elif names.dns_1035_label(name.lower()):
        problems = ",".join(names.dns_1035_label(name.lower()))
        errs.invalid(f"{path}.kind", name, f"may have mixed case, but should otherwise match: {problems}")


def _constraints(errs: Errors, found: Manifest | None, mutating: bool) -> None:
    if found is None:
        errs.required("spec.matchConstraints")
        return
    _match_resources(errs, found, "spec.matchConstraints")
    if not found.get("resourceRules"):
        errs.required("spec.matchConstraints.resourceRules")
    if mutating:
        _only_writes(errs, found, "spec.matchConstraints")


def _only_writes(errs: Errors, found: Manifest, path: str) -> None:
    for rule in found.get("resourceRules") or ():
        for operation in rule.get("operations") or ():
            if operation not in ("*", "CONNECT", "CREATE", "UPDATE"):
                errs.unsupported(f"{path}.resourceRules.operations", operation, ("*", "CONNECT", "CREATE", "UPDATE"))


def _match_resources(errs: Errors, found: Manifest, path: str) -> None:
    _chosen(errs, f"{path}.matchPolicy", found.get("matchPolicy"), ("Equivalent", "Exact"))
    for key in ("namespaceSelector", "objectSelector"):
        if found.get(key) is None:
            errs.required(f"{path}.{key}")
        else:
            label_selector(errs, found[key], f"{path}.{key}")
    for key in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(found.get(key) or ()):
            place = f"{path}.{key}[{index}]"
            _rule_names(errs, rule.get("resourceNames") or (), f"{place}.resourceNames")
            rule_with_operations(errs, rule, place)


def _rule_names(errs: Errors, found: Sequence[str], path: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(found):
        errs.name(f"{path}[{index}]", name, names.path_segment)
        if name in seen:
            errs.duplicate(f"{path}[{index}]", name)
        seen.add(name)


def _variable(errs: Errors, scope: Scope, variable: Manifest, path: str) -> None:
    name, source = variable.get("name") or "", variable.get("expression") or ""
    if not name.strip():
        errs.required(f"{path}.name", "name is not specified")
    elif not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
        errs.invalid(f"{path}.name", name, "must be a valid CEL identifier")
    if not source.strip():
        errs.required(f"{path}.expression", "expression is not specified")
        return
    try:
        scope.declare(name, source)
    except Refused as error:
        _refused(errs, f"{path}.expression", source, error)


def _validations(errs: Errors, scope: Scope, spec: Manifest, name: str) -> None:
    validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not validations and not annotations:
        errs.required("spec.validations", _NEEDED)
        errs.required("spec.auditAnnotations", _NEEDED)
    for index, validation in enumerate(validations):
        _validation(errs, scope, validation, f"spec.validations[{index}]")
    seen: set[str] = set()
    for index, annotation in enumerate(annotations):
        path, key = f"spec.auditAnnotations[{index}]", annotation.get("key") or ""
        _annotation(errs, scope, annotation, name, path)
        if key in seen:
            errs.duplicate(f"{path}.key", key)
        seen.add(key)


def _validation(errs: Errors, scope: Scope, validation: Manifest, path: str) -> None:
    source, text = validation.get("expression") or "", validation.get("message") or ""
    told = validation.get("messageExpression") or ""
    if not source.strip():
        errs.required(f"{path}.expression", "expression is not specified")
    else:
        _compile(errs, scope, source, f"{path}.expression", ("bool",))
    if told and not told.strip():
        errs.invalid(f"{path}.messageExpression", told, "must be non-empty if specified")
    elif told:
        _compile(errs, scope, told, f"{path}.messageExpression", ("string",), authorizer=False)
    if text and not text.strip():
        errs.invalid(f"{path}.message", text, "must be non-empty if specified")
    elif re.search(r"[\n\r]", text.strip()):
        errs.invalid(f"{path}.message", text, "must not contain line breaks")
    errs.known(f"{path}.reason", validation.get("reason"), _REASONS)


def _annotation(errs: Errors, scope: Scope, annotation: Manifest, name: str, path: str) -> None:
    key, source = annotation.get("key") or "", annotation.get("valueExpression") or ""
    if name:
        errs.each(f"{path}.key", f"{name}/{key}", names.qualified(f"{name}/{key}"))
    else:
        errs.invalid(f"{path}.key", key, "requires metadata.name be non-empty")
    if not source.strip():
        errs.required(f"{path}.valueExpression", "valueExpression is not specified")
    elif len(source.strip()) > 5 * 1024:
        errs.required(f"{path}.valueExpression", f"must not exceed {5 * 1024} bytes in length")
    else:
        _compile(errs, scope, source, f"{path}.valueExpression", ("string", "null_type"))


# --- mutations ---

_PATCHES = {
    "ApplyConfiguration": ("applyConfiguration", "jsonPatch", "Object"),
    "JSONPatch": ("jsonPatch", "applyConfiguration", "list(JSONPatch)"),
}


def _mutations(errs: Errors, scope: Scope, spec: Manifest) -> None:
    mutations = spec.get("mutations") or []
    if not mutations:
        errs.required("spec.mutations", "mutations must contain at least one item")
    for index, mutation in enumerate(mutations):
        _mutation(errs, scope, mutation, f"spec.mutations[{index}]")
    errs.one_of("spec.reinvocationPolicy", spec.get("reinvocationPolicy"), ("IfNeeded", "Never"))


def _mutation(errs: Errors, scope: Scope, mutation: Manifest, path: str) -> None:
    kind = mutation.get("patchType") or ""
    if not kind:
        errs.required(f"{path}.patchType")
        return
    if kind not in _PATCHES:
        errs.unsupported(f"{path}.patchType", kind, tuple(_PATCHES))
        return
    own, other, result = _PATCHES[kind]
    if mutation.get(own) is None:
        errs.required(f"{path}.{own}", f"must be specified when patchType is {kind}")
    else:
        source = (mutation[own].get("expression") or "").strip()
        if not source:
            errs.required(f"{path}.{own}.expression")
        else:
            _compile(errs, scope, source, f"{path}.{own}.expression", (result,))
    if mutation.get(other) is not None:
        errs.invalid(f"{path}.{other}", f"{{{other}}}", f"must not be specified when patchType is {kind}")


# --- bindings ---


def _binding(errs: Errors, spec: Manifest, kind: str) -> None:
    name = spec.get("policyName") or ""
    if not name:
        errs.required("spec.policyName")
    else:
        errs.name("spec.policyName", name, names.dns_subdomain)
    if spec.get("paramRef") is not None:
        _param_ref(errs, spec["paramRef"], "spec.paramRef")
    found = spec.get("matchResources")
    if found is not None:
        _match_resources(errs, found, "spec.matchResources")
    if kind == "ValidatingAdmissionPolicyBinding":
        _actions(errs, spec.get("validationActions") or [], "spec.validationActions")
    elif found is not None:
        _only_writes(errs, found, "spec.matchResources")


def _param_ref(errs: Errors, reference: Manifest, path: str) -> None:
    name, selector = reference.get("name") or "", reference.get("selector")
    both = "name and selector are mutually exclusive"
    if name:
        errs.name(f"{path}.name", name, names.path_segment)
        if selector is not None:
            errs.forbidden(f"{path}.name", both)
    if selector is not None:
        label_selector(errs, selector, f"{path}.selector")
        if name:
            errs.forbidden(f"{path}.selector", both)
    if not name and selector is None:
        errs.required(path, "one of name or selector must be specified")
    action = reference.get("parameterNotFoundAction")
    errs.one_of(f"{path}.parameterNotFoundAction", action, ("Deny", "Allow"), ordered=True)


def _actions(errs: Errors, actions: list[str], path: str) -> None:
    seen: set[str] = set()
    for index, action in enumerate(actions):
        if action not in _ACTIONS:
            errs.unsupported(f"{path}[{index}]", action, _ACTIONS)
        if action in seen:
            errs.duplicate(f"{path}[{index}]", action)
        seen.add(action)
    if {"Deny", "Warn"} <= seen:
        why = "repeating the same validation failure information in the API response and headers serves no purpose"
        errs.invalid(path, actions, f"must not contain both Deny and Warn ({why})")
    if not seen:
        errs.required(path, "at least one validation action is required")
