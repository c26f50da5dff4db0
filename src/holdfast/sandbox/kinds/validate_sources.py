"""Validation of what volumes are backed by: the storage systems that pods and persistent volumes name alike.

In: one source of a decoded volume. Out: field errors. Never: whether the storage exists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors

Source = Callable[[Errors, Any, str, Manifest], None]
"""Errors, the source, its path, and the pod spec (or persistent volume's spec) that it is part of."""

_HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")


def needs(*fields: str) -> Source:
    def check(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
        for field in fields:
            if not source.get(field):
                errs.required(f"{path}.{field}")

    return check


def parts_forbidden(errs: Errors, text: str, path: str) -> None:
    if ".." in text.split("/"):
        errs.invalid(path, text, "must not contain '..'")


def descending(errs: Errors, text: str, path: str) -> None:
    """A relative path that does not leave its folder."""
    if text.startswith("/"):
        errs.invalid(path, text, "must be a relative path")
    parts_forbidden(errs, text, path)


def _secret_name(errs: Errors, source: Manifest, path: str) -> None:
    secret = source.get("secretRef")
    if secret is not None and not secret.get("name"):
        errs.required(f"{path}.secretRef.name")


def host_path(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    where = source.get("path") or ""
    if not where:
        errs.required(f"{path}.path")
        return
    parts_forbidden(errs, where, f"{path}.path")
    kind = source.get("type") or ""
    if kind not in _HOST_PATH_TYPES:
        errs.unsupported(f"{path}.type", kind, _HOST_PATH_TYPES)


def git_repo(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("repository"):
        errs.required(f"{path}.repository")
    descending(errs, source.get("directory") or "", f"{path}.directory")


def _partitioned(name: str) -> Source:
    def check(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
        if not source.get(name):
            errs.required(f"{path}.{name}")
        partition = source.get("partition") or 0
        if not 0 <= partition <= 255:
            # The text is wrong in the real server, too.
            errs.invalid(f"{path}.partition", partition, names.between(1, 255))

    return check


block_store = _partitioned("volumeID")
persistent_disk = _partitioned("pdName")


def nfs(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("server"):
        errs.required(f"{path}.server")
    where = source.get("path") or ""
    if not where:
        errs.required(f"{path}.path")
    if not where.startswith("/"):
        errs.invalid(f"{path}.path", where, "must be an absolute path")


# --- iSCSI and Fibre Channel ---

_ISCSI_NAMES = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+$"),
    "eui": re.compile(r"^eui.[A-Za-z0-9]{16}$"),
    "naa": re.compile(r"^naa.[A-Za-z0-9]{32}$"),
}
_ISCSI_PREFIX = "must be valid format starting with iqn, eui, or naa"
_ISCSI_LONG = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."


def _iscsi_name(errs: Errors, name: str, path: str, prefix_text: str) -> None:
    pattern = _ISCSI_NAMES.get(name[:3])
    if pattern is None:
        errs.invalid(path, name, prefix_text)
    elif not pattern.search(name):
        errs.invalid(path, name, "must be valid format")


def iscsi(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    _iscsi(errs, source, path, _ISCSI_PREFIX)


def iscsi_volume(errs: Errors, source: Manifest, path: str, name: str) -> None:
    """The source of a persistent volume called ``name``."""
    _iscsi(errs, source, path, "must be valid format", volume=name)


def _iscsi(errs: Errors, source: Manifest, path: str, prefix_text: str, volume: str | None = None) -> None:
    portal, iqn, initiator = source.get("targetPortal") or "", source.get("iqn") or "", source.get("initiatorName")
    if not portal:
        errs.required(f"{path}.targetPortal")
    if volume is not None and initiator is not None and len(f"{volume}:{portal}") > 64:
        errs.invalid(f"{path}.targetportal", portal, _ISCSI_LONG)
    if not iqn:
        errs.required(f"{path}.iqn")
    else:
        _iscsi_name(errs, iqn, f"{path}.iqn", prefix_text)
    if not 0 <= (source.get("lun") or 0) <= 255:
        errs.invalid(f"{path}.lun", source["lun"], names.between(0, 255))
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        errs.required(f"{path}.secretRef")
    if volume is not None:
        _secret_name(errs, source, path)
    if initiator is not None:
        _iscsi_name(errs, initiator, f"{path}.initiatorname", prefix_text)


def iscsi_name_too_long(errs: Errors, volume: Manifest, path: str) -> None:
    """A pod's volume and the portal share the length of a name on the node."""
    source, name = volume["iscsi"], volume.get("name") or ""
    if source.get("initiatorName") is not None and len(f"{name}:{source.get('targetPortal') or ''}") > 64:
        errs.invalid(f"{path}.name", name, _ISCSI_LONG)


def fibre_channel(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    wwns, wwids = source.get("targetWWNs"), source.get("wwids")
    if not wwns and not wwids:
        errs.required(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both")
    if wwns and wwids:
        errs.invalid(f"{path}.targetWWNs", wwns, "targetWWNs and wwids can not be specified simultaneously")
    if wwns:
        if "lun" not in source:
            errs.required(f"{path}.lun", "lun is required if targetWWNs is specified")
        elif not 0 <= source["lun"] <= 255:
            errs.invalid(f"{path}.lun", source["lun"], names.between(0, 255))


# --- systems that only few still run ---

_HOST_PORTS = "must be a host:port pair or multiple pairs separated by commas"
_HOST_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*")


def quobyte(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    registry = source.get("registry") or ""
    if not registry:
        errs.required(f"{path}.registry", _HOST_PORTS)
    elif len(source.get("tenant") or "") >= 65:
        errs.required(f"{path}.tenant", "must be a UUID and may not exceed a length of 64 characters")
    else:
        for pair in registry.split(","):
            if not _HOST_PORT.fullmatch(pair):
                errs.invalid(f"{path}.registry", registry, _HOST_PORTS)
    if not source.get("volume"):
        errs.required(f"{path}.volume")


def flocker(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    if not name and not uuid:
        errs.required(path, "one of datasetName and datasetUUID is required")
    if name and uuid:
        errs.invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously")
    if "/" in name:
        errs.invalid(f"{path}.datasetName", name, "must not contain '/'")


def cinder(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("volumeID"):
        errs.required(f"{path}.volumeID")
    _secret_name(errs, source, path)


def flex(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("driver"):
        errs.required(f"{path}.driver")
    for key in source.get("options") or {}:
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            text = "kubernetes.io and k8s.io namespaces are reserved"
            errs.invalid(f"{path}.options[{key}]", key, text)


_MANAGED_DISK = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
_BLOB_DISK = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


def azure_disk(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    needs("diskName", "diskURI")(errs, source, path, spec)
    errs.known(f"{path}.cachingMode", source.get("cachingMode"), ("None", "ReadOnly", "ReadWrite"))
    kind, uri = source.get("kind"), source.get("diskURI") or ""
    errs.known(f"{path}.kind", kind, ("Dedicated", "Managed", "Shared"))
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        errs.unsupported(f"{path}.diskURI", uri, (_MANAGED_DISK,))
    if kind is not None and kind != "Managed" and not uri.startswith("https://"):
        errs.unsupported(f"{path}.diskURI", uri, (_BLOB_DISK,))


def storage_os(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("volumeName"):
        errs.required(f"{path}.volumeName")
    else:
        errs.name(f"{path}.volumeName", source["volumeName"], names.dns_label)
    if source.get("volumeNamespace"):
        errs.name(f"{path}.volumeNamespace", source["volumeNamespace"], names.dns_label)
    _secret_name(errs, source, path)


STORAGE: dict[str, Source] = {
    "hostPath": host_path,
    "gcePersistentDisk": persistent_disk,
    "awsElasticBlockStore": block_store,
    "nfs": nfs,
    "iscsi": iscsi,
    "glusterfs": needs("endpoints", "path"),
    "flocker": flocker,
    "rbd": needs("monitors", "image"),
    "cinder": cinder,
    "cephfs": needs("monitors"),
    "quobyte": quobyte,
    "fc": fibre_channel,
    "flexVolume": flex,
    "azureFile": needs("secretName", "shareName"),
    "vsphereVolume": needs("volumePath"),
    "photonPersistentDisk": needs("pdID"),
    "portworxVolume": needs("volumeID"),
    "azureDisk": azure_disk,
    "storageos": storage_os,
    "scaleIO": needs("gateway", "system", "volumeName"),
}
