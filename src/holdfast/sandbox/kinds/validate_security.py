"""Validation of security contexts.

In: a container's or a pod's security context. Out: field errors. Never: Pod Security admission.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.dump import internal
from holdfast.sandbox.kinds.field import Errors, raw

_SYSCTL = r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_sysctl = re.compile(_SYSCTL).fullmatch
_netbios = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}').fullmatch
_windows_domain = re.compile(
    r"[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9](?:\.[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])*"
).fullmatch


def container_security(errs: Errors, context: Manifest, path: str, host_users: bool = True) -> None:
    for key in ("runAsUser", "runAsGroup"):
        if key in context:
            errs.each(f"{path}.{key}", context[key], names.user_id(context[key]))
    mount = context.get("procMount")
    errs.known(f"{path}.procMount", mount, ("Default", "Unmasked"))
    if mount == "Unmasked" and host_users:
        errs.invalid(f"{path}.procMount", mount, "`hostUsers` must be false to use `Unmasked`")
    if context.get("seccompProfile") is not None:
        seccomp(errs, context["seccompProfile"], f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        _no_escalation(errs, context, path)
    if context.get("windowsOptions") is not None:
        windows(errs, context["windowsOptions"], f"{path}.windowsOptions")
    if context.get("appArmorProfile") is not None:
        app_armor(errs, context["appArmorProfile"], f"{path}.appArmorProfile")


def _no_escalation(errs: Errors, context: Manifest, path: str) -> None:
    sentence = "cannot set `allowPrivilegeEscalation` to false and "
    if context.get("privileged"):
        errs.invalid(path, context_dump(context), sentence + "`privileged` to true")
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability == "CAP_SYS_ADMIN":
            errs.invalid(path, context_dump(context), sentence + "`capabilities.Add` CAP_SYS_ADMIN")


def context_dump(context: Manifest) -> Any:
    return internal("SecurityContext", context)


def seccomp(errs: Errors, profile: Manifest, path: str) -> None:
    kind, local = profile.get("type"), profile.get("localhostProfile")
    if not kind:
        errs.required(f"{path}.type", "type is required when seccompProfile is set")
    elif kind not in ("Localhost", "RuntimeDefault", "Unconfined"):
        errs.unsupported(f"{path}.type", kind, ("Localhost", "RuntimeDefault", "Unconfined"))
    if kind == "Localhost":
        if local is None:
            errs.required(f"{path}.localhostProfile", "must be set when seccomp type is Localhost")
        else:
            if local.startswith("/"):
                errs.invalid(f"{path}.localhostProfile", local, "must be a relative path")
            if ".." in local.split("/"):
                errs.invalid(f"{path}.localhostProfile", local, "must not contain '..'")
    elif local is not None:
        shown = internal("SeccompProfile", profile)
        errs.invalid(f"{path}.localhostProfile", shown, "can only be set when seccomp type is Localhost")


_LONGEST_PATH = 4095


def app_armor(errs: Errors, profile: Manifest, path: str) -> None:
    kind, local = profile.get("type"), profile.get("localhostProfile")
    if kind == "Localhost":
        if local is None:
            errs.required(f"{path}.localhostProfile", "must be set when AppArmor type is Localhost")
        elif local.strip() != local:
            errs.invalid(f"{path}.localhostProfile", local, "must not be padded with whitespace")
        elif not local:
            errs.required(f"{path}.localhostProfile", "must be set when AppArmor type is Localhost")
        if len((local or "").encode()) > _LONGEST_PATH:
            errs.too_long(f"{path}.localhostProfile", _LONGEST_PATH)
    elif kind in ("RuntimeDefault", "Unconfined"):
        if local is not None:
            errs.invalid(f"{path}.localhostProfile", local, "can only be set when AppArmor type is Localhost")
    elif not kind:
        errs.required(f"{path}.type", "type is required when appArmorProfile is set")
    else:
        errs.unsupported(f"{path}.type", kind, ("Localhost", "RuntimeDefault", "Unconfined"))


def pod_security(errs: Errors, spec: Manifest, path: str) -> None:
    context = spec.get("securityContext") or {}
    for key in ("fsGroup", "runAsUser", "runAsGroup"):
        if key in context:
            errs.each(f"{path}.{key}", context[key], names.user_id(context[key]))
    for index, given in enumerate(context.get("supplementalGroups") or ()):
        group = given or 0
        errs.each(f"{path}.supplementalGroups[{index}]", group, names.user_id(group))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        errs.invalid(f"{path}.shareProcessNamespace", True, text)
    _sysctls(errs, spec, context, f"{path}.sysctls")
    errs.known(f"{path}.fsGroupChangePolicy", context.get("fsGroupChangePolicy"), ("Always", "OnRootMismatch"))
    if context.get("seccompProfile") is not None:
        seccomp(errs, context["seccompProfile"], f"{path}.seccompProfile")
    if context.get("windowsOptions") is not None:
        windows(errs, context["windowsOptions"], f"{path}.windowsOptions")
    if context.get("appArmorProfile") is not None:
        app_armor(errs, context["appArmorProfile"], f"{path}.appArmorProfile")
    errs.known(f"{path}.supplementalGroupsPolicy", context.get("supplementalGroupsPolicy"), ("Merge", "Strict"))
    errs.known(f"{path}.seLinuxChangePolicy", context.get("seLinuxChangePolicy"), ("Recursive",))


def _sysctls(errs: Errors, spec: Manifest, context: Manifest, path: str) -> None:
    seen: set[str] = set()
    for index, sysctl in enumerate(context.get("sysctls") or ()):
        name, place = sysctl.get("name") or "", f"{path}[{index}].name"
        if not name:
            errs.required(place)
        elif len(name) > 253 or not _sysctl(name):
            errs.invalid(place, name, f"must have at most 253 characters and match regex ^{_SYSCTL}$")
        elif name in seen:
            errs.duplicate(place, name)
        for shared in ("hostNetwork", "hostIPC"):
            if spec.get(shared) and _namespace_of(name) == shared:
                errs.invalid(place, name, f"may not be specified when '{shared}' is true")
        seen.add(name)


_IPC_SYSCTLS = frozenset(
    f"kernel.{name}"
    for name in ("sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced", "shm", "msgmax", "msgmnb", "msgmni", "msg")
)


def _namespace_of(sysctl: str) -> str:
    """The namespace of the host that a kernel parameter belongs to."""
    dotted = sysctl.replace("/", ".")
    if dotted.startswith("net."):
        return "hostNetwork"
    return "hostIPC" if dotted in _IPC_SYSCTLS or dotted.startswith("fs.mqueue.") else ""


_WINDOWS_SPEC_LIMIT = 64 * 1024
_WINDOWS_USER_LIMIT = 104
_WINDOWS_DOMAIN_LIMIT = 256


def windows(errs: Errors, options: Manifest, path: str) -> None:
    name, spec, user = (options.get(key) for key in ("gmsaCredentialSpecName", "gmsaCredentialSpec", "runAsUserName"))
    if name is not None:
        errs.name(f"{path}.gmsaCredentialSpecName", name, names.dns_subdomain)
    if spec == "":
        errs.invalid(f"{path}.gmsaCredentialSpec", spec, "gmsaCredentialSpec cannot be an empty string")
    elif spec is not None and len(spec) > _WINDOWS_SPEC_LIMIT:
        errs.invalid(f"{path}.gmsaCredentialSpec", spec, "gmsaCredentialSpec size must be under 64 KiB")
    for problem in _windows_user(user) if user is not None else ():
        errs.invalid(f"{path}.runAsUserName", raw(gotext.dumps(user)), f"runAsUserName{problem}")


def _windows_user(text: str) -> Iterator[str]:
    if not text:
        yield " cannot be an empty string"
    elif re.search(r"[\x00-\x1f\x7f]", text):
        yield " cannot contain control characters"
    elif text.count("\\") > 1:
        yield " cannot contain more than one backslash"
    else:
        domain, slash, user = text.rpartition("\\")
        if len(domain) >= _WINDOWS_DOMAIN_LIMIT:
            yield f"'s Domain length must be under {_WINDOWS_DOMAIN_LIMIT} characters"
        if slash and not (_netbios(domain) or _windows_domain(domain)):
            yield "'s Domain doesn't match the NetBios nor the DNS format"
        if not user:
            yield "'s User cannot be empty"
        elif len(user) > _WINDOWS_USER_LIMIT:
            yield f"'s User length must not be longer than {_WINDOWS_USER_LIMIT} characters"
        if re.fullmatch(r"[. ]+", user):
            yield "'s User cannot contain only periods or spaces"
        if re.search(r'["/\\:;|=,+*?<>@\[\]]', user):
            yield "'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"
