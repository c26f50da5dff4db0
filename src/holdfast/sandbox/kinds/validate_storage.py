"""Validation of volumes, claims, classes and drivers.

In: a defaulted object, for updates the stored one. Out: field errors. Never: provisioning.
"""

from __future__ import annotations

from decimal import ROUND_CEILING
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import dump, names, selectors
from holdfast.sandbox.kinds.field import IMMUTABLE, NEGATIVE, Errors
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.validate_claims import MODES, access_modes, claim_spec, positive
from holdfast.sandbox.kinds.validate_resources import amount, is_native
from holdfast.sandbox.kinds.validate_sources import STORAGE, iscsi_volume, parts_forbidden
from holdfast.sandbox.kinds.validate_volumes import csi_driver_name

_VOLUME_KEYS = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs", "iscsi", "cinder", "fc", "flexVolume",
    "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip
_CLAIM_SENTENCE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def claim(errs: Errors, obj: Manifest) -> None:
    claim_spec(errs, obj["spec"], "spec")


_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def claim_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    new, before = dict(obj["spec"]), dict(old["spec"])
    bound = (old.get("status") or {}).get("phase") == "Bound"
    claim_spec(errs, obj["spec"], "spec")
    classes = [(o["metadata"].get("annotations") or {}).get(_OLD_CLASS) or "" for o in (obj, old)]
    if classes[0] != classes[1]:
        errs.invalid(f"metadata.annotations.{_OLD_CLASS}", classes[0], IMMUTABLE)
    if not before.get("volumeName"):
        _take(new, before, "volumeName")
    if before.get("storageClassName") is None and "storageClassName" in new:
        _take(new, before, "storageClassName")
    if bound:
        _take(new, before, "volumeAttributesClassName")
        new["resources"] = _same_request(new.get("resources") or {}, before.get("resources") or {})
    if new != before:
        errs.forbidden("spec", f"{_CLAIM_SENTENCE}\n{dump.diff('PersistentVolumeClaimSpec', before, new)}")
    _shrink(errs, obj, old)
    errs.immutable("volumeMode", obj["spec"].get("volumeMode"), old["spec"].get("volumeMode"))
    name, path = obj["spec"].get("volumeAttributesClassName"), "spec.volumeAttributesClassName"
    applied = (old.get("status") or {}).get("currentVolumeAttributesClassName") is not None
    if applied and not name and name != old["spec"].get("volumeAttributesClassName"):
        what = "nil" if name is None else "empty string"
        text = f"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
        errs.forbidden(path, text)


_RESIZING = (
    "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending",
)  # fmt: skip


def claim_status(errs: Errors, obj: Manifest, old: Manifest) -> None:
    state = obj.get("status") or {}
    for name, quantity in (state.get("capacity") or {}).items():
        _sound(errs, quantity, f"status.capacity[{name}]")
    path = "status.allocatedResourceStatuses"
    for name, word in (state.get("allocatedResourceStatuses") or {}).items():
        _claim_resource(errs, name, path)
        if word not in _RESIZING:
            errs.unsupported(path, name, _RESIZING)
    path = "status.allocatedResources"
    for name, quantity in (state.get("allocatedResources") or {}).items():
        if _claim_resource(errs, name, path) and _sound(errs, quantity, f"{path}[{name}]"):
            value = parse(quantity).value
            if value < 0:
                errs.invalid(f"{path}[{name}]", parse(quantity).text, NEGATIVE)


def _sound(errs: Errors, quantity: str, path: str) -> bool:
    """An amount that is not negative in whole units."""
    value = int(parse(quantity).value.to_integral_value(ROUND_CEILING))
    if value < 0:
        errs.invalid(path, value, "must be a valid resource quantity")
    return value >= 0


def _claim_resource(errs: Errors, name: str, path: str) -> bool:
    problems = names.qualified(name)
    errs.each(path, name, problems)
    if not problems and is_native(name) and name != "storage":
        errs.unsupported(path, name, ("storage",))
        return False
    return not problems


def _same_request(new: Manifest, before: Manifest) -> Manifest:
    """The new resources with the old size."""
    if not new.get("requests"):
        return new
    storage = (before.get("requests") or {}).get("storage")
    return {**new, "requests": {**new["requests"], **({} if storage is None else {"storage": storage})}}


def _take(new: Manifest, before: Manifest, key: str) -> None:
    if key in before:
        new[key] = before[key]
    else:
        new.pop(key, None)


