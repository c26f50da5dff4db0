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
from holdfast.sandbox.kinds.validate_resources import requirements
from holdfast.sandbox.kinds.validate_security import container_security

_POLICIES = ("Always", "IfNotPresent", "Never")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass
class PodFacts:
    """What containers have to know about their pod."""

    volumes: dict[str, Manifest] = field(default_factory=dict)
    claims: set[str] = field(default_factory=set)
    host_network: bool = False
    host_users: bool = True
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
        _lifecycle(errs, item, place, facts)
        for key in _PROBES:
            if key in item:
                _probe_of(errs, key, item[key], f"{place}.{key}")
        _restart_policy(errs, item, place)
    _init_containers(errs, spec, facts, path, seen)
    _ephemeral(errs, spec, facts, path, seen)
    _host_ports(errs, spec, path)


def _init_containers(errs: Errors, spec: Manifest, facts: PodFacts, path: str, seen: set[str]) -> None:
    for index, item in enumerate(spec.get("initContainers") or ()):
        place = f"{path}.initContainers[{index}]"
        _common(errs, item, facts, place)
        name = item.get("name")
        if name in seen:
            errs.duplicate(f"{place}.name", name)
        elif name:
            seen.add(name)
        sidecar = item.get("restartPolicy") == "Always"
        for key in ("lifecycle", *_PROBES):
            if key not in item:
                continue
            if not sidecar:
                errs.forbidden(f"{place}.{key}", "may not be set for init containers without restartPolicy=Always")
            elif key != "lifecycle":
                _probe_of(errs, key, item[key], f"{place}.{key}")
        if sidecar:
            _lifecycle(errs, item, place, facts)
        _restart_policy(errs, item, place)


def _restart_policy(errs: Errors, item: Manifest, path: str) -> None:
    policy = item.get("restartPolicy")
    if policy is not None and policy not in ("Always", "OnFailure", "Never"):
        errs.unsupported(f"{path}.restartPolicy", policy, ("Always", "Never", "OnFailure"))
    rules = item.get("restartPolicyRules") or []
    if rules and policy is None:
        errs.required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used")
    for index, rule in enumerate(rules):
        place = f"{path}.restartRules[{index}]"
        errs.one_of(f"{place}.action", rule.get("action"), ("Restart", "RestartAllContainers"))
        codes = rule.get("exitCodes")
        if codes is None:
            errs.required(f"{place}.exitCodes", "must be specified")
        else:
            errs.one_of(f"{place}.exitCodes.operator", codes.get("operator"), ("In", "NotIn"))
            if len(codes.get("values") or ()) > 255:
                errs.too_long(f"{place}.exitCodes.values", 255)


def _ephemeral(errs: Errors, spec: Manifest, facts: PodFacts, path: str, seen: set[str]) -> None:
    forbidden = ("ports", *_PROBES, "lifecycle", "resources", "resizePolicy", "restartPolicy")
    for index, item in enumerate(spec.get("ephemeralContainers") or ()):
        place = f"{path}.ephemeralContainers[{index}]"
        _common(errs, item, facts, place)
        name = item.get("name")
        if name in seen:
            errs.duplicate(f"{place}.name", name)
        elif name:
            seen.add(name)
        target = item.get("targetContainerName")
        known = {c.get("name") for key in ("containers", "initContainers") for c in spec.get(key) or ()}
        if target and target not in known:
            errs.not_found(f"{place}.targetContainerName", target)
        for key in forbidden:
            if item.get(key):
                errs.forbidden(f"{place}.{key}", "cannot be set for an Ephemeral Container")
        for number, mount in enumerate(item.get("volumeMounts") or ()):
            if mount.get("subPath"):
                errs.forbidden(f"{place}.volumeMounts[{number}].subPath", "cannot be set for an Ephemeral Container")


def _common(errs: Errors, item: Manifest, facts: PodFacts, path: str) -> None:
    name = item.get("name")
    if not name:
        errs.required(f"{path}.name")
    else:
        errs.name(f"{path}.name", name, names.dns_label)
    image = item.get("image")
    if not image:
        errs.required(f"{path}.image")
    elif image != image.strip():
        errs.invalid(f"{path}.image", image, "must not have leading or trailing whitespace")
    errs.one_of(
        f"{path}.terminationMessagePolicy",
        item.get("terminationMessagePolicy"),
        ("File", "FallbackToLogsOnError"),
        ordered=True,
    )
    if item.get("ports"):
        _ports(errs, item["ports"], f"{path}.ports", facts.host_network)
    env(errs, item.get("env") or [], f"{path}.env")
    env_from(errs, item.get("envFrom") or [], f"{path}.envFrom")
    _mounts(errs, item, facts, path)
    errs.one_of(f"{path}.imagePullPolicy", item.get("imagePullPolicy"), _POLICIES, ordered=True)
    if item.get("resources"):
        requirements(errs, item["resources"], f"{path}.resources", claims=facts.claims)
    _resize_policy(errs, item, path)
    if item.get("securityContext"):
        container_security(errs, item["securityContext"], f"{path}.securityContext", facts.host_users)


def _resize_policy(errs: Errors, item: Manifest, path: str) -> None:
    seen: set[str] = set()
    for index, policy in enumerate(item.get("resizePolicy") or ()):
        place = f"{path}.resizePolicy"
        name = policy.get("resourceName")
        if name in seen:
            errs.duplicate(f"{place}[{index}]", name)
        seen.add(name or "")
        errs.one_of(place, name, ("cpu", "memory"))
        errs.one_of(place, policy.get("restartPolicy"), ("NotRequired", "RestartContainer"))


