"""``Kustomization`` (kustomize.toolkit.fluxcd.io): a declared object in, a Delivery out."""

from __future__ import annotations

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
    selector,
    target,
)
from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.delivery import (
    Decryption,
    DeletionPolicy,
    Delivery,
    KustomizeBuild,
    Ownership,
    Patch,
    Policy,
    Substitution,
    UnitKey,
    ValuesRef,
)
from holdfast.model.safety import Safety, read_safety

GROUP = "kustomize.toolkit.fluxcd.io"
KIND = "Kustomization"
GVK = GroupVersionKind(GROUP, "v1", KIND)
FINALIZER = "finalizers.fluxcd.io"
OWNER = Ownership(manager="kustomize-controller", group=GROUP)
STATUS_MANAGER = "gotk-kustomize-controller"
_SHORTEST_TIMEOUT = 30.0


def read(
    obj: Mapping[str, Any], *, strict: bool = True, default_service_account: str = "", safety: Safety | None = None
) -> Delivery:
    """``obj`` has passed the API server's validation. ``strict``: a variable without value or default is an error;
    ``safety`` is the operator's, which annotations change."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    key = UnitKey(KIND, str(meta.get("namespace") or ""), str(meta["name"]))
    source = spec.get("sourceRef") or {}
    return Delivery(
        key=key,
        source=UnitKey(str(source.get("kind")), str(source.get("namespace") or key.namespace), str(source.get("name"))),
        build=_build(spec, strict),
        policy=_policy(spec, key, default_service_account, read_safety(meta.get("annotations") or {}, safety)),
        owner=OWNER,
        generation=int(meta.get("generation") or 1),
        raw=obj,
    )


def _policy(spec: Mapping[str, Any], key: UnitKey, default_service_account: str, safety: Safety) -> Policy:
    interval = seconds(spec, "interval", 0.0)
    decryption = spec.get("decryption")
    return Policy(
        interval=interval,
        retry_interval=seconds(spec, "retryInterval", interval),
        timeout=max(_SHORTEST_TIMEOUT, seconds(spec, "timeout", interval - 30.0)),
        prune=bool(spec.get("prune")),
        force=bool(spec.get("force")),
        wait=bool(spec.get("wait")),
        suspend=bool(spec.get("suspend")),
        deletion=DeletionPolicy(spec.get("deletionPolicy") or "MirrorPrune"),
        depends_on=dependencies(spec, KIND, key.namespace),
        health_checks=tuple(_health_check(c) for c in spec.get("healthChecks") or ()),
        health_expressions=health_expressions(spec),
        ignore=ignore_rules(spec.get("ignore")),
        target=target(spec, default_service_account),
        decryption=_decryption(decryption) if decryption else None,
        safety=safety,
    )


def _decryption(spec: Mapping[str, Any]) -> Decryption:
    return Decryption(
        provider=str(spec.get("provider") or "sops"),
        secret_name=str((spec.get("secretRef") or {}).get("name") or ""),
        service_account=str(spec.get("serviceAccountName") or ""),
    )


def _health_check(check: Mapping[str, Any]) -> tuple[str, ObjectRef]:
    gvk = GroupVersionKind.parse(str(check.get("apiVersion") or ""), str(check["kind"]))
    return gvk.api_version, ObjectRef(gvk.group, gvk.kind, str(check.get("namespace") or ""), str(check["name"]))


def _build(spec: Mapping[str, Any], strict: bool) -> KustomizeBuild:
    common = spec.get("commonMetadata") or {}
    return KustomizeBuild(
        path=str(spec.get("path") or ""),
        target_namespace=str(spec.get("targetNamespace") or ""),
        name_prefix=str(spec.get("namePrefix") or ""),
        name_suffix=str(spec.get("nameSuffix") or ""),
        patches=_patches(spec),
        images=tuple(image(i) for i in spec.get("images") or ()),
        components=tuple(str(c) for c in spec.get("components") or ()),
        ignore_missing_components=bool(spec.get("ignoreMissingComponents")),
        build_metadata=tuple(str(m) for m in spec.get("buildMetadata") or ()),
        common_labels={str(k): str(v) for k, v in (common.get("labels") or {}).items()},
        common_annotations={str(k): str(v) for k, v in (common.get("annotations") or {}).items()},
        substitution=_substitution(spec["postBuild"], strict) if spec.get("postBuild") is not None else None,
    )


def _patches(spec: Mapping[str, Any]) -> tuple[Patch, ...]:
    """``patches``, and the two lists of older versions, which say the same with other words."""
    patches = [patch(p) for p in spec.get("patches") or ()]
    patches += [Patch(json.dumps(p)) for p in spec.get("patchesStrategicMerge") or ()]
    patches += [Patch(json.dumps(p.get("patch")), selector(p.get("target"))) for p in spec.get("patchesJson6902") or ()]
    return tuple(patches)


def _substitution(post_build: Mapping[str, Any], strict: bool) -> Substitution:
    return Substitution(
        inline={str(k): str(v) for k, v in (post_build.get("substitute") or {}).items()},
        references=tuple(
            ValuesRef(str(r["kind"]), str(r["name"]), bool(r.get("optional")))
            for r in post_build.get("substituteFrom") or ()
        ),
        always=post_build.get("substituteStrategy") == "Always",
        strict=strict,
    )