def _shrink(errs: Errors, obj: Manifest, old: Manifest) -> None:
    wanted, before = (
        parse(str(((o["spec"].get("resources") or {}).get("requests") or {}).get("storage") or "0")).value
        for o in (obj, old)
    )
    capacity = parse(str(((old.get("status") or {}).get("capacity") or {}).get("storage") or "0")).value
    if wanted < before and wanted <= capacity:
        errs.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")


def volume(errs: Errors, obj: Manifest) -> None:
    spec = obj["spec"]
    modes = spec.get("accessModes") or []
    if not modes:
        errs.required("spec.accessModes")
    access_modes(errs, modes, "spec.accessModes")
    capacity = spec.get("capacity") or {}
    if not capacity:
        errs.required("spec.capacity")
    if "storage" not in capacity or len(capacity) > 1:
        errs.unsupported("spec.capacity", capacity if "capacity" in spec else None, ("storage",))
    for name, quantity in capacity.items():
        _sound(errs, quantity, f"spec.capacity[{name}]")
        positive(errs, quantity, f"spec.capacity[{name}]")
    _volume_policy(errs, spec)
    _volume_source(errs, spec, obj["metadata"].get("name") or "")
    if spec.get("storageClassName"):
        errs.name("spec.storageClassName", spec["storageClassName"], names.dns_subdomain)
    mode = spec.get("volumeMode")
    if mode is not None and mode not in MODES:
        errs.unsupported("spec.volumeMode", mode, MODES)
    _attributes_class(errs, spec)
    affinity = spec.get("nodeAffinity")
    if affinity is not None:
        if affinity.get("required") is None:
            errs.required("spec.nodeAffinity.required", "must specify required node constraints")
        else:
            selectors.node_selector(errs, affinity["required"], "spec.nodeAffinity.required")


def _attributes_class(errs: Errors, spec: Manifest) -> None:
    name = spec.get("volumeAttributesClassName")
    if name is None:
        return
    if not name:
        errs.required("spec.volumeAttributesClassName", "an empty string is disallowed")
    else:
        errs.name("spec.volumeAttributesClassName", name, names.dns_subdomain)
    if spec.get("csi") is None:
        errs.required("spec.csi", "has to be specified when using volumeAttributesClassName")


def _volume_policy(errs: Errors, spec: Manifest) -> None:
    policy = spec.get("persistentVolumeReclaimPolicy")
    errs.one_of("spec.persistentVolumeReclaimPolicy", policy, ("Delete", "Recycle", "Retain"))
    where = (spec.get("hostPath") or {}).get("path")
    if policy == "Recycle" and where == "/":
        errs.forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'")


def _volume_source(errs: Errors, spec: Manifest, name: str) -> None:
    found = [key for key in _VOLUME_KEYS if key in spec]
    for index, key in enumerate(found):
        if index:
            errs.forbidden(f"spec.{key}", "may not specify more than 1 volume type")
        else:
            _persistent(errs, key, spec, name)
    if not found:
        errs.required("spec", "must specify a volume type")


def _persistent(errs: Errors, key: str, spec: Manifest, name: str) -> None:
    source, path = spec[key], f"spec.{key}"
    if key == "iscsi":
        iscsi_volume(errs, source, path, name)
    elif key == "local":
        if not source.get("path"):
            errs.required(f"{path}.path")
        else:
            parts_forbidden(errs, source["path"], f"{path}.path")
        if spec.get("nodeAffinity") is None:
            errs.required("spec.nodeAffinity", "Local volume requires node affinity")
    elif key == "csi":
        csi_driver_name(errs, source.get("driver") or "", f"{path}.driver")
        if not source.get("volumeHandle"):
            errs.required(f"{path}.volumeHandle")
        for field in _SECRET_REFERENCES:
            if source.get(field) is not None:
                _secret_reference(errs, source[field], f"{path}.{field}")
    else:
        told = "spec.persistentDisk" if key == "gcePersistentDisk" else path
        STORAGE[key](errs, source, told, spec)
        _namespaces(errs, key, source, path)


def _namespaces(errs: Errors, key: str, source: Manifest, path: str) -> None:
    """The namespaces that a volume of the cluster has to name where one of a pod has the pod's."""
    secret = source.get("secretRef")
    if key in ("cinder", "storageos") and secret is not None and not secret.get("namespace"):
        errs.required(f"{path}.secretRef.namespace")
    if key == "azureFile" and source.get("secretNamespace") == "":
        errs.required(f"{path}.secretNamespace")
    endpoints = source.get("endpointsNamespace")
    if key == "glusterfs" and endpoints == "":
        text = "if the endpointnamespace is set, it must be a valid namespace name"
        errs.invalid(f"{path}.endpointsNamespace", endpoints, text)
    elif key == "glusterfs" and endpoints is not None:
        errs.name(f"{path}.endpointsNamespace", endpoints, names.dns_label)


