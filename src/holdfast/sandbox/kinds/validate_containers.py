"""Validation of containers: ports, environment, mounts, probes, resources.

In: containers of a decoded pod spec. Out: field errors in the order the API reports them. Never: the pod around them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.validate_env import env, env_from
from holdfast.sandbox.kinds.validate_mounts import mounts
from holdfast.sandbox.kinds.validate_resources import requirements
from holdfast.sandbox.kinds.validate_security import container_security

_POLICIES = ("Always", "IfNotPresent", "Never")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass
class PodFacts:
    """What containers have to know about their pod."""

    volumes: dict[str, Manifest] = field(default_factory=dict)
    claims: set[str] = field(default_factory=set)
    host_users: bool = True
    restart: str = ""
    grace: int | None = None


def containers(errs: Errors, spec: Manifest, facts: PodFacts, path: str) -> None:
    found = spec.get("containers") or []
    if not found:
        errs.required(f"{path}.containers")
    seen: set[str] = set()
    for index, item in enumerate(found):
        place = f"{path}.containers[{index}]"
        _common(errs, item, facts, place)
        if item.get("name") in seen:
            errs.duplicate(f"{place}.name", item["name"])
        elif item.get("name"):
            seen.add(item["name"])
        _hooks_and_probes(errs, item, place, facts)
        _restart_policy(errs, item, place)
    _host_ports(errs, found, f"{path}.containers")
    _init_containers(errs, spec, facts, path, seen)
    _ephemeral(errs, spec, facts, path, seen)


def _init_containers(errs: Errors, spec: Manifest, facts: PodFacts, path: str, seen: set[str]) -> None:
    for index, item in enumerate(spec.get("initContainers") or ()):
        place = f"{path}.initContainers[{index}]"
        _common(errs, item, facts, place)
        _restart_policy(errs, item, place, init=True)
        name = item.get("name")
        if name in seen:
            errs.duplicate(f"{place}.name", name)
        elif name:
            seen.add(name)
        # They run one by one, so that each may take the ports of another.
        _host_ports(errs, [item], f"{path}.initContainers")
        if item.get("restartPolicy") == "Always":
            _hooks_and_probes(errs, item, place, facts)
            continue
        for key in ("lifecycle", *_PROBES):
            if key in item:
                errs.forbidden(f"{place}.{key}", "may not be set for init containers without restartPolicy=Always")
        for number, policy in enumerate(item.get("resizePolicy") or ()):
            if policy.get("restartPolicy") == "RestartContainer":
                text = "must not be set to 'RestartContainer' for non-sidecar initContainers"
                errs.invalid(f"{place}.resizePolicy[{number}].restartPolicy", "RestartContainer", text)


def _hooks_and_probes(errs: Errors, item: Manifest, path: str, facts: PodFacts) -> None:
    _lifecycle(errs, item, path, facts)
    for key in _PROBES:
        if key in item:
            _probe_of(errs, key, item[key], f"{path}.{key}")


def _restart_policy(errs: Errors, item: Manifest, path: str, *, init: bool = False) -> None:
    policy, rules = item.get("restartPolicy"), item.get("restartPolicyRules") or []
    if policy is not None and policy not in ("Always", "OnFailure", "Never"):
        errs.unsupported(f"{path}.restartPolicy", policy, ("Always", "Never", "OnFailure"))
    if rules and policy is None:
        errs.required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used")
        if init:
            return
    if len(rules) > 20:
        errs.too_many(f"{path}.restartPolicyRules", len(rules), 20)
    for index, rule in enumerate(rules):
        _restart_rule(errs, rule, f"{path}.restartPolicyRules[{index}]")


def _restart_rule(errs: Errors, rule: Manifest, path: str) -> None:
    errs.known(f"{path}.action", rule.get("action") or "", ("Restart", "RestartAllContainers"))
    codes = rule.get("exitCodes")
    if codes is None:
        errs.required(f"{path}.exitCodes", "must be specified")
        return
    errs.known(f"{path}.exitCodes.operator", codes.get("operator") or "", ("In", "NotIn"))
    count = len(codes.get("values") or ())
    if count > 255:
        errs.too_many(f"{path}.exitCodes.values", count, 255)


_NOT_EPHEMERAL = (
    "ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle",
)  # fmt: skip


def _ephemeral(errs: Errors, spec: Manifest, facts: PodFacts, path: str, seen: set[str]) -> None:
    known = {c.get("name") for key in ("containers", "initContainers") for c in spec.get(key) or ()}
    for index, item in enumerate(spec.get("ephemeralContainers") or ()):
        place = f"{path}.ephemeralContainers[{index}]"
        _common(errs, item, facts, place)
        trimmed_image(errs, item, place)
        name = item.get("name")
        if name in seen:
            errs.duplicate(f"{place}.name", name)
        elif name:
            seen.add(name)
        target = item.get("targetContainerName")
        if target and target not in known:
            errs.not_found(f"{place}.targetContainerName", target)
        for key in _NOT_EPHEMERAL:
            if item.get(key):
                errs.forbidden(f"{place}.{key}", "cannot be set for an Ephemeral Container")
        for number, mount in enumerate(item.get("volumeMounts") or ()):
            for key in ("subPath", "subPathExpr"):
                if mount.get(key):
                    text = "cannot be set for an Ephemeral Container"
                    errs.forbidden(f"{place}.volumeMounts[{number}].{key}", text)


def trimmed_image(errs: Errors, item: Manifest, path: str) -> None:
    """Held against pods alone: templates with such images were let in once."""
    image = item.get("image") or ""
    if image != image.strip():
        errs.invalid(f"{path}.image", image, "must not have leading or trailing whitespace")


def _common(errs: Errors, item: Manifest, facts: PodFacts, path: str) -> None:
    name = item.get("name")
    if not name:
        errs.required(f"{path}.name")
    else:
        errs.name(f"{path}.name", name, names.dns_label)
    if not item.get("image"):
        errs.required(f"{path}.image")
    errs.one_of(
        f"{path}.terminationMessagePolicy",
        item.get("terminationMessagePolicy"),
        ("File", "FallbackToLogsOnError"),
        ordered=True,
    )
    if item.get("ports"):
        _ports(errs, item["ports"], f"{path}.ports")
    env(errs, item.get("env") or [], f"{path}.env")
    env_from(errs, item.get("envFrom") or [], f"{path}.envFrom")
    mounts(errs, item, facts.volumes, path)
    errs.one_of(f"{path}.imagePullPolicy", item.get("imagePullPolicy"), _POLICIES, ordered=True)
    if item.get("resources"):
        requirements(errs, item["resources"], f"{path}.resources", claims=facts.claims)
    _resize_policy(errs, item, path, facts)
    if item.get("securityContext"):
        container_security(errs, item["securityContext"], f"{path}.securityContext", facts.host_users)


def _resize_policy(errs: Errors, item: Manifest, path: str, facts: PodFacts) -> None:
    seen: set[str] = set()
    for index, policy in enumerate(item.get("resizePolicy") or ()):
        place = f"{path}.resizePolicy"
        name = policy.get("resourceName")
        if name in seen:
            errs.duplicate(f"{place}[{index}]", name)
        seen.add(name or "")
        errs.one_of(place, name, ("cpu", "memory"))
        restart = policy.get("restartPolicy")
        errs.one_of(place, restart, ("NotRequired", "RestartContainer"))
        if facts.restart == "Never" and restart != "NotRequired":
            errs.invalid(place, restart or "", "must be 'NotRequired' when pod `restartPolicy` is 'Never'")


# --- ports ----------------------------------------------------------------------


def _ports(errs: Errors, ports: list[Any], path: str) -> None:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        place = f"{path}[{index}]"
        name = port.get("name")
        if name:
            problems = names.port_name(name)
            errs.each(f"{place}.name", name, problems)
            if not problems:
                if name in seen:
                    errs.duplicate(f"{place}.name", name)
                seen.add(name)
        number, host = port.get("containerPort") or 0, port.get("hostPort") or 0
        if number == 0:
            errs.required(f"{place}.containerPort")
        else:
            errs.each(f"{place}.containerPort", number, names.port_number(number))
        if host:
            errs.each(f"{place}.hostPort", host, names.port_number(host))
        errs.one_of(f"{place}.protocol", port.get("protocol"), ("TCP", "UDP", "SCTP"))


def _host_ports(errs: Errors, found: list[Manifest], path: str) -> None:
    seen: set[str] = set()
    for index, item in enumerate(found):
        for number, port in enumerate(item.get("ports") or ()):
            host = port.get("hostPort")
            if not host:
                continue
            text = f"{port.get('protocol')}/{port.get('hostIP') or ''}/{host}"
            if text in seen:
                errs.duplicate(f"{path}[{index}].ports[{number}].hostPort", text)
            seen.add(text)


# --- probes and hooks --------------------------------------------------------------


def _lifecycle(errs: Errors, item: Manifest, path: str, facts: PodFacts) -> None:
    hooks = item.get("lifecycle") or {}
    for hook in ("postStart", "preStop"):
        if hook in hooks:
            handler, place = hooks[hook], f"{path}.lifecycle.{hook}"
            _handler(errs, handler, place, ("exec", "httpGet", "tcpSocket", "sleep"))
            seconds = (handler.get("sleep") or {}).get("seconds") or 0
            if "sleep" in handler and facts.grace is not None and not 0 <= seconds <= facts.grace:
                text = f"must be non-negative and less than terminationGracePeriodSeconds ({facts.grace})"
                errs.invalid(f"{place}.sleep", seconds, text)


def _probe_of(errs: Errors, key: str, probe: Manifest, path: str) -> None:
    _handler(errs, probe, path, ("exec", "httpGet", "tcpSocket", "grpc"))
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        errs.non_negative(f"{path}.{name}", probe.get(name))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        errs.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0")
    if key == "readinessProbe":
        if grace is not None:
            errs.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes")
    elif probe.get("successThreshold") != 1:
        errs.invalid(f"{path}.successThreshold", probe.get("successThreshold") or 0, "must be 1")


def _handler(errs: Errors, handler: Manifest, path: str, kinds: tuple[str, ...]) -> None:
    found = 0
    for kind in kinds:
        if kind not in handler:
            continue
        if found:
            errs.forbidden(f"{path}.{kind}", "may not specify more than 1 handler type")
            continue
        found += 1
        _ACTIONS[kind](errs, handler[kind], f"{path}.{kind}")
    if not found:
        errs.required(path, "must specify a handler type")


def _exec(errs: Errors, action: Manifest, path: str) -> None:
    if not action.get("command"):
        errs.required(f"{path}.command")


def _http_get(errs: Errors, action: Manifest, path: str) -> None:
    if not action.get("path"):
        errs.required(f"{path}.path")
    _port(errs, action.get("port", 0), f"{path}.port")
    if action.get("scheme") not in ("HTTP", "HTTPS"):
        errs.unsupported(f"{path}.scheme", action.get("scheme") or "", ("HTTP", "HTTPS"))
    for header in action.get("httpHeaders") or ():
        errs.name(f"{path}.httpHeaders", header.get("name") or "", names.http_header)


def _tcp_socket(errs: Errors, action: Manifest, path: str) -> None:
    _port(errs, action.get("port", 0), f"{path}.port")


def _grpc(errs: Errors, action: Manifest, path: str) -> None:
    number = action.get("port") or 0
    errs.each(f"{path}.port", number, names.port_number(number))


def _sleep(errs: Errors, action: Manifest, path: str) -> None:
    """Judged by the hook, which knows the pod's grace period."""


_ACTIONS = {"exec": _exec, "httpGet": _http_get, "tcpSocket": _tcp_socket, "grpc": _grpc, "sleep": _sleep}


def _port(errs: Errors, port: Any, path: str) -> None:
    """A port number or the name of one."""
    if isinstance(port, str):
        errs.name(path, port, names.port_name)
    else:
        errs.each(path, port, names.port_number(port))


port_or_name = _port
