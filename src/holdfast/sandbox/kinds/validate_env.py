"""Validation of environment variables and their sources.

In: env and envFrom lists. Out: field errors. Never: values of the sources.
"""

from __future__ import annotations

import re
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_PATHS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
    "status.podIP", "status.podIPs",
)  # fmt: skip
_KNOWN_PATHS = {
    *_PATHS,
    "metadata.annotations",
    "metadata.labels",
    "status.phase",
    "spec.restartPolicy",
    "spec.hostname",
    "spec.subdomain",
}
_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_SUBSCRIPT = re.compile(r"^(.*)\['(.*)'\]$")
_CPU_DIVISORS = ("1m", "1")
_BYTE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_TOLD_RESOURCES = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}


def env(errs: Errors, found: list[Any], path: str) -> None:
    for index, item in enumerate(found):
        place = f"{path}[{index}]"
        name = item.get("name")
        if not name:
            errs.required(f"{place}.name")
        else:
            errs.name(f"{place}.name", name, names.env_name)
        if item.get("valueFrom") is not None:
            _value_from(errs, item, f"{place}.valueFrom")


def _value_from(errs: Errors, item: Manifest, path: str) -> None:
    source = item["valueFrom"]
    given = [key for key in _SOURCES if key in source]
    if "fieldRef" in source:
        field_ref(errs, source["fieldRef"], f"{path}.fieldRef", _PATHS, subscripts=True)
    if "resourceFieldRef" in source:
        resource_ref(errs, source["resourceFieldRef"], f"{path}.resourceFieldRef", volume=False)
    for key in ("configMapKeyRef", "secretKeyRef"):
        if key in source:
            _key_ref(errs, source[key], f"{path}.{key}")
    if "fileKeyRef" in source:
        _file_key_ref(errs, source["fileKeyRef"], f"{path}.fileKeyRef")
    if not given:
        listed = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        errs.invalid(path, "", f"must specify one of: {listed}")
    elif item.get("value"):
        errs.invalid(path, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        errs.invalid(path, "", "may not have more than one field specified at a time")


def _file_key_ref(errs: Errors, source: Manifest, path: str) -> None:
    if not source.get("key"):
        errs.required(f"{path}.key")
    else:
        errs.name(f"{path}.key", source["key"], names.env_name)
    if not source.get("volumeName"):
        errs.required(f"{path}.volumeName")
    else:
        errs.name(f"{path}.volumeName", source["volumeName"], names.dns_label)
    if not source.get("path"):
        errs.required(f"{path}.path")
    elif ".." in source["path"].split("/"):
        errs.invalid(f"{path}.path", source["path"], "must not contain '..'")


def _key_ref(errs: Errors, source: Manifest, path: str) -> None:
    errs.name(f"{path}.name", source.get("name") or "", names.dns_subdomain)
    if not source.get("key"):
        errs.required(f"{path}.key")
    else:
        errs.name(f"{path}.key", source["key"], names.config_key)


def field_ref(errs: Errors, source: Manifest, path: str, supported: tuple[str, ...], subscripts: bool) -> None:
    where = source.get("fieldPath")
    if not source.get("apiVersion"):
        errs.required(f"{path}.apiVersion")
        return
    if not where:
        errs.required(f"{path}.fieldPath")
        return
    place = f"{path}.fieldPath"
    if source["apiVersion"] != "v1":
        errs.invalid(place, where, f"error converting fieldPath: unsupported pod version: {source['apiVersion']}")
        return
    match = _SUBSCRIPT.match(where)
    if match is None:
        if where not in _KNOWN_PATHS:
            errs.invalid(place, where, f"error converting fieldPath: field label not supported: {where}")
        elif where not in supported:
            errs.unsupported(place, where, supported)
        return
    base, key = match.groups()
    if base == "metadata.annotations":
        errs.name(path, key.lower(), names.qualified)
    elif base == "metadata.labels":
        errs.name(path, key, names.qualified)
    else:
        errs.invalid(place, where, f"error converting fieldPath: field label does not support subscript: {where}")


def resource_ref(errs: Errors, source: Manifest, path: str, volume: bool) -> None:
    resource = source.get("resource")
    if volume and not source.get("containerName"):
        errs.required(f"{path}.containerName")
    elif not resource:
        errs.required(f"{path}.resource")
    elif resource not in _RESOURCES and not resource.startswith(("requests.hugepages-", "limits.hugepages-")):
        errs.unsupported(f"{path}.resource", resource, _RESOURCES)
    _divisor(errs, resource or "", source.get("divisor") or "0", f"{path}.divisor")


def _divisor(errs: Errors, resource: str, divisor: str, path: str) -> None:
    kind = resource.partition(".")[2]
    if divisor == "0" or not resource.startswith(("limits.", "requests.")):
        return
    if kind == "cpu":
        if divisor not in _CPU_DIVISORS:
            errs.invalid(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource")
        return
    told = "hugepages" if kind.startswith("hugepages-") else _TOLD_RESOURCES.get(kind)
    if told and divisor not in _BYTE_DIVISORS:
        listed = ", ".join(_BYTE_DIVISORS)
        errs.invalid(path, resource, f"only divisor's values {listed} are supported with the {told} resource")


def env_from(errs: Errors, found: list[Any], path: str) -> None:
    for index, item in enumerate(found):
        place = f"{path}[{index}]"
        if item.get("prefix"):
            errs.name(f"{place}.prefix", item["prefix"], names.env_name)
        given = [key for key in ("configMapRef", "secretRef") if key in item]
        for key in given:
            name = item[key].get("name")
            if not name:
                errs.required(f"{place}.{key}.name")
            else:
                errs.name(f"{place}.{key}.name", name, names.dns_subdomain)
        if not given:
            errs.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            errs.invalid(path, "", "may not have more than one field specified at a time")