_SECRET_REFERENCES = (
    "controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef",
)  # fmt: skip


def _secret_reference(errs: Errors, reference: Manifest, path: str) -> None:
    for key, rule in (("name", names.dns_subdomain), ("namespace", names.dns_label)):
        if not reference.get(key):
            errs.required(f"{path}.{key}")
        else:
            errs.name(f"{path}.{key}", reference[key], rule)


def volume_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    new, before = obj["spec"], old["spec"]
    volume(errs, obj)
    left, right = ({key: spec.get(key) for key in _VOLUME_KEYS} for spec in (before, new))
    if left != right:
        sentence = "spec.persistentvolumesource is immutable after creation"
        errs.forbidden("spec.persistentvolumesource", f"{sentence}\n{dump.diff('PersistentVolumeSource', left, right)}")
    if new.get("volumeMode") != before.get("volumeMode"):
        errs.invalid("volumeMode", new.get("volumeMode"), IMMUTABLE)
    if before.get("volumeAttributesClassName") is not None and new.get("volumeAttributesClassName") is None:
        errs.forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden")
    if before.get("nodeAffinity") is not None and new.get("nodeAffinity") != before.get("nodeAffinity"):
        shown = dump.internal("VolumeNodeAffinity", new.get("nodeAffinity"))
        errs.invalid("nodeAffinity", shown, "field is immutable, except for updating from beta label to GA")


def _lower_qualified(errs: Errors, name: str, path: str) -> None:
    if not name:
        errs.required(path)
    else:
        errs.name(path, name.lower(), names.qualified)


def storage_class(errs: Errors, obj: Manifest) -> None:
    _lower_qualified(errs, obj.get("provisioner") or "", "provisioner")
    for key in obj.get("parameters") or {}:
        if not key:
            errs.invalid("parameters", key, "field can not be empty.")
    if obj.get("reclaimPolicy"):
        errs.known("reclaimPolicy", obj["reclaimPolicy"], ("Delete", "Retain"))
    mode = obj.get("volumeBindingMode")
    if mode is None:
        errs.required("volumeBindingMode")
    errs.known("volumeBindingMode", mode, ("Immediate", "WaitForFirstConsumer"))
    _topologies(errs, obj.get("allowedTopologies") or [])


def _topologies(errs: Errors, terms: list[Any]) -> None:
    # A term without expressions counts as one that was there before.
    seen: list[dict[str, set[str]] | None] = [None] * len(terms)
    for index, term in enumerate(terms):
        path = f"allowedTopologies[{index}].matchLabelExpressions"
        found: dict[str, set[str]] = {}
        for number, item in enumerate(term.get("matchLabelExpressions") or ()):
            _topology_requirement(errs, item, f"{path}[{number}]")
            key = item.get("key") or ""
            if key in found:
                errs.duplicate(f"{path}[{number}].key", key)
            found[key] = set(item.get("values") or ())
        for other in seen:
            if (other or {}) == found:
                errs.duplicate(path, "")
        seen.append(found)


def _topology_requirement(errs: Errors, item: Manifest, path: str) -> None:
    values = item.get("values") or []
    if not values:
        errs.required(f"{path}.values")
    for index, value in enumerate(values):
        if value in values[:index]:
            errs.duplicate(f"{path}.values[{index}]", value)
    errs.name(f"{path}.key", item.get("key") or "", names.qualified)


def storage_class_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    for key in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        if obj.get(key) != old.get(key):
            errs.invalid(key, obj.get(key), IMMUTABLE)


def csi_driver(errs: Errors, obj: Manifest) -> None:
    spec = obj["spec"]
    for mode in spec.get("volumeLifecycleModes") or ():
        if mode not in ("Persistent", "Ephemeral"):
            errs.unsupported("spec.volumeLifecycleModes", mode, ("Persistent", "Ephemeral"), ordered=True)
    errs.known("spec.fsGroupPolicy", spec.get("fsGroupPolicy"), ("ReadWriteOnceWithFSType", "File", "None"))
    _token_requests(errs, spec.get("tokenRequests") or [])
    seconds = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if seconds is not None and seconds < 10:
        path = "spec.nodeAllocatableUpdatePeriodSeconds"
        errs.invalid(path, seconds, "must be greater than or equal to 10 seconds")


