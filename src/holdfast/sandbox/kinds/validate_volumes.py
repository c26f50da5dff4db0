"""Validation of a pod's volumes: one source each, and each source's own fields.

In: the volumes of a decoded pod spec. Out: field errors. Never: whether the sources exist.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.metadata import check_annotations, check_labels
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.validate_claims import claim_spec
from holdfast.sandbox.kinds.validate_projected import downward, key_paths, mode, projected
from holdfast.sandbox.kinds.validate_sources import STORAGE, Source, git_repo, iscsi_name_too_long, needs


def volumes(errs: Errors, spec: Manifest, path: str, pod: str = "") -> dict[str, Manifest]:
    """The volumes by name, for mounts to refer to. ``pod``: the name of the pod, where it is known."""
    found: dict[str, Manifest] = {}
    created = {f"{pod}-{v.get('name')}" for v in spec.get("volumes") or () if pod and "ephemeral" in v}
    for index, volume in enumerate(spec.get("volumes") or ()):
        place, before = f"{path}.volumes[{index}]", len(errs)
        name = volume.get("name")
        _sources(errs, volume, place, spec)
        if pod and name and "ephemeral" in volume:
            _claim_name(errs, f"{pod}-{name}", name, f"{place}.name")
        if not name:
            errs.required(f"{place}.name")
        else:
            errs.name(f"{place}.name", name, names.dns_label)
        if name in found:
            errs.duplicate(f"{place}.name", name)
        # A volume with mistakes is not there for mounts.
        if name and len(errs) == before:
            found[name] = volume
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in created:
            text = "must not reference a PVC that gets created for an ephemeral volume"
            errs.invalid(f"{place}.persistentVolumeClaim.claimName", claim, text)
    return found


def _claim_name(errs: Errors, claim: str, name: str, path: str) -> None:
    """The claim of an ephemeral volume is named after pod and volume."""
    for problem in names.dns_subdomain(claim):
        errs.invalid(path, name, f"PVC name {gotext.quote(claim)}: {problem}")


_TOLD_AS = {"gcePersistentDisk": "persistentDisk"}
"""Paths that the real server spells differently."""


def _sources(errs: Errors, volume: Manifest, path: str, spec: Manifest) -> None:
    count = 0
    for kind, rule in SOURCES.items():
        if kind not in volume:
            continue
        count += 1
        if count > 1:
            errs.forbidden(f"{path}.{kind}", "may not specify more than 1 volume type")
        else:
            rule(errs, volume[kind], f"{path}.{_TOLD_AS.get(kind, kind)}", spec)
        if kind == "iscsi":
            iscsi_name_too_long(errs, volume, path)
    if not count:
        errs.required(path, "must specify a volume type")


def _empty_dir(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    limit = source.get("sizeLimit")
    if limit is not None and parse(limit).value < 0:
        errs.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def _keyed(name: str) -> Source:
    def check(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
        if not source.get(name):
            errs.required(f"{path}.{name}")
        mode(errs, source.get("defaultMode"), f"{path}.defaultMode")
        key_paths(errs, source.get("items") or [], f"{path}.items")

    return check


def _csi(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    csi_driver_name(errs, source.get("driver") or "", f"{path}.driver")
    secret = source.get("nodePublishSecretRef")
    if secret is None:
        return
    if not secret.get("name"):
        errs.required(f"{path}.nodePublishSecretRef.name")
    else:
        errs.name(f"{path}.name", secret["name"], names.dns_subdomain)


def csi_driver_name(errs: Errors, name: str, path: str) -> None:
    if not name:
        errs.required(path)
        return
    if len(name) > 63:
        errs.too_long(path, 63)
    for problem in names.dns_subdomain(name.lower()):
        errs.invalid(path, name, problem)


def _image(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    if not source.get("reference"):
        errs.required(f"{path}.reference")
    errs.one_of(f"{path}.pullPolicy", source.get("pullPolicy"), ("Always", "IfNotPresent", "Never"), ordered=True)


def _ephemeral(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    template = source.get("volumeClaimTemplate")
    if template is None:
        errs.required(f"{path}.volumeClaimTemplate")
        return
    place, meta = f"{path}.volumeClaimTemplate", template.get("metadata") or {}
    check_annotations(errs, meta.get("annotations") or {}, f"{place}.metadata.annotations")
    check_labels(errs, meta.get("labels") or {}, f"{place}.metadata.labels")
    for key in _METADATA:
        if meta.get(key):
            errs.forbidden(f"{place}.metadata.{key}", "cannot be set")
    claim_spec(errs, template.get("spec") or {}, f"{place}.spec")


_METADATA = (
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "ownerReferences", "finalizers", "managedFields",
)  # fmt: skip

SOURCES: dict[str, Source] = {
    "emptyDir": _empty_dir,
    "hostPath": STORAGE["hostPath"],
    "gitRepo": git_repo,
    "gcePersistentDisk": STORAGE["gcePersistentDisk"],
    "awsElasticBlockStore": STORAGE["awsElasticBlockStore"],
    "secret": _keyed("secretName"),
    "nfs": STORAGE["nfs"],
    "iscsi": STORAGE["iscsi"],
    "glusterfs": STORAGE["glusterfs"],
    "flocker": STORAGE["flocker"],
    "persistentVolumeClaim": needs("claimName"),
    "rbd": STORAGE["rbd"],
    "cinder": STORAGE["cinder"],
    "cephfs": STORAGE["cephfs"],
    "quobyte": STORAGE["quobyte"],
    "downwardAPI": downward,
    "fc": STORAGE["fc"],
    "flexVolume": STORAGE["flexVolume"],
    "configMap": _keyed("name"),
    "azureFile": STORAGE["azureFile"],
    "vsphereVolume": STORAGE["vsphereVolume"],
    "photonPersistentDisk": STORAGE["photonPersistentDisk"],
    "portworxVolume": STORAGE["portworxVolume"],
    "azureDisk": STORAGE["azureDisk"],
    "storageos": STORAGE["storageos"],
    "projected": projected,
    "scaleIO": STORAGE["scaleIO"],
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}
"""In the order in which the server looks."""
