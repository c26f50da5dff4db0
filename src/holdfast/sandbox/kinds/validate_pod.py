"""Validation of pods and pod templates.

In: a defaulted pod or pod spec, for updates the stored one. Out: field errors in the API's order. Never: admission.
"""

from __future__ import annotations

import ipaddress

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names, selectors
from holdfast.sandbox.kinds.dump import internal
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.metadata import check_annotations, check_labels
from holdfast.sandbox.kinds.validate_containers import PodFacts, containers, trimmed_image
from holdfast.sandbox.kinds.validate_pod_annotations import agreeing, is_mirror, pod_annotations
from holdfast.sandbox.kinds.validate_pod_os import every_container, host_processes, operating_system
from holdfast.sandbox.kinds.validate_pod_resources import pod_resources
from holdfast.sandbox.kinds.validate_resources import requirements
from holdfast.sandbox.kinds.validate_scheduling import affinity, spread, tolerations
from holdfast.sandbox.kinds.validate_security import pod_security
from holdfast.sandbox.kinds.validate_volumes import volumes

_RESTART = ("Always", "OnFailure", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_GATE_TOO_MANY = "must not have more than 32 search paths"


def template(errs: Errors, found: Manifest, path: str) -> None:
    """A pod template: labels, annotations, then the spec."""
    meta = found.get("metadata") or {}
    check_labels(errs, meta.get("labels") or {}, f"{path}.labels")
    check_annotations(errs, meta.get("annotations") or {}, f"{path}.annotations")
    spec = found.get("spec") or {}
    pod_annotations(errs, found, spec, f"{path}.annotations")
    pod_spec(errs, spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        errs.forbidden(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")


def create(errs: Errors, pod: Manifest) -> None:
    spec = pod.get("spec") or {}
    whole_pod(errs, pod)
    if spec.get("ephemeralContainers"):
        errs.forbidden("spec.ephemeralContainers", "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        errs.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")
    agreeing(errs, pod, "spec")


def whole_pod(errs: Errors, pod: Manifest) -> None:
    """A pod rather than a template: with the rules that templates were never held against."""
    spec = pod.get("spec") or {}
    pod_annotations(errs, pod, spec, "metadata.annotations")
    pod_spec(errs, spec, "spec", pod)
    if not spec.get("serviceAccountName"):
        _no_tokens(errs, spec)
    for kind in ("containers", "initContainers"):
        for index, item in enumerate(spec.get(kind) or ()):
            trimmed_image(errs, item, f"spec.{kind}[{index}]")


def _no_tokens(errs: Errors, spec: Manifest) -> None:
    for index, volume in enumerate(spec.get("volumes") or ()):
        for number, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if "serviceAccountToken" in source:
                path = f"spec.volumes[{index}].projected.sources[{number}].serviceAccountToken"
                errs.forbidden(path, "must not be specified when serviceAccountName is not set")


def pod_spec(errs: Errors, spec: Manifest, path: str, pod: Manifest | None = None) -> None:
    """``pod``: the pod that the spec is of; a template has none."""
    facts = PodFacts(
        volumes=volumes(errs, spec, path, ((pod or {}).get("metadata") or {}).get("name") or ""),
        claims={claim["name"] for claim in spec.get("resourceClaims") or () if claim.get("name")},
        host_users=spec.get("hostUsers", True),
        restart=spec.get("restartPolicy") or "",
        grace=spec.get("terminationGracePeriodSeconds"),
    )
    _resource_claims(errs, spec, path, pod)
    containers(errs, spec, facts, path)
    pod_resources(errs, spec, path)
    _host_network(errs, spec, path, of_pod=pod is not None)
    errs.one_of(f"{path}.restartPolicy", spec.get("restartPolicy"), _RESTART, ordered=True)
    errs.one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS, ordered=True)
    check_labels(errs, spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    pod_security(errs, spec, f"{path}.securityContext")
    if spec.get("affinity"):
        affinity(errs, spec["affinity"], f"{path}.affinity")
    _dns_config(errs, spec, path)
    _gates(errs, spec, path)
    spread(errs, spec.get("topologySpreadConstraints") or [], f"{path}.topologySpreadConstraints")
    host_processes(errs, spec, path)
    _host_users(errs, spec, path)
    _names(errs, spec, path)
    tolerations(errs, spec.get("tolerations") or [], f"{path}.tolerations")
    _host_aliases(errs, spec, path)
    _classes(errs, spec, path)
    operating_system(errs, spec, path)
    _files_of_variables(errs, spec, path)


def _host_network(errs: Errors, spec: Manifest, path: str, *, of_pod: bool) -> None:
    """On the host's network a container's ports are the host's. Templates may leave them to be defaulted."""
    for index, item in enumerate(spec.get("containers") or () if spec.get("hostNetwork") else ()):
        for number, port in enumerate(item.get("ports") or ()):
            host = port.get("hostPort") or 0
            if (of_pod or host) and host != (port.get("containerPort") or 0):
                place = f"{path}.containers[{index}].ports[{number}].hostPort"
                errs.invalid(place, host, "must match `containerPort` when `hostNetwork` is true")


def _files_of_variables(errs: Errors, spec: Manifest, path: str) -> None:
    """A variable that comes from a file needs an emptyDir that the file is in."""
    known = {volume.get("name") or "": volume for volume in spec.get("volumes") or ()}
    for item, place in every_container(spec, path):
        for index, variable in enumerate(item.get("env") or ()):
            source = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if source is None:
                continue
            name, told = source.get("volumeName") or "", f"{place}.env[{index}].valueFrom.fileKeyRef.volumeName"
            if name not in known:
                errs.not_found(told, name)
            elif "emptyDir" not in known[name]:
                errs.invalid(told, name, "referenced volume must be of type emptyDir")


def _resource_claims(errs: Errors, spec: Manifest, path: str, pod: Manifest | None) -> None:
    seen: set[str] = set()
    for index, claim in enumerate(spec.get("resourceClaims") or ()):
        if pod is not None and is_mirror(pod):
            errs.forbidden("[]", "static pods do not support resource claims")
            continue
        place = f"{path}.resourceClaims[{index}]"
        name = claim.get("name")
        if not name:
            errs.required(f"{place}.name")
        elif name in seen:
            errs.duplicate(f"{place}.name", name)
        else:
            errs.name(f"{place}.name", name, names.dns_label)
            seen.add(name)
        given = [key for key in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(key) is not None]
        if len(given) > 1:
            errs.invalid(
                place,
                internal("PodResourceClaim", claim),
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
            )
        if not given:
            errs.invalid(
                place,
                internal("PodResourceClaim", claim),
                "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            )

        for key in given:
            errs.name(f"{place}.{key}", claim[key], names.dns_subdomain)


def _host_name(errs: Errors, spec: Manifest, path: str) -> None:
    name, place = spec.get("hostnameOverride"), f"{path}.hostnameOverride"
    if name is None:
        return
    if spec.get("setHostnameAsFQDN"):
        errs.forbidden(place, "may not be specified when setHostnameAsFQDN is true")
    if spec.get("hostNetwork"):
        errs.forbidden(place, "may not be specified when hostNetwork is true")
    if len(name) > 64:
        errs.too_long(place, 64)
    errs.name(place, name, names.dns_subdomain)


def _names(errs: Errors, spec: Manifest, path: str) -> None:
    _host_name(errs, spec, path)
    for key, rule in (("serviceAccountName", names.dns_subdomain), ("nodeName", names.dns_subdomain)):
        if spec.get(key):
            errs.name(f"{path}.{key}", spec[key], rule)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= 2**31 - 1:
        errs.invalid(f"{path}.activeDeadlineSeconds", deadline, names.between(1, 2**31 - 1))
    for key in ("hostname", "subdomain"):
        if spec.get(key):
            errs.name(f"{path}.{key}", spec[key], names.dns_label)


def _host_users(errs: Errors, spec: Manifest, path: str) -> None:
    if spec.get("hostUsers", True):
        return
    for key, told in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(key):
            errs.forbidden(f"{path}.{told}", "when `hostUsers` is false")
    for item, place in every_container(spec, path):
        if item.get("volumeDevices"):
            errs.forbidden(f"{place}.volumeDevices", "when `hostUsers` is false")


def _dns_config(errs: Errors, spec: Manifest, path: str) -> None:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            errs.required(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
            return
        if not config.get("nameservers"):
            errs.required(
                f"{path}.dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None"
            )
    if not config:
        return
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > 3:
        errs.invalid(f"{path}.dnsConfig.nameservers", servers, "must not have more than 3 nameservers")
    for index, server in enumerate(servers):
        ip(errs, server, f"{path}.dnsConfig.nameservers[{index}]")
    if len(searches) > 32:
        errs.invalid(f"{path}.dnsConfig.searches", searches, _GATE_TOO_MANY)
    if len(" ".join(searches)) > 2048:
        errs.invalid(
            f"{path}.dnsConfig.searches",
            searches,
            "must not have more than 2048 characters (including spaces) in the search list",
        )
    for index, search in enumerate(searches):
        if search == ".":
            continue
        errs.name(f"{path}.dnsConfig.searches[{index}]", search.removesuffix("."), names.dns_subdomain_underscore)
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errs.required(f"{path}.dnsConfig.options[{index}]", "must not be empty")


def ip(errs: Errors, text: str, path: str) -> bool:
    """An address in its usual form."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        errs.invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
        return False
    return True


def is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _gates(errs: Errors, spec: Manifest, path: str) -> None:
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        errs.name(f"{path}.readinessGates[{index}].conditionType", gate.get("conditionType") or "", names.qualified)
    seen: set[str] = set()
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        name = gate.get("name") or ""
        errs.name(f"{path}.schedulingGates[{index}]", name, names.qualified)
        if name in seen:
            errs.duplicate(f"{path}.schedulingGates[{index}]", name)
        seen.add(name)


def _host_aliases(errs: Errors, spec: Manifest, path: str) -> None:
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        place = f"{path}.hostAliases[{index}]"
        ip(errs, alias.get("ip") or "", f"{place}.ip")
        for number, host in enumerate(alias.get("hostnames") or ()):
            errs.name(f"{place}.hostnames[{number}]", host, names.dns_subdomain)


def _classes(errs: Errors, spec: Manifest, path: str) -> None:
    for key in ("priorityClassName", "runtimeClassName"):
        if spec.get(key):
            errs.name(f"{path}.{key}", spec[key], names.dns_subdomain)
    if spec.get("preemptionPolicy"):
        errs.one_of(
            f"{path}.preemptionPolicy", spec["preemptionPolicy"], ("PreemptLowerPriority", "Never"), ordered=True
        )
    if spec.get("overhead"):
        requirements(errs, {"limits": spec["overhead"]}, f"{path}.overhead")


# --- template of a workload -------------------------------------------------------


def workload_template(
    errs: Errors,
    spec: Manifest,
    kind: str,
    selector_usable: bool,
    path: str = "spec",
) -> None:
    """Selector against labels, the template itself, and what long-running workloads forbid in it."""
    found = spec.get("template") or {}
    place = f"{path}.template"
    labels = (found.get("metadata") or {}).get("labels")
    if (
        selector_usable
        and not selectors.empty(spec.get("selector"))
        and not selectors.matches(spec["selector"], labels or {})
    ):
        errs.invalid(f"{place}.metadata.labels", labels or None, "`selector` does not match template `labels`")
    # A template is judged against its selector: with one that cannot be read it is not judged at all.
    judged = kind == "DaemonSet" or spec.get("selector") is None or selectors.usable(spec["selector"])
    if not judged and kind != "StatefulSet":
        return
    if judged:
        template(errs, found, place)
        if kind == "StatefulSet":
            check_labels(errs, labels or {}, f"{place}.labels")
    pod = found.get("spec") or {}
    if pod.get("restartPolicy") != "Always":
        errs.unsupported(f"{place}.spec.restartPolicy", pod.get("restartPolicy"), ("Always",))
    if pod.get("activeDeadlineSeconds") is not None:
        errs.forbidden(
            f"{place}.spec.activeDeadlineSeconds",
            f"activeDeadlineSeconds in {'ReplicaSet' if kind == 'Deployment' else kind} is not Supported",
        )