def _token_requests(errs: Errors, found: list[Any]) -> None:
    seen: set[str] = set()
    for index, request in enumerate(found):
        path = f"spec.tokenRequests[{index}]"
        audience, seconds = request.get("audience") or "", request.get("expirationSeconds")
        if audience in seen:
            errs.duplicate(f"{path}.audience", audience)
        seen.add(audience)
        if seconds is None:
            continue
        if seconds < 600:
            errs.invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
        if seconds > 2**32:
            errs.invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")


def csi_driver_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    for key in ("attachRequired", "volumeLifecycleModes"):
        if obj["spec"].get(key) != old["spec"].get(key):
            errs.invalid(
                f"spec.{key}" if key != "attachRequired" else "spec.attachedRequired", obj["spec"].get(key), IMMUTABLE
            )


def volume_attachment(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    csi_driver_name(errs, spec.get("attacher") or "", "spec.attacher")
    source = spec.get("source") or {}
    given = [key for key in ("persistentVolumeName", "inlineVolumeSpec") if key in source]
    if not given:
        errs.required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName")
    elif len(given) > 1:
        errs.forbidden("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName")
    elif given == ["persistentVolumeName"]:
        name, path = source["persistentVolumeName"], "spec.source.persistentVolumeName"
        if not name:
            errs.required(path, "must specify non empty persistentVolumeName")
    errs.name("spec.nodeName", spec.get("nodeName") or "", names.dns_subdomain)
    if given == ["persistentVolumeName"]:
        errs.name("spec.source.persistentVolumeName", source["persistentVolumeName"], names.dns_subdomain)


def volume_attachment_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    if obj.get("spec") != old.get("spec"):
        errs.invalid("spec", dump.internal("VolumeAttachmentSpec", obj.get("spec")), IMMUTABLE)


def csi_capacity(errs: Errors, obj: Manifest) -> None:
    name = obj.get("storageClassName") or ""
    errs.name("storageClassName", name, names.dns_subdomain)
    for key in ("capacity", "maximumVolumeSize"):
        if obj.get(key) is not None:
            amount(errs, "", obj[key], key)
    selectors.label_selector(errs, obj.get("nodeTopology"), "nodeTopology")


def csi_capacity_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    for key in ("nodeTopology", "storageClassName"):
        errs.immutable(key, obj.get(key), old.get(key))


def attributes_class(errs: Errors, obj: Manifest) -> None:
    _lower_qualified(errs, obj.get("driverName") or "", "driverName")
    if not obj.get("parameters"):
        errs.required("parameters", "must contain at least one key/value pair")


def attributes_class_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    for key in ("driverName", "parameters"):
        if obj.get(key) != old.get(key):
            errs.forbidden(key, f"updates to {key} are forbidden.")


def csi_node(errs: Errors, obj: Manifest) -> None:
    seen: set[str] = set()
    for index, driver in enumerate((obj.get("spec") or {}).get("drivers") or ()):
        path = f"spec.drivers[{index}]"
        csi_driver_name(errs, driver.get("name") or "", f"{path}.name")
        _node_id(errs, driver.get("nodeID") or "", f"{path}.nodeID")
        if driver.get("name") in seen:
            errs.duplicate(f"{path}.name", driver["name"])
        seen.add(driver.get("name") or "")
        _topology_keys(errs, driver.get("topologyKeys") or [], path)
        errs.non_negative(f"{path}.allocatable.count", (driver.get("allocatable") or {}).get("count"))


def csi_node_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    """Drivers may come and go; one that stays may only change how much it takes."""
    new, before = ((spec.get("spec") or {}).get("drivers") or [] for spec in (obj, old))
    for driver in before:
        for other in new:
            same = all((driver.get(key) or None) == (other.get(key) or None) for key in ("nodeID", "topologyKeys"))
            if driver.get("name") == other.get("name") and not same:
                shown = dump.internal("CSINodeDriver", {**other, "allocatable": None})
                errs.invalid("spec.drivers", shown, IMMUTABLE)


def _node_id(errs: Errors, text: str, path: str) -> None:
    if not text:
        errs.required(path)
    elif len(text) > 256:
        errs.invalid(path, text, "must be 256 characters or less")


def _topology_keys(errs: Errors, keys: list[Any], path: str) -> None:
    for index, key in enumerate(keys):
        if not key:
            errs.required(path)
        if key in keys[:index]:
            errs.duplicate(path, key)
        errs.name(path, key, names.qualified)
