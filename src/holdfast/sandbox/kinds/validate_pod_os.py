"""Validation of what a pod's operating system allows, and of Windows host processes.

In: a decoded pod spec. Out: field errors. Never: the fields' own forms.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds.field import Errors

_NOT_ON_LINUX = "windows options cannot be set for a linux pod"
_NOT_ON_WINDOWS = "cannot be set for a windows pod"


def every_container(spec: Manifest, path: str) -> Iterator[tuple[Manifest, str]]:
    """Init containers, containers, ephemeral ones, each with its path."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for index, item in enumerate(spec.get(key) or ()):
            yield item, f"{path}.{key}[{index}]"


def operating_system(errs: Errors, spec: Manifest, path: str) -> None:
    system = spec.get("os")
    if system is None:
        return
    name = system.get("name")
    if not name:
        errs.required(f"{path}.os.name")
    elif name == "linux":
        _linux(errs, spec, path)
    elif name == "windows":
        _windows(errs, spec, path)
    else:
        errs.unsupported(f"{path}.os", name, ("linux", "windows"))


def _linux(errs: Errors, spec: Manifest, path: str) -> None:
    if (spec.get("securityContext") or {}).get("windowsOptions") is not None:
        errs.forbidden(f"{path}.securityContext.windowsOptions", _NOT_ON_LINUX)
    for item, place in every_container(spec, path):
        if (item.get("securityContext") or {}).get("windowsOptions") is not None:
            errs.forbidden(f"{place}.securityContext.windowsOptions", _NOT_ON_LINUX)


_POD_FIRST = ("appArmorProfile", "seLinuxOptions")
_POD_HOST = ("hostUsers", "hostPID", "hostIPC")
_POD_SECOND = ("seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls")
_POD_THIRD = ("runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy")
_CONTAINER = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation",
    "procMount", "runAsUser", "runAsGroup",
)  # fmt: skip


def _windows(errs: Errors, spec: Manifest, path: str) -> None:
    context = spec.get("securityContext") or {}
    _refuse(errs, context, _POD_FIRST, f"{path}.securityContext")
    for key in _POD_HOST:
        if spec.get(key) is not None and (spec[key] or key == "hostUsers"):
            errs.forbidden(f"{path}.{key}", _NOT_ON_WINDOWS)
    _refuse(errs, context, _POD_SECOND, f"{path}.securityContext")
    if spec.get("shareProcessNamespace") is not None:
        errs.forbidden(f"{path}.shareProcessNamespace", _NOT_ON_WINDOWS)
    _refuse(errs, context, _POD_THIRD, f"{path}.securityContext")
    for item, place in every_container(spec, path):
        _refuse(errs, item.get("securityContext") or {}, _CONTAINER, f"{place}.securityContext")


def _refuse(errs: Errors, context: Manifest, keys: tuple[str, ...], path: str) -> None:
    for key in keys:
        if context.get(key) is not None:
            errs.forbidden(f"{path}.{key}", _NOT_ON_WINDOWS)


def host_processes(errs: Errors, spec: Manifest, path: str) -> None:
    """Containers that run as processes of a Windows host: all of a pod's or none, and on the host's network."""
    wanted = _host_process(spec)
    count = found = 0
    for item, place in every_container(spec, path):
        own = _host_process(item)
        if wanted is not None and own is not None and own != wanted:
            shown = "true" if wanted else "false"
            text = f"pod hostProcess value must be identical if both are specified, was {shown}"
            errs.invalid(f"{place}.securityContext.windowsOptions.hostProcess", own, text)
        count += 1
        found += bool(wanted if own is None else own)
    if found and found != count:
        text = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        errs.invalid(path, "", text)
    if found and not spec.get("hostNetwork"):
        text = "hostNetwork must be true if pod contains any hostProcess containers"
        errs.invalid(f"{path}.hostNetwork", False, text)


def _host_process(item: Manifest) -> bool | None:
    found: bool | None = ((item.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    return found
