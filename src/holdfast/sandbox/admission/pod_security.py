"""Pod Security: the baseline and restricted standards, enforced or warned about by namespace labels.

In: a pod, a workload with a template, or a namespace whose labels change. Out: a refusal or warnings. Never: changes.
The checks run in a fixed order; each answers its name and the detail behind it, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World

_PREFIX = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
_TEMPLATES = {
    ("", "pods"): (), ("", "replicationcontrollers"): ("spec", "template"), ("", "podtemplates"): ("template",), ("apps", "deployments"): ("spec", "template"),
    ("apps", "replicasets"): ("spec", "template"), ("apps", "statefulsets"): ("spec", "template"), ("apps", "daemonsets"): ("spec", "template"),
    ("batch", "jobs"): ("spec", "template"), ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
}  # fmt: skip
_SAFE_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
_SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    }
)  # fmt: skip
_SAFE_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
    }
)
_SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
Finding = tuple[str, str]
Check = Callable[[Manifest, Manifest], Finding | None]


def _containers(spec: Manifest) -> Iterator[Manifest]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(key) or ()


def _context(item: Manifest) -> Manifest:
    return item.get("securityContext") or {}


def quoted(found: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in found)


def _plural(word: str, found: list[str]) -> str:
    return word if len(found) == 1 else f"{word}s"


def _named(found: list[str], word: str = "container") -> str:
    return f"{_plural(word, found)} {quoted(found)}"


# --- baseline -------------------------------------------------------------------------


def _host_namespaces(meta: Manifest, spec: Manifest) -> Finding | None:
    found = [f"{key}=true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    return ("host namespaces", ", ".join(found)) if found else None


def _privileged(meta: Manifest, spec: Manifest) -> Finding | None:
    bad = [c.get("name") or "" for c in _containers(spec) if _context(c).get("privileged")]
    return ("privileged", f"{_named(bad)} must not set securityContext.privileged=true") if bad else None


def _baseline_capabilities(meta: Manifest, spec: Manifest) -> Finding | None:
    bad, extra = [], set()
    for item in _containers(spec):
        added = [c for c in (_context(item).get("capabilities") or {}).get("add") or () if c not in _SAFE_CAPABILITIES]
        if added:
            bad.append(item.get("name") or "")
            extra.update(added)
    if not bad:
        return None
    return (
        "non-default capabilities",
        f"{_named(bad)} must not include {quoted(sorted(extra))} in securityContext.capabilities.add",
    )


def _host_path(meta: Manifest, spec: Manifest) -> Finding | None:
    bad = [v.get("name") or "" for v in spec.get("volumes") or () if "hostPath" in v]
    return ("hostPath volumes", _named(bad, "volume")) if bad else None


def _host_ports(meta: Manifest, spec: Manifest) -> Finding | None:
    bad, ports = [], []
    for item in _containers(spec):
        used = [str(p["hostPort"]) for p in item.get("ports") or () if p.get("hostPort")]
        if used:
            bad.append(item.get("name") or "")
            ports += used
    if not bad:
        return None
    unique = sorted(set(ports), key=ports.index)
    verb = "uses" if len(bad) == 1 else "use"
    return "hostPort", f"{_named(bad)} {verb} {_plural('hostPort', unique)} {', '.join(unique)}"


def _app_armor(meta: Manifest, spec: Manifest) -> Finding | None:
    bad = [
        c.get("name") or ""
        for c in _containers(spec)
        if (_context(c).get("appArmorProfile") or {}).get("type") == "Unconfined"
    ]
    notes = []
    if (_context(spec).get("appArmorProfile") or {}).get("type") == "Unconfined":
        notes.append('pod must not set AppArmor profile type to "Unconfined"')
    if bad:
        notes.append(f'{_named(bad)} must not set AppArmor profile type to "Unconfined"')
    return (_plural("forbidden AppArmor profile", notes), " and ".join(notes)) if notes else None


def _selinux(meta: Manifest, spec: Manifest) -> Finding | None:
    setters: list[str] = []
    kinds: list[str] = []
    user = role = False
    for name, options in [("pod", _context(spec).get("seLinuxOptions"))] + [
        (c.get("name") or "", _context(c).get("seLinuxOptions")) for c in _containers(spec)
    ]:
        if not options:
            continue
        bad = False
        if (options.get("type") or "") not in _SELINUX_TYPES:
            kinds.append(options["type"])
            bad = True
        if options.get("user"):
            user = bad = True
        if options.get("role"):
            role = bad = True
        if bad:
            setters.append(name)
    if not setters:
        return None
    parts = [f"{_plural('type', kinds)} {quoted(kinds)}"] if kinds else []
    parts += ["user may not be set"] if user else []
    parts += ["role may not be set"] if role else []
    who = ["pod"] if "pod" in setters else []
    rest = [name for name in setters if name != "pod"]
    who += [_named(rest)] if rest else []
    return "seLinuxOptions", f"{' and '.join(who)} set forbidden securityContext.seLinuxOptions: {'; '.join(parts)}"


def _proc_mount(meta: Manifest, spec: Manifest) -> Finding | None:
    found = [
        (c.get("name") or "", _context(c)["procMount"])
        for c in _containers(spec)
        if _context(c).get("procMount") not in (None, "Default")
    ]
    if not found or not spec.get("hostUsers", True):
        return None
    return (
        "procMount",
        f"{_named([n for n, _ in found])} must not set securityContext.procMount to {quoted(sorted({v for _, v in found}))}",
    )


def _sysctls(meta: Manifest, spec: Manifest) -> Finding | None:
    bad = [s.get("name") or "" for s in _context(spec).get("sysctls") or () if s.get("name") not in _SAFE_SYSCTLS]
    return ("forbidden sysctls", ", ".join(bad)) if bad else None


def _seccomp_baseline(meta: Manifest, spec: Manifest) -> Finding | None:
    parts = []
    if (_context(spec).get("seccompProfile") or {}).get("type") == "Unconfined":
        parts.append("pod")
    bad = [
        c.get("name") or ""
        for c in _containers(spec)
        if (_context(c).get("seccompProfile") or {}).get("type") == "Unconfined"
    ]
    parts += [_named(bad)] if bad else []
    return (
        ("seccompProfile", f'{" and ".join(parts)} must not set securityContext.seccompProfile.type to "Unconfined"')
        if parts
        else None
    )


def _windows(meta: Manifest, spec: Manifest) -> Finding | None:
    parts = ["pod"] if (_context(spec).get("windowsOptions") or {}).get("hostProcess") else []
    bad = [
        c.get("name") or "" for c in _containers(spec) if (_context(c).get("windowsOptions") or {}).get("hostProcess")
    ]
    parts += [_named(bad)] if bad else []
    return (
        ("hostProcess", f"{' and '.join(parts)} must not set securityContext.windowsOptions.hostProcess=true")
        if parts
        else None
    )


# --- restricted -------------------------------------------------------------------------


def _escalation(meta: Manifest, spec: Manifest) -> Finding | None:
    if (spec.get("os") or {}).get("name") == "windows":
        return None
    bad = [c.get("name") or "" for c in _containers(spec) if _context(c).get("allowPrivilegeEscalation") is not False]
    return (
        ("allowPrivilegeEscalation != false", f"{_named(bad)} must set securityContext.allowPrivilegeEscalation=false")
        if bad
        else None
    )


def _capabilities(meta: Manifest, spec: Manifest) -> Finding | None:
    if (spec.get("os") or {}).get("name") == "windows":
        return None
    undropped, added, extra = [], [], set()
    for item in _containers(spec):
        found = _context(item).get("capabilities") or {}
        if "ALL" not in (found.get("drop") or ()):
            undropped.append(item.get("name") or "")
        bad = [c for c in found.get("add") or () if c != "NET_BIND_SERVICE"]
        if bad:
            added.append(item.get("name") or "")
            extra.update(bad)
    notes = []
    if undropped:
        notes.append(f'{_named(undropped)} must set securityContext.capabilities.drop=["ALL"]')
    if added:
        notes.append(f"{_named(added)} must not include {quoted(sorted(extra))} in securityContext.capabilities.add")
    return ("unrestricted capabilities", "; ".join(notes)) if notes else None


def _non_root(meta: Manifest, spec: Manifest) -> Finding | None:
    pod = _context(spec).get("runAsNonRoot")
    explicit = [c.get("name") or "" for c in _containers(spec) if _context(c).get("runAsNonRoot") is False]
    implicit = [c.get("name") or "" for c in _containers(spec) if _context(c).get("runAsNonRoot") is None]
    if not spec.get("hostUsers", True):
        return None
    parts = []
    if pod is False:
        parts.append("pod must not set securityContext.runAsNonRoot=false")
    if explicit:
        parts.append(f"{_named(explicit)} must not set securityContext.runAsNonRoot=false")
    if parts:
        return "runAsNonRoot != true", "; ".join(parts) if len(
            parts
        ) == 1 else f"pod and {_named(explicit)} must not set securityContext.runAsNonRoot=false"
    if pod is None and implicit:
        return "runAsNonRoot != true", f"pod or {_named(implicit)} must set securityContext.runAsNonRoot=true"
    return None


def _run_as_user(meta: Manifest, spec: Manifest) -> Finding | None:
    if not spec.get("hostUsers", True):
        return None
    parts = ["pod"] if _context(spec).get("runAsUser") == 0 else []
    bad = [c.get("name") or "" for c in _containers(spec) if _context(c).get("runAsUser") == 0]
    parts += [_named(bad)] if bad else []
    return ("runAsUser=0", f"{' and '.join(parts)} must not set runAsUser=0") if parts else None


def _seccomp(meta: Manifest, spec: Manifest) -> Finding | None:
    if (spec.get("os") or {}).get("name") == "windows":
        return None
    good = ("RuntimeDefault", "Localhost")
    pod = (_context(spec).get("seccompProfile") or {}).get("type")
    wrong = [
        c.get("name") or ""
        for c in _containers(spec)
        if (_context(c).get("seccompProfile") or {}).get("type") not in (None, *good)
    ]
    missing = [
        c.get("name") or "" for c in _containers(spec) if (_context(c).get("seccompProfile") or {}).get("type") is None
    ]
    parts = ["pod"] if pod is not None and pod not in good else []
    parts += [_named(wrong)] if wrong else []
    if parts:
        return (
            "seccompProfile",
            f'{" and ".join(parts)} must not set securityContext.seccompProfile.type to "Unconfined"',
        )
    if pod is None and missing:
        return (
            "seccompProfile",
            f'pod or {_named(missing)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
        )
    return None


def _volume_types(meta: Manifest, spec: Manifest) -> Finding | None:
    bad, kinds = [], []
    for volume in spec.get("volumes") or ():
        found = [key for key in volume if key != "name" and key not in _SAFE_VOLUMES]
        if found:
            bad.append(volume.get("name") or "")
            kinds += found
    if not bad:
        return None
    unique = sorted(set(kinds))
    verb = "uses" if len(bad) == 1 else "use"
    return (
        "restricted volume types",
        f"{_named(bad, 'volume')} {verb} restricted volume {_plural('type', unique)} {quoted(unique)}",
    )


_BASELINE: tuple[Check, ...] = (
    _app_armor, _baseline_capabilities, _host_namespaces, _host_path, _host_ports, _privileged, _proc_mount, _seccomp_baseline, _selinux, _sysctls, _windows,
)  # fmt: skip
_RESTRICTED: tuple[Check, ...] = (
    _app_armor, _escalation, _capabilities, _host_namespaces, _host_path, _host_ports, _privileged, _proc_mount, _volume_types, _non_root, _run_as_user,
    _seccomp, _selinux, _sysctls, _windows,
)  # fmt: skip
_ORDER = (
    _host_namespaces, _privileged, _baseline_capabilities, _host_path, _host_ports, _app_armor, _selinux, _proc_mount, _seccomp_baseline, _sysctls, _windows,
    _volume_types, _escalation, _capabilities, _non_root, _run_as_user, _seccomp,
)  # fmt: skip


def findings(level: str, meta: Manifest, spec: Manifest) -> list[Finding]:
    checks: tuple[Check, ...] = () if level == "privileged" else _BASELINE if level == "baseline" else _RESTRICTED
    return [found for check in _ORDER if check in checks for found in [check(meta, spec)] if found]


def _sentence(found: list[Finding]) -> str:
    return ", ".join(f"{name} ({detail})" if detail else name for name, detail in found)


class Policy:
    def __init__(self, labels: dict[str, Any]) -> None:
        self._labels = labels

    def level(self, mode: str) -> str:
        level = str(self._labels.get(_PREFIX + mode) or "privileged")
        return level if level in _LEVELS else "restricted"

    def version(self, mode: str) -> str:
        return str(self._labels.get(f"{_PREFIX}{mode}-version") or "latest")

    def text(self, mode: str) -> str:
        return f"{self.level(mode)}:{self.version(mode)}"


def check(world: World, request: Request) -> None:
    """Pods are refused or warned about; workloads with templates are only warned about."""
    path = _TEMPLATES.get(request.key)
    if path is None or request.new is None or request.subresource not in ("", "ephemeralcontainers"):
        return
    policy = Policy(world.namespace_labels(request.namespace))
    found: Any = request.new
    for step in path:
        found = (found or {}).get(step)
    if not found:
        return
    if path == () and request.operation == "UPDATE" and request.subresource == "" and not _significant(request):
        return
    meta, spec = found.get("metadata") or {}, found.get("spec") or {}
    if path == ():
        problems = findings(policy.level("enforce"), meta, spec)
        if problems:
            raise request.forbidden(f'violates PodSecurity "{policy.text("enforce")}": {_sentence(problems)}')
    mode = "warn" if path == () or policy.level("warn") != "privileged" else "enforce"
    problems = findings(policy.level(mode), meta, spec)
    if problems:
        request.call.warn(f'would violate PodSecurity "{policy.text(mode)}": {_sentence(problems)}')


def _significant(request: Request) -> bool:
    """Whether a pod's update touches anything the standards judge: an image alone does not."""

    def judged(pod: Manifest | None) -> Any:
        spec = dict((pod or {}).get("spec") or {})
        for key in ("containers", "initContainers"):
            spec[key] = [{k: v for k, v in c.items() if k != "image"} for c in spec.get(key) or ()]
        spec.pop("tolerations", None)
        spec.pop("activeDeadlineSeconds", None)
        return spec

    return bool(judged(request.new) != judged(request.old))


def namespace(world: World, request: Request) -> None:
    """Stricter enforcement warns about the pods that are already there."""
    if request.new is None or request.old is None:
        return
    new, old = (Policy(obj["metadata"].get("labels") or {}) for obj in (request.new, request.old))
    if _LEVELS.index(new.level("enforce")) <= _LEVELS.index(old.level("enforce")) and new.version(
        "enforce"
    ) == old.version("enforce"):
        return
    lines: dict[str, list[str]] = {}
    for pod in world.list("", "v1", "pods", request.name):
        problems = findings(new.level("enforce"), pod["metadata"], pod["spec"])
        if problems:
            lines.setdefault(", ".join(name for name, _ in problems), []).append(pod["metadata"]["name"])
    if not lines:
        return
    request.call.warn(
        f'existing pods in namespace "{request.name}" violate the new PodSecurity enforce level "{new.text("enforce")}"'
    )
    for text, pods in sorted(lines.items(), key=lambda item: item[1][0]):
        others = "" if len(pods) == 1 else f" (and {len(pods) - 1} other pod{'s' if len(pods) > 2 else ''})"
        request.call.warn(f"{pods[0]}{others}: {text}")
