"""Validation of webhook configurations, and of the matching rules that admission policies share with them.

In: a defaulted configuration. Out: field errors. Never: expressions (a checker is handed in), calling webhooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.selectors import label_selector

_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_VERSIONS = ("v1", "v1beta1")
_FORMAT = "desired format: https://host[/path]"
CheckExpression = Callable[[Errors, str, str], None]


def webhooks(errs: Errors, obj: Manifest, check: CheckExpression | None = None) -> None:
    seen: set[str] = set()
    for index, hook in enumerate(obj.get("webhooks") or ()):
        path = f"webhooks[{index}]"
        _hook(errs, hook, path, obj.get("kind") == "MutatingWebhookConfiguration", check)
        name = hook.get("name") or ""
        if name in seen:
            errs.duplicate(f"{path}.name", name)
        seen.add(name)


def _hook(errs: Errors, hook: Manifest, path: str, mutating: bool, check: CheckExpression | None) -> None:
    _qualified_name(errs, hook.get("name") or "", f"{path}.name")
    for index, rule in enumerate(hook.get("rules") or ()):
        rule_with_operations(errs, rule, f"{path}.rules[{index}]")
    errs.known(f"{path}.failurePolicy", hook.get("failurePolicy"), ("Fail", "Ignore"))
    errs.known(f"{path}.matchPolicy", hook.get("matchPolicy"), ("Equivalent", "Exact"))
    effects = hook.get("sideEffects")
    if effects is None:
        errs.required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun")
    elif effects not in ("None", "NoneOnDryRun"):
        errs.unsupported(f"{path}.sideEffects", effects, ("None", "NoneOnDryRun"))
    seconds = hook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        errs.invalid(f"{path}.timeoutSeconds", seconds, "the timeout value must be between 1 and 30 seconds")
    label_selector(errs, hook.get("namespaceSelector"), f"{path}.namespaceSelector")
    label_selector(errs, hook.get("objectSelector"), f"{path}.objectSelector")
    if mutating:
        errs.known(f"{path}.reinvocationPolicy", hook.get("reinvocationPolicy"), ("IfNeeded", "Never"))
    _client(errs, hook.get("clientConfig") or {}, f"{path}.clientConfig")
    _review_versions(errs, hook.get("admissionReviewVersions") or [], f"{path}.admissionReviewVersions")
    match_conditions(errs, hook.get("matchConditions") or [], f"{path}.matchConditions", check)


def _review_versions(errs: Errors, versions: list[str], path: str) -> None:
    if not versions:
        errs.required(path, f"must specify one of {', '.join(_VERSIONS)}")
        return
    seen: set[str] = set()
    for index, version in enumerate(versions):
        if version in seen:
            errs.invalid(f"{path}[{index}]", version, "duplicate version")
        seen.add(version)
        errs.name(f"{path}[{index}]", version, names.dns_1035_label)
    if not set(versions) & set(_VERSIONS):
        errs.invalid(path, versions, f"must include at least one of {', '.join(_VERSIONS)}")


def _qualified_name(errs: Errors, name: str, path: str) -> None:
    if not name:
        errs.required(path)
    elif names.dns_subdomain(name):
        errs.invalid(path, name, ",".join(names.dns_subdomain(name)))
    elif name.count(".") < 2:
        errs.invalid(path, name, "should be a domain with at least three segments separated by dots")


def match_conditions(errs: Errors, found: list[Any], path: str, check: CheckExpression | None) -> None:
    if len(found) > 64:
        errs.too_many(path, len(found), 64)
    seen: set[str] = set()
    for index, item in enumerate(found):
        place = f"{path}[{index}]"
        expression, name = item.get("expression") or "", item.get("name") or ""
        if not expression.strip():
            errs.required(f"{place}.expression")
        elif check is not None:
            check(errs, expression, f"{place}.expression")
        if not name:
            errs.required(f"{place}.name")
        else:
            errs.name(f"{place}.name", name, names.qualified)
            if name in seen:
                errs.duplicate(f"{place}.name", name)
            seen.add(name)


def _client(errs: Errors, config: Manifest, path: str) -> None:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        errs.required(path, "exactly one of url or service is required")
        return
    if url is not None:
        webhook_url(errs, url, f"{path}.url")
    elif service is not None:
        webhook_service(errs, service, f"{path}.service")


def webhook_url(errs: Errors, url: str, path: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        errs.invalid(path, url, f"url must be a valid URL: {error}; {_FORMAT}")
        return
    if parts.scheme != "https":
        errs.invalid(path, parts.scheme, f"'https' is the only allowed URL scheme; {_FORMAT}")
    if not parts.netloc:
        errs.invalid(path, parts.netloc, f"host must be specified; {_FORMAT}")
    if parts.username is not None:
        errs.invalid(path, parts.username, "user information is not permitted in the URL")
    if parts.fragment:
        errs.invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        errs.invalid(path, parts.query, "query parameters are not permitted in the URL")


def webhook_service(errs: Errors, service: Manifest, path: str) -> None:
    # The real server takes each of the two for the other.
    for key, told in (("namespace", "name"), ("name", "namespace")):
        if not service.get(key):
            errs.required(f"{path}.{told}")
    port = service.get("port")
    if port is not None and names.port_number(port):
        errs.invalid(f"{path}.port", port, "port is not valid: " + names.port_number(port)[0])
    where = service.get("path")
    if where is None:
        return
    if where == "/" or not where:
        return
    if not where.startswith("/"):
        errs.invalid(f"{path}.path", where, "must start with a '/'")
    if where == "//":
        errs.invalid(f"{path}.path", where, "segment[0] may not be empty")
        return
    # The first character is passed over, whatever it is.
    for index, part in enumerate(where[1:].removesuffix("/").split("/")):
        if not part:
            errs.invalid(f"{path}.path", where, f"segment[{index}] may not be empty")
        for problem in names.dns_subdomain(part) if part else ():
            errs.invalid(f"{path}.path", where, f"segment[{index}]: {problem}")


# --- rules ----------------------------------------------------------------------------


def rule_with_operations(errs: Errors, rule: Manifest, path: str) -> None:
    operations = rule.get("operations") or []
    if not operations:
        errs.required(f"{path}.operations")
    if len(operations) > 1 and "*" in operations:
        errs.invalid(f"{path}.operations", operations, "if '*' is present, must not specify other operations")
    for index, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            errs.unsupported(f"{path}.operations[{index}]", operation, _OPERATIONS)
    for key, what in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        values = rule.get(key) or []
        if not values:
            errs.required(f"{path}.{key}")
        if len(values) > 1 and "*" in values:
            errs.invalid(f"{path}.{key}", values, f"if '*' is present, must not specify other {what}")
        if key == "apiVersions":
            for index, value in enumerate(values):
                if not value:
                    errs.required(f"{path}.{key}[{index}]")
    resources = rule.get("resources") or []
    if not resources:
        errs.required(f"{path}.resources")
    _resources(errs, resources, path)
    if rule.get("scope") is not None and rule["scope"] not in ("Cluster", "Namespaced", "*"):
        errs.unsupported(f"{path}.scope", rule["scope"], ("*", "Cluster", "Namespaced"))


def _resources(errs: Errors, resources: list[str], path: str) -> None:
    for index, item in enumerate(resources):
        if not item:
            errs.required(f"{path}.resources[{index}]")
    if len(resources) > 1 and "*/*" in resources:
        errs.invalid(f"{path}.resources", resources, "if '*/*' is present, must not specify other resources")
    if "*" in resources and any(item and "/" not in item and item != "*" for item in resources):
        errs.invalid(
            f"{path}.resources", resources, "if '*' is present, must not specify other resources without subresources"
        )
    for index, item in enumerate(resources):
        name, slash, sub = item.partition("/")
        if slash and sub == "*" and any(other != item and other.startswith(f"{name}/") for other in resources):
            errs.invalid(
                f"{path}.resources[{index}]",
                item,
                f"if '{item}' is present, must not specify {next(o for o in resources if o != item and o.startswith(name))}",
            )
