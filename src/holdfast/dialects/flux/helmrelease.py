"""``HelmRelease`` (helm.toolkit.fluxcd.io): a declared object in, a Release out. Every version that Flux ever served."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from holdfast.dialects.flux.common import (
    dependencies,
    health_expressions,
    ignore_rules,
    image,
    patch,
    seconds,
    target,
)
from holdfast.kube.refs import GroupVersionKind
from holdfast.model.delivery import Ownership, UnitKey
from holdfast.model.release import (
    ROLLBACK,
    UNINSTALL,
    Change,
    PostRenderer,
    PostRendering,
    Release,
    ReleaseValues,
    Remedy,
    Removal,
    Return,
    Steps,
    Testing,
)

GROUP = "helm.toolkit.fluxcd.io"
KIND = "HelmRelease"
GVK = GroupVersionKind(GROUP, "v2", KIND)
MANAGER = "helm-controller"
FINALIZER = "finalizers.fluxcd.io"
OWNER = Ownership(manager=MANAGER, group=GROUP)
DRIFT_SWITCH = (f"{GROUP}/driftDetection", "disabled")
FORCED, RESET = "reconcile.fluxcd.io/forceAt", "reconcile.fluxcd.io/resetAt"
_TIMEOUT = 300.0
_RETRY_INTERVAL = 300.0
_LONGEST_NAME = 53
_SERVER_SIDE = {"enabled": "true", "disabled": "false"}


def read(obj: Mapping[str, Any], *, default_service_account: str = "") -> Release:
    """``obj`` has passed the API server's validation."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    key = UnitKey(KIND, str(meta.get("namespace") or ""), str(meta["name"]))
    timeout = seconds(spec, "timeout", _TIMEOUT)
    drift = spec.get("driftDetection") or {}
    return Release(
        key=key,
        source=source_of(spec, key),
        name=short_name(_release_name(spec, key)),
        namespace=str(spec.get("targetNamespace") or key.namespace),
        storage_namespace=str(spec.get("storageNamespace") or key.namespace),
        interval=seconds(spec, "interval", 0.0),
        timeout=timeout,
        max_history=5 if spec.get("maxHistory") is None else int(spec["maxHistory"]),
        suspend=bool(spec.get("suspend")),
        generation=int(meta.get("generation") or 1),
        values=spec.get("values") or {},
        values_from=tuple(_values_from(v) for v in spec.get("valuesFrom") or ()),
        install=_install(spec, timeout),
        upgrade=_upgrade(spec, timeout),
        rollback=_rollback(spec.get("rollback") or {}, timeout),
        uninstall=_uninstall(spec.get("uninstall") or {}, timeout),
        test=_test(spec.get("test") or {}, timeout),
        reinstall_on_rename=(spec.get("upgrade") or {}).get("chartNameChangeStrategy") != "InPlaceUpdate",
        drift=str(drift.get("mode") or "disabled"),
        ignore=ignore_rules(drift.get("ignore")),
        post=_post(spec, key),
        rendering_digest=_json_digest(_renderers_json(spec["postRenderers"])) if spec.get("postRenderers") else "",
        metadata_digest=_json_digest(_metadata_json(spec["commonMetadata"])) if spec.get("commonMetadata") else "",
        depends_on=dependencies(spec, KIND, key.namespace),
        health_expressions=health_expressions(spec),
        waits_as_helm3=(spec.get("waitStrategy") or {}).get("name") == "legacy",
        target=target(spec, default_service_account),
        raw=obj,
    )


def source_of(spec: Mapping[str, Any], key: UnitKey) -> UnitKey:
    """Where the chart comes from: what chartRef names, or the HelmChart that is made for ``chart``."""
    reference = spec.get("chartRef")
    if reference:
        return UnitKey(
            str(reference.get("kind")), str(reference.get("namespace") or key.namespace), str(reference.get("name"))
        )
    wanted = ((spec.get("chart") or {}).get("spec") or {}).get("sourceRef") or {}
    return UnitKey("HelmChart", str(wanted.get("namespace") or key.namespace), f"{key.namespace}-{key.name}")


def _release_name(spec: Mapping[str, Any], key: UnitKey) -> str:
    if spec.get("releaseName"):
        return str(spec["releaseName"])
    return f"{spec['targetNamespace']}-{key.name}" if spec.get("targetNamespace") else key.name


