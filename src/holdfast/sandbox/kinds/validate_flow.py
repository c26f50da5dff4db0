"""Validation of flow control: which requests go to which level, and how much a level takes; and of API services.

In: a defaulted FlowSchema, PriorityLevelConfiguration or APIService. Out: field errors. Never: limits on the sandbox's own requests.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors, raw

_HIGHEST_PRECEDENCE = 10_000
_MOST_QUEUES = 10_000_000
_HASH_BITS = 60
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_SUBJECTS = {"User": "user", "Group": "group", "ServiceAccount": "serviceAccount"}


def flow_schema(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    _precedence(errs, spec.get("matchingPrecedence") or 0, obj["metadata"].get("name") or "")
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in ("ByNamespace", "ByUser"):
        shown = raw('{"Type":' + gotext.dumps(method.get("type") or "") + "}")
        errs.unsupported("spec.distinguisherMethod.type", shown, ("ByNamespace", "ByUser"))
    level = (spec.get("priorityLevelConfiguration") or {}).get("name")
    if level:
        errs.name("spec.priorityLevelConfiguration.name", level, names.dns_subdomain)
    else:
        errs.required("spec.priorityLevelConfiguration.name", "must reference a priority level")
    for index, rule in enumerate(spec.get("rules") or ()):
        _rule(errs, rule, f"spec.rules[{index}]")


def _precedence(errs: Errors, value: int, name: str) -> None:
    path = "spec.matchingPrecedence"
    if value <= 0:
        errs.invalid(path, value, "must be a positive value")
    if value > _HIGHEST_PRECEDENCE:
        errs.invalid(path, value, f"must not be greater than {_HIGHEST_PRECEDENCE}")
    if value == 1 and name != "exempt":
        errs.invalid(path, value, "only the schema named 'exempt' may have matchingPrecedence 1")


def _rule(errs: Errors, rule: Manifest, path: str) -> None:
    subjects = rule.get("subjects") or []
    if not subjects:
        errs.required(f"{path}.subjects", "subjects must contain at least one value")
    for index, subject in enumerate(subjects):
        _subject(errs, subject, f"{path}.subjects[{index}]")
    resources, others = rule.get("resourceRules") or [], rule.get("nonResourceRules") or []
    if not resources and not others:
        errs.required(path, "at least one of resourceRules and nonResourceRules has to be non-empty")
    for index, item in enumerate(resources):
        _resource_rule(errs, item, f"{path}.resourceRules[{index}]")
    for index, item in enumerate(others):
        _path_rule(errs, item, f"{path}.nonResourceRules[{index}]")


def _subject(errs: Errors, subject: Manifest, path: str) -> None:
    kind = subject.get("kind") or ""
    if kind not in _SUBJECTS:
        errs.unsupported(f"{path}.kind", kind, tuple(_SUBJECTS))
        return
    key = _SUBJECTS[kind]
    found = subject.get(key)
    if found is None:
        errs.required(f"{path}.{key}", f"{key} is required when subject kind is '{kind}'")
    else:
        _named(errs, found, kind, f"{path}.{key}")
    for other, field in (("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")):
        if other != kind and subject.get(field) is not None:
            errs.forbidden(f"{path}.{field}", f"{field} is forbidden when subject kind is not '{other}'")


def _named(errs: Errors, found: Manifest, kind: str, path: str) -> None:
    name = found.get("name") or ""
    if not name:
        errs.required(f"{path}.name")
    elif kind == "ServiceAccount" and name != "*":
        errs.name(f"{path}.name", name, names.dns_subdomain)
    if kind != "ServiceAccount":
        return
    if found.get("namespace"):
        errs.name(f"{path}.namespace", found["namespace"], names.dns_label)
    else:
        errs.required(f"{path}.namespace", "must specify namespace for service account")


def _verbs(errs: Errors, verbs: list[str], path: str) -> None:
    if not verbs:
        errs.required(path, "verbs must contain at least one value")
    elif "*" in verbs:
        _alone(errs, verbs, path, "verbs")
    elif not set(verbs) <= set(_VERBS):
        errs.unsupported(path, verbs, _VERBS)


def _alone(errs: Errors, values: list[str], path: str, what: str) -> None:
    if "*" in values and len(values) > 1:
        errs.invalid(path, values, f"if '*' is present, must not specify other {what}")


def _resource_rule(errs: Errors, rule: Manifest, path: str) -> None:
    _verbs(errs, rule.get("verbs") or [], f"{path}.verbs")
    for key, one, several in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        values = rule.get(key) or []
        if not values:
            errs.required(f"{path}.{key}", f"resource rules must supply at least one {one}")
        _alone(errs, values, f"{path}.{key}", several)
    namespaces = rule.get("namespaces") or []
    if not namespaces and not rule.get("clusterScope"):
        text = "resource rules that are not cluster scoped must supply at least one namespace"
        errs.required(f"{path}.namespaces", text)
    elif "*" in namespaces:
        _alone(errs, namespaces, f"{path}.namespaces", "namespaces")
    else:
        for index, name in enumerate(namespaces):
            for problem in names.dns_label(name):
                text = "each member of this list must be '*' or a DNS-1123 label; "
                errs.invalid(f"{path}.namespaces[{index}]", name, text + problem)


def _path_rule(errs: Errors, rule: Manifest, path: str) -> None:
    _verbs(errs, rule.get("verbs") or [], f"{path}.verbs")
    urls = rule.get("nonResourceURLs") or []
    if not urls:
        errs.required(f"{path}.nonResourceURLs", "nonResourceURLs must contain at least one value")
    elif "*" in urls:
        _alone(errs, urls, f"{path}.nonResourceURLs", "non-resource URLs")
    else:
        for index, url in enumerate(urls):
            problem = _url_problem(url)
            if problem:
                errs.invalid(f"{path}.nonResourceURLs[{index}]", url, problem)


def _url_problem(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    if url.count("*") > 1 or ("*" in url and not url.endswith("/*")):
        return "wildcard can only do suffix matching"
    return ""


# --- levels ---------------------------------------------------------------------------


def priority_level(errs: Errors, obj: Manifest) -> None:
    spec, name = obj.get("spec") or {}, obj["metadata"].get("name") or ""
    kind, limited, exempt = spec.get("type") or "", spec.get("limited"), spec.get("exempt")
    if (name == "exempt") != (kind == "Exempt"):
        errs.invalid("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'")
    if kind == "Exempt":
        if limited is not None:
            errs.forbidden("spec.limited", "must be nil if the type is not Limited")
        _shares(errs, exempt or {}, "spec.exempt")
    elif kind == "Limited":
        if exempt is not None:
            errs.forbidden("spec.exempt", "must be nil if the type is Limited")
        if limited is None:
            errs.required("spec.limited", "must not be empty when type is Limited")
        else:
            _limited(errs, limited, "spec.limited")
    elif not kind:
        errs.required("spec.type")
    else:
        errs.unsupported("spec.type", kind, ("Exempt", "Limited"))


def _shares(errs: Errors, found: Manifest, path: str) -> None:
    shares = found.get("nominalConcurrencyShares")
    if shares is not None and shares < 0:
        errs.invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer")
    lendable = found.get("lendablePercent")
    if lendable is not None and not 0 <= lendable <= 100:
        errs.invalid(f"{path}.lendablePercent", lendable, "must be between 0 and 100, inclusive")


def _limited(errs: Errors, found: Manifest, path: str) -> None:
    _shares(errs, {"nominalConcurrencyShares": found.get("nominalConcurrencyShares")}, path)
    response = found.get("limitResponse") or {}
    kind, queuing, place = response.get("type") or "", response.get("queuing"), f"{path}.limitResponse"
    if kind == "Reject":
        if queuing is not None:
            errs.forbidden(f"{place}.queuing", "must be nil if limited.limitResponse.type is not Limited")
    elif kind == "Queue":
        if queuing is None:
            errs.required(f"{place}.queuing", "must not be empty if limited.limitResponse.type is Limited")
        else:
            _queuing(errs, queuing, f"{place}.queuing")
    elif not kind:
        errs.required(f"{place}.type")
    else:
        errs.unsupported(f"{place}.type", kind, ("Queue", "Reject"))
    _shares(errs, {"lendablePercent": found.get("lendablePercent")}, path)
    borrowing = found.get("borrowingLimitPercent")
    if borrowing is not None and borrowing < 0:
        errs.invalid(f"{path}.borrowingLimitPercent", borrowing, "if specified, must be a non-negative integer")


def _queuing(errs: Errors, found: Manifest, path: str) -> None:
    length, queues, hand = (found.get(key) or 0 for key in ("queueLengthLimit", "queues", "handSize"))
    if length <= 0:
        errs.invalid(f"{path}.queueLengthLimit", length, "must be positive")
    if queues <= 0:
        errs.invalid(f"{path}.queues", queues, "must be positive")
    elif queues > _MOST_QUEUES:
        errs.invalid(f"{path}.queues", queues, f"must not be greater than {_MOST_QUEUES}")
    if hand <= 0:
        errs.invalid(f"{path}.handSize", hand, "must be positive")
    elif hand > queues:
        errs.invalid(f"{path}.handSize", hand, f"should not be greater than queues ({queues})")
    elif _entropy(queues, hand) > _HASH_BITS:
        text = f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {_HASH_BITS}"
        errs.invalid(f"{path}.handSize", hand, text)


def _entropy(deck: int, hand: int) -> int:
    """Bits that it takes to deal a hand."""
    ways = 1
    for taken in range(min(hand, 100)):
        ways *= deck - taken
    return (ways - 1).bit_length()


# --- API services -----------------------------------------------------------------------


def api_service(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    group, version = spec.get("group") or "", spec.get("version") or ""
    _own_name(errs, obj["metadata"].get("name") or "", f"{version}.{group}")
    if not group and version != "v1":
        errs.required("spec.group", "only v1 may have an empty group and it better be legacy kube")
    if group:
        errs.name("spec.group", group, names.dns_subdomain)
    errs.name("spec.version", version, names.dns_1035_label)
    for key, limit in (("groupPriorityMinimum", 20_000), ("versionPriority", 1_000)):
        value = spec.get(key) or 0
        if not 0 < value <= limit:
            errs.invalid(f"spec.{key}", value, f"must be positive and less than {limit}")
    _served_by(errs, spec, spec.get("service"))


def _own_name(errs: Errors, name: str, wanted: str) -> None:
    if name and name != wanted and not names.path_segment(name):
        errs.invalid("metadata.name", name, f'must be `spec.version+"."+spec.group`: {gotext.quote(wanted)}')


def _served_by(errs: Errors, spec: Manifest, service: Any) -> None:
    insecure, bundle = bool(spec.get("insecureSkipTLSVerify")), spec.get("caBundle") or ""
    if service is None:
        if bundle:
            size = len(bundle) * 3 // 4 - bundle.count("=")
            errs.invalid("spec.caBundle", f"{size} bytes", "local APIServices may not have a caBundle")
        if insecure:
            errs.invalid("spec.insecureSkipTLSVerify", True, "local APIServices may not have insecureSkipTLSVerify")
        return
    for key in ("namespace", "name"):
        if not service.get(key):
            errs.required(f"spec.service.{key}")
    port = service.get("port", 443)
    for problem in names.port_number(port or 0):
        errs.invalid("spec.service.port", port or 0, f"port is not valid: {problem}")
    if insecure and bundle:
        errs.invalid("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present")
