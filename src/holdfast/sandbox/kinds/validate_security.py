"""Validation of security contexts.

In: a container's or a pod's security context. Out: field errors. Never: Pod Security admission.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.dump import internal
from holdfast.sandbox.kinds.field import Errors


def container_security(errs: Errors, context: Manifest, path: str, host_users: bool = True) -> None:
    for key in ("runAsUser", "runAsGroup"):
        if key in context:
            errs.each(f"{path}.{key}", context[key], names.user_id(context[key]))
    if context.get("seccompProfile") is not None:
        seccomp(errs, context["seccompProfile"], f"{path}.seccompProfile")
    privilege = context.get("allowPrivilegeEscalation")
    if privilege is False:
        if context.get("privileged"):
            errs.invalid(
                path, context_dump(context), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            )
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            errs.invalid(
                path,
                context_dump(context),
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
            )
    if context.get("procMount") is not None:
        if context["procMount"] not in ("Default", "Unmasked"):
            errs.unsupported(f"{path}.procMount", context["procMount"], ("Default", "Unmasked"))
        elif context["procMount"] == "Unmasked" and host_users:
            errs.invalid(f"{path}.procMount", "Unmasked", "`hostUsers` must be false to use `Unmasked`")
    if context.get("appArmorProfile") is not None:
        app_armor(errs, context["appArmorProfile"], f"{path}.appArmorProfile")


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
        errs.invalid(f"{path}.localhostProfile", profile, "can only be set when seccomp type is Localhost")


def app_armor(errs: Errors, profile: Manifest, path: str) -> None:
    kind, local = profile.get("type"), profile.get("localhostProfile")
    if kind == "Localhost":
        if local is None:
            errs.required(f"{path}.localhostProfile", "must be set when AppArmor type is Localhost")
        elif local.strip() != local:
            errs.invalid(f"{path}.localhostProfile", local, "must not be padded with whitespace")
        elif not local:
            errs.required(f"{path}.localhostProfile", "must be set when AppArmor type is Localhost")
    elif kind in ("RuntimeDefault", "Unconfined"):
        if local is not None:
            errs.invalid(f"{path}.localhostProfile", local, "can only be set when AppArmor type is Localhost")
    elif not kind:
        errs.required(f"{path}.type", "type is required when appArmorProfile is set")
    else:
        errs.unsupported(f"{path}.type", kind, ("Localhost", "RuntimeDefault", "Unconfined"))


def pod_security(errs: Errors, context: Manifest, path: str) -> None:
    for key in ("fsGroup", "runAsUser", "runAsGroup"):
        if key in context:
            errs.each(f"{path}.{key}", context[key], names.user_id(context[key]))
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        errs.each(f"{path}.supplementalGroups[{index}]", group, names.user_id(group))
    seen: set[str] = set()
    for index, sysctl in enumerate(context.get("sysctls") or ()):
        name = sysctl.get("name") or ""
        if not name:
            errs.required(f"{path}.sysctls[{index}].name")
        if name in seen:
            errs.duplicate(f"{path}.sysctls[{index}].name", name)
        seen.add(name)
    errs.one_of(
        f"{path}.fsGroupChangePolicy", context.get("fsGroupChangePolicy"), ("Always", "OnRootMismatch"), required=False
    )
    if context.get("seccompProfile") is not None:
        seccomp(errs, context["seccompProfile"], f"{path}.seccompProfile")
    if context.get("appArmorProfile") is not None:
        app_armor(errs, context["appArmorProfile"], f"{path}.appArmorProfile")
    errs.one_of(
        f"{path}.supplementalGroupsPolicy", context.get("supplementalGroupsPolicy"), ("Merge", "Strict"), required=False
    )
    errs.one_of(
        f"{path}.seLinuxChangePolicy", context.get("seLinuxChangePolicy"), ("MountOption", "Recursive"), required=False
    )