def short_name(name: str) -> str:
    """Helm takes 53 characters: a longer name is cut, and told apart by its hash."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _steps(spec: Mapping[str, Any], timeout: float) -> Steps:
    return Steps(
        timeout=seconds(spec, "timeout", timeout),
        hooks=not spec.get("disableHooks"),
        wait=not spec.get("disableWait"),
        jobs=not spec.get("disableWaitForJobs"),
    )


def _retry_interval(spec: Mapping[str, Any]) -> float | None:
    strategy = spec.get("strategy") or {}
    if strategy.get("name") != "RetryOnFailure":
        return None
    return seconds(strategy, "retryInterval", _RETRY_INTERVAL)


def _crds(spec: Mapping[str, Any]) -> str:
    return str(spec.get("crds") or "Create")


def _install(spec: Mapping[str, Any], timeout: float) -> Change:
    declared = spec.get("install") or {}
    remedy = declared.get("remediation") or {}
    server_side = declared.get("serverSideApply")
    return Change(
        steps=_steps(declared, timeout),
        crds=_crds(declared),
        take_ownership=not declared.get("disableTakeOwnership"),
        check_schema=not declared.get("disableSchemaValidation"),
        server_side="false" if server_side is False else "true",
        remedy=Remedy(
            retries=int(remedy.get("retries") or 0),
            ignore_test_failures=_ignores_tests(remedy, spec),
            remediate_last=bool(remedy.get("remediateLastFailure")),
            strategy=UNINSTALL,
        ),
        retry_interval=_retry_interval(declared),
        replace=bool(declared.get("replace")),
        create_namespace=bool(declared.get("createNamespace") and spec.get("targetNamespace")),
    )


def _upgrade(spec: Mapping[str, Any], timeout: float) -> Change:
    declared = spec.get("upgrade") or {}
    remedy = declared.get("remediation") or {}
    retries = int(remedy.get("retries") or 0)
    last = remedy.get("remediateLastFailure")
    server_side = str(declared.get("serverSideApply") or "auto")
    return Change(
        steps=_steps(declared, timeout),
        crds=_crds(declared),
        take_ownership=not declared.get("disableTakeOwnership"),
        check_schema=not declared.get("disableSchemaValidation"),
        server_side=_SERVER_SIDE.get(server_side, server_side),
        remedy=Remedy(
            retries=retries,
            ignore_test_failures=_ignores_tests(remedy, spec),
            remediate_last=retries > 0 if last is None else bool(last),
            strategy=UNINSTALL if remedy.get("strategy") == "uninstall" else ROLLBACK,
            after_upgrade=True,
        ),
        retry_interval=_retry_interval(declared),
        force=bool(declared.get("force")),
        keep_values=bool(declared.get("preserveValues")),
        cleanup=bool(declared.get("cleanupOnFail")),
    )


def _ignores_tests(remedy: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    own = remedy.get("ignoreTestFailures")
    return bool((spec.get("test") or {}).get("ignoreFailures") if own is None else own)


def _rollback(spec: Mapping[str, Any], timeout: float) -> Return:
    server_side = str(spec.get("serverSideApply") or "auto")
    return Return(
        steps=_steps(spec, timeout),
        force=bool(spec.get("force")),
        cleanup=bool(spec.get("cleanupOnFail")),
        server_side=_SERVER_SIDE.get(server_side, server_side),
    )


def _uninstall(spec: Mapping[str, Any], timeout: float) -> Removal:
    return Removal(
        steps=_steps(spec, timeout),
        keep_history=bool(spec.get("keepHistory")),
        propagation=str(spec.get("deletionPropagation") or "background").capitalize(),
    )


def _test(spec: Mapping[str, Any], timeout: float) -> Testing:
    filters = spec.get("filters") or ()
    return Testing(
        enabled=bool(spec.get("enable")),
        timeout=seconds(spec, "timeout", timeout),
        ignore_failures=bool(spec.get("ignoreFailures")),
        only=tuple(str(f["name"]) for f in filters if not f.get("exclude")),
        never=tuple(str(f["name"]) for f in filters if f.get("exclude")),
    )


def _values_from(reference: Mapping[str, Any]) -> ReleaseValues:
    return ReleaseValues(
        kind=str(reference["kind"]),
        name=str(reference["name"]),
        key=str(reference.get("valuesKey") or "values.yaml"),
        path=str(reference.get("targetPath") or ""),
        literal=bool(reference.get("literal")),
        optional=bool(reference.get("optional")),
    )


def _post(spec: Mapping[str, Any], key: UnitKey) -> PostRendering:
    common = spec.get("commonMetadata") or {}
    kustomize = [r["kustomize"] for r in spec.get("postRenderers") or () if r.get("kustomize") is not None]
    return PostRendering(
        renderers=tuple(_post_renderer(k) for k in kustomize),
        labels={str(k): str(v) for k, v in (common.get("labels") or {}).items()},
        annotations={str(k): str(v) for k, v in (common.get("annotations") or {}).items()},
        owner_labels=OWNER.labels(key),
        strategy=str(spec.get("postRenderStrategy") or "combined"),
    )


def _post_renderer(spec: Mapping[str, Any]) -> PostRenderer:
    patches = [patch(p) for p in spec.get("patches") or ()]
    patches += [patch({"patch": json.dumps(p)}) for p in spec.get("patchesStrategicMerge") or ()]
    patches += [patch({**p, "patch": json.dumps(p.get("patch"))}) for p in spec.get("patchesJson6902") or ()]
    return PostRenderer(tuple(patches), tuple(image(i) for i in spec.get("images") or ()))


# --- the digests by which Flux sees that post-rendering changed: of the Go structs' JSON, fields in their order

_SELECTOR = ("group", "version", "kind", "name", "namespace", "annotationSelector", "labelSelector")
_IMAGE = ("name", "newName", "newTag", "digest")


def _renderers_json(renderers: Any) -> list[dict[str, Any]]:
    return [{"kustomize": _kustomize_json(r["kustomize"])} if r.get("kustomize") is not None else {} for r in renderers]


def _kustomize_json(spec: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if spec.get("patches"):
        found["patches"] = [_patch_json(p) for p in spec["patches"]]
    if spec.get("images"):
        found["images"] = [{k: i.get(k) for k in _IMAGE if i.get(k) or k == "name"} for i in spec["images"]]
    return found


def _patch_json(spec: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"patch": spec.get("patch") or ""}
    if spec.get("target") is not None:
        found["target"] = {k: spec["target"][k] for k in _SELECTOR if spec["target"].get(k)}
    return found


def _metadata_json(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {k: dict(sorted(spec[k].items())) for k in ("annotations", "labels") if spec.get(k)}


def _json_digest(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character, escaped in (
        ("&", "\\u0026"),
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(character, escaped)
    return "sha256:" + hashlib.sha256(f"{text}\n".encode()).hexdigest()
