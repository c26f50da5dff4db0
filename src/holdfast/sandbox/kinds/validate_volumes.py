"""Validation of volumes: one source each, and each source's own fields.

In: the volumes of a decoded pod spec, or a persistent volume's source. Out: field errors. Never: whether the sources exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.selectors import label_selector
from holdfast.sandbox.kinds.validate_claims import claim_spec
from holdfast.sandbox.kinds.validate_env import field_ref, resource_ref

_VOLUME_FIELDS = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
)  # fmt: skip
_HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
Source = Callable[[Errors, Any, str, Manifest], None]


def volumes(errs: Errors, spec: Manifest, path: str) -> dict[str, Manifest]:
    """The volumes by name, for mounts to refer to."""
    found: dict[str, Manifest] = {}
    for index, volume in enumerate(spec.get("volumes") or ()):
        place, before = f"{path}.volumes[{index}]", len(errs)
        _sources(errs, volume, place, spec)
        name = volume.get("name")
        if not name:
            errs.required(f"{place}.name")
        else:
            errs.name(f"{place}.name", name, names.dns_label)
        if name in found:
            errs.duplicate(f"{place}.name", name)
        # A volume with mistakes is not there for mounts.
        if name and len(errs) == before:
            found[name] = volume
    return found


def _sources(errs: Errors, volume: Manifest, path: str, spec: Manifest) -> None:
    count = 0
    for kind, rule in SOURCES.items():
        if kind not in volume:
            continue
        count += 1
        if count > 1:
            errs.forbidden(f"{path}.{kind}", "may not specify more than 1 volume type")
        else:
            rule(errs, volume[kind], f"{path}.{kind}", spec)
    if not count:
        errs.required(path, "must specify a volume type")


def parts_forbidden(errs: Errors, text: str, path: str) -> None:
    if ".." in text.split("/"):
        errs.invalid(path, text, "must not contain '..'")


def _relative(errs: Errors, text: str, path: str) -> None:
    if text.startswith("/"):
        errs.invalid(path, text, "must be a relative path")
    parts_forbidden(errs, text, path)
    if text.startswith("..") and not text.startswith("../") and text != "..":
        errs.invalid(path, text, "must not start with '..'")


def _absolute(errs: Errors, text: str, path: str) -> None:
    if not text.startswith("/"):
        errs.invalid(path, text, "must be an absolute path")


def _mode(errs: Errors, mode: int | None, path: str) -> None:
    if mode is not None and not 0 <= mode <= 0o777:
        errs.invalid(path, mode, _MODE)


def _needs(*fields: str) -> Source:
    def check(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
        for field in fields:
            if not source.get(field):
                errs.required(f"{path}.{field}")

    return check


def _block_store(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("volumeID"):
        errs.required(f"{path}.volumeID")
    partition = source.get("partition") or 0
    if not 0 <= partition <= 255:
        # The text is wrong in the real server, too.
        errs.invalid(f"{path}.partition", partition, names.between(1, 255))


def _empty_dir(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    limit = source.get("sizeLimit")
    if limit is not None and parse(limit).value < 0:
        errs.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def host_path(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    where = source.get("path") or ""
    if not where:
        errs.required(f"{path}.path")
    else:
        parts_forbidden(errs, where, f"{path}.path")
    kind = source.get("type") or ""
    if kind not in _HOST_PATH_TYPES:
        errs.unsupported(f"{path}.type", kind, _HOST_PATH_TYPES)


def _items(errs: Errors, items: list[Any], path: str) -> None:
    for index, item in enumerate(items):
        place = f"{path}[{index}]"
        if not item.get("key"):
            errs.required(f"{place}.key")
        if not item.get("path"):
            errs.required(f"{place}.path")
        else:
            _relative(errs, item["path"], f"{place}.path")
        _mode(errs, item.get("mode"), f"{place}.mode")


def _keyed(name: str) -> Source:
    def check(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
        if not source.get(name):
            errs.required(f"{path}.{name}")
        _mode(errs, source.get("defaultMode"), f"{path}.defaultMode")
        _items(errs, source.get("items") or [], f"{path}.items")

    return check


def _downward(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    _mode(errs, source.get("defaultMode"), f"{path}.defaultMode")
    for item in source.get("items") or ():
        if not item.get("path"):
            errs.required(f"{path}.path")
        else:
            _relative(errs, item["path"], f"{path}.path")
        if "fieldRef" in item:
            field_ref(errs, item["fieldRef"], f"{path}.fieldRef", _VOLUME_FIELDS, subscripts=True)
            if "resourceFieldRef" in item:
                errs.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
        elif "resourceFieldRef" in item:
            resource_ref(errs, item["resourceFieldRef"], f"{path}.resourceFieldRef", volume=True)
        else:
            errs.required(path, "one of fieldRef and resourceFieldRef is required")
        _mode(errs, item.get("mode"), f"{path}.mode")


def _nfs(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("server"):
        errs.required(f"{path}.server")
    if not source.get("path"):
        errs.required(f"{path}.path")
    _absolute(errs, source.get("path") or "", f"{path}.path")


def _csi(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    csi_driver_name(errs, source.get("driver") or "", f"{path}.driver")
    secret = source.get("nodePublishSecretRef")
    if secret is not None and not secret.get("name"):
        errs.required(f"{path}.nodePublishSecretRef.name")


def csi_driver_name(errs: Errors, name: str, path: str) -> None:
    if not name:
        errs.required(path)
        return
    if len(name) > 63:
        errs.too_long(path, 63)
    for problem in names.dns_subdomain(name.lower()):
        errs.invalid(path, name, problem)


def _iscsi(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("targetPortal"):
        errs.required(f"{path}.targetPortal")
    iqn = source.get("iqn") or ""
    if not iqn:
        errs.required(f"{path}.iqn")
    elif not iqn.startswith(("iqn", "eui", "naa")):
        errs.invalid(f"{path}.iqn", iqn, "must be valid format starting with iqn, eui, or naa")
    if not 0 <= (source.get("lun") or 0) <= 255:
        errs.invalid(f"{path}.lun", source["lun"], names.between(0, 255))


def _fc(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
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


def _image(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("reference"):
        errs.required(f"{path}.reference")
    errs.one_of(
        f"{path}.pullPolicy",
        source.get("pullPolicy"),
        ("Always", "IfNotPresent", "Never"),
        required=False,
        ordered=True,
    )


def _ephemeral(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    template = source.get("volumeClaimTemplate")
    if template is None:
        errs.required(f"{path}.volumeClaimTemplate")
        return
    claim_spec(errs, template.get("spec") or {}, f"{path}.volumeClaimTemplate.spec")


def _git_repo(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("repository"):
        errs.required(f"{path}.repository")
    parts_forbidden(errs, source.get("directory") or "", f"{path}.directory")


def _flex(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("driver"):
        errs.required(f"{path}.driver")


def _glusterfs(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    _needs("endpoints", "path")(errs, source, path, spec)


def _azure_file(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    _needs("secretName", "shareName")(errs, source, path, spec)


# --- projected volumes ------------------------------------------------------------


def _projected(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    _mode(errs, source.get("defaultMode"), f"{path}.defaultMode")
    paths: set[str] = set()
    for index, item in enumerate(source.get("sources") or ()):
        place = f"{path}.sources[{index}]"
        given = [kind for kind in _PROJECTIONS if kind in item]
        for number, kind in enumerate(given):
            if number:
                errs.forbidden(place, "may not specify more than 1 volume type per source")
                continue
            _PROJECTIONS[kind](errs, item[kind], f"{place}.{kind}", spec)
        for kind in given[:1]:
            _unique_paths(errs, kind, item[kind], path, paths)


def _unique_paths(errs: Errors, kind: str, source: Manifest, path: str, paths: set[str]) -> None:
    found = [entry.get("path") for entry in source.get("items") or ()]
    if kind in ("serviceAccountToken", "clusterTrustBundle"):
        found = [source.get("path")]
    for name in found:
        if name and name in paths:
            errs.invalid(path, source.get("name") or name, "conflicting duplicate paths")
        paths.add(name or "")


def _projected_keys(name_field: str = "name") -> Source:
    def check(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
        if not source.get(name_field):
            errs.required(f"{path}.{name_field}")
        _items(errs, source.get("items") or [], f"{path}.items")

    return check


def _token(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    seconds = source.get("expirationSeconds") or 0
    if seconds < 600:
        errs.invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
    elif seconds > 1 << 32:
        errs.invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
    if not spec.get("serviceAccountName"):
        errs.forbidden(path, "must not be specified when serviceAccountName is not set")
    if not source.get("path"):
        errs.required(f"{path}.path")
    else:
        _relative(errs, source["path"], f"{path}.path")


def _trust_bundle(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    name, signer = source.get("name"), source.get("signerName")
    if name is not None and signer is not None:
        errs.invalid(path, source, "only one of name and signerName may be used")
    if name is None and signer is None:
        errs.invalid(path, source, "either name or signerName must be specified")
    if source.get("labelSelector"):
        label_selector(errs, source["labelSelector"], f"{path}.labelSelector")
    if not source.get("path"):
        errs.required(f"{path}.path")
    else:
        _relative(errs, source["path"], f"{path}.path")


_PROJECTIONS: dict[str, Source] = {
    "secret": _projected_keys(),
    "configMap": _projected_keys(),
    "downwardAPI": _downward,
    "serviceAccountToken": _token,
    "clusterTrustBundle": _trust_bundle,
    "podCertificate": _needs("signerName", "keyType"),
}

SOURCES: dict[str, Source] = {
    "emptyDir": _empty_dir,
    "hostPath": host_path,
    "gitRepo": _git_repo,
    "gcePersistentDisk": _needs("pdName"),
    "awsElasticBlockStore": _block_store,
    "secret": _keyed("secretName"),
    "nfs": _nfs,
    "iscsi": _iscsi,
    "glusterfs": _glusterfs,
    "flocker": lambda errs, source, path, spec: None,
    "persistentVolumeClaim": _needs("claimName"),
    "rbd": _needs("monitors", "image"),
    "cinder": _needs("volumeID"),
    "cephfs": _needs("monitors"),
    "quobyte": _needs("registry", "volume"),
    "downwardAPI": _downward,
    "fc": _fc,
    "flexVolume": _flex,
    "configMap": _keyed("name"),
    "azureFile": _azure_file,
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _needs("diskName", "diskURI"),
    "storageos": lambda errs, source, path, spec: None,
    "projected": _projected,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}