# --- ports ----------------------------------------------------------------------


def _ports(errs: Errors, ports: list[Any], path: str, host_network: bool) -> None:
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
        if host_network and host and host != number:
            errs.invalid(f"{place}.hostPort", host, "must match `containerPort` when `hostNetwork` is true")


def _host_ports(errs: Errors, spec: Manifest, path: str) -> None:
    for key in ("containers", "initContainers"):
        seen: set[str] = set()
        for index, item in enumerate(spec.get(key) or ()):
            for number, port in enumerate(item.get("ports") or ()):
                host = port.get("hostPort")
                if not host:
                    continue
                text = f"{port.get('protocol')}/{port.get('hostIP') or ''}/{host}"
                if text in seen:
                    errs.duplicate(f"{path}.{key}[{index}].ports[{number}].hostPort", text)
                seen.add(text)


# --- mounts ---------------------------------------------------------------------


def _mounts(errs: Errors, item: Manifest, facts: PodFacts, path: str) -> None:
    devices = {d.get("name"): d.get("devicePath") for d in item.get("volumeDevices") or ()}
    paths: set[str] = set()
    for index, mount in enumerate(item.get("volumeMounts") or ()):
        place = f"{path}.volumeMounts[{index}]"
        name, where = mount.get("name"), mount.get("mountPath")
        if not name:
            errs.required(f"{place}.name")
        if name and name not in facts.volumes:
            errs.not_found(f"{place}.name", name)
        elif not name:
            errs.not_found(f"{place}.name", "")
        if not where:
            errs.required(f"{place}.mountPath")
        if where in paths:
            errs.invalid(f"{place}.mountPath", where, "must be unique")
        paths.add(where or "")
        if name in devices:
            errs.invalid(f"{place}.name", name, "must not already exist in volumeDevices")
        if where in devices.values():
            errs.invalid(f"{place}.mountPath", where, "must not already exist as a path in volumeDevices")
        _sub_path(errs, mount, place)
        _propagation(errs, mount, item, place)
    _devices(errs, item, facts, path, paths)


def _sub_path(errs: Errors, mount: Manifest, place: str) -> None:
    for key in ("subPath", "subPathExpr"):
        value = mount.get(key)
        if not value:
            continue
        if value.startswith("/"):
            errs.invalid(f"{place}.{key}", value, "must be a relative path")
        if ".." in value.split("/"):
            errs.invalid(f"{place}.{key}", value, "must not contain '..'")
    if mount.get("subPath") and mount.get("subPathExpr"):
        errs.invalid(f"{place}.subPathExpr", mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive")


def _propagation(errs: Errors, mount: Manifest, item: Manifest, place: str) -> None:
    # The real server leaves the index out here.
    told = place.rpartition("[")[0]
    mode = mount.get("mountPropagation")
    privileged = (item.get("securityContext") or {}).get("privileged")
    if mode is not None:
        if mode not in ("Bidirectional", "HostToContainer", "None"):
            errs.unsupported(f"{told}.mountPropagation", mode, ("Bidirectional", "HostToContainer", "None"))
        if mode == "Bidirectional" and not privileged:
            errs.forbidden(
                f"{told}.mountPropagation",
                "Bidirectional mount propagation is available only to privileged containers",
            )
    recursive = mount.get("recursiveReadOnly")
    if recursive is None:
        return
    if recursive not in ("Disabled", "Enabled", "IfPossible"):
        errs.unsupported(f"{told}.recursiveReadOnly", recursive, ("Disabled", "Enabled", "IfPossible"))
    elif recursive != "Disabled" and not mount.get("readOnly"):
        errs.forbidden(f"{told}.recursiveReadOnly", "may only be specified when readOnly is true")


def _devices(errs: Errors, item: Manifest, facts: PodFacts, path: str, mounted: set[str]) -> None:
    seen_names: set[str] = set()
    seen_paths: set[str] = set()
    for index, device in enumerate(item.get("volumeDevices") or ()):
        place = f"{path}.volumeDevices[{index}]"
        name, where = device.get("name") or "", device.get("devicePath") or ""
        if not name:
            errs.required(f"{place}.name")
        if name in seen_names:
            errs.invalid(f"{place}.name", name, "must be unique")
        source = facts.volumes.get(name)
        if (source is not None and not ("persistentVolumeClaim" in source or "ephemeral" in source)) or source is None:
            errs.not_found(f"{place}.name", name)
        if not where:
            errs.required(f"{place}.devicePath")
        if where in seen_paths:
            errs.invalid(f"{place}.devicePath", where, "must be unique")
        elif where and ".." in where.split("/"):
            errs.invalid(f"{place}.devicePath", where, "can not contain backsteps ('..')")
        if where in mounted:
            errs.invalid(f"{place}.devicePath", where, "must not already exist as a path in volumeMounts")
        seen_names.add(name)
        seen_paths.add(where)


# --- probes and hooks --------------------------------------------------------------


def _lifecycle(errs: Errors, item: Manifest, path: str, facts: PodFacts) -> None:
    for hook, handler in (item.get("lifecycle") or {}).items():
        if hook in ("postStart", "preStop"):
            place = f"{path}.lifecycle.{hook}"
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
