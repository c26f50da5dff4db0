"""``Kustomization`` (kustomize.toolkit.fluxcd.io): a declared object in, a Delivery out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from holdfast.base.duration import parse_duration
from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.delivery import (
    Decryption,
    DeletionPolicy,
    Delivery,
    Dependency,
    HealthExpression,
    IgnoreRule,
    Image,
    KustomizeBuild,
    Ownership,
    Patch,
    Policy,
    Selector,
    Substitution,
    Target,
    UnitKey,
    ValuesRef,
)

GROUP = "kustomize.toolkit.fluxcd.io"
KIND = "Kustomization"
GVK = GroupVersionKind(GROUP, "v1", KIND)
FINALIZER = "finalizers.fluxcd.io"
OWNER = Ownership(manager="kustomize-controller", group=GROUP)
STATUS_MANAGER = "gotk-kustomize-controller"
_SHORTEST_TIMEOUT = 30.0


def read(obj: Mapping[str, Any], *, strict: bool = True, default_service_account: str = "") -> Delivery:
    """``obj`` has passed the API server's validation. ``strict``: a variable without value or default is an error."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    key = UnitKey(KIND, str(meta.get("namespace") or ""), str(meta["name"]))
    source = spec.get("sourceRef") or {}
    return Delivery(
        key=key,
        source=UnitKey(str(source.get("kind")), str(source.get("namespace") or key.namespace), str(source.get("name"))),
        build=_build(spec, strict),
        policy=_policy(spec, key, default_service_account),
        owner=OWNER,
        generation=int(meta.get("generation") or 1),
        raw=obj,
    )


def _seconds(spec: Mapping[str, Any], field: str, default: float) -> float:
    return parse_duration(str(spec[field])) if spec.get(field) else default


def _policy(spec: Mapping[str, Any], key: UnitKey, default_service_account: str) -> Policy:
    interval = _seconds(spec, "interval", 0.0)
    decryption = spec.get("decryption")
    return Policy(
        interval=interval,
        retry_interval=_seconds(spec, "retryInterval", interval),
        timeout=max(_SHORTEST_TIMEOUT, _seconds(spec, "timeout", interval - 30.0)),
        prune=bool(spec.get("prune")),
        force=bool(spec.get("force")),
        wait=bool(spec.get("wait")),
        suspend=bool(spec.get("suspend")),
        deletion=DeletionPolicy(spec.get("deletionPolicy") or "MirrorPrune"),
        depends_on=tuple(
            Dependency(
                UnitKey(KIND, str(d.get("namespace") or key.namespace), str(d["name"])), d.get("readyExpr") or ""
            )
            for d in spec.get("dependsOn") or ()
        ),
        health_checks=tuple(_health_check(c) for c in spec.get("healthChecks") or ()),
        health_expressions=tuple(_health_expression(e) for e in spec.get("healthCheckExprs") or ()),
        ignore=tuple(IgnoreRule(tuple(r["paths"]), _selector(r.get("target"))) for r in spec.get("ignore") or ()),
        target=_target(spec, default_service_account),
        decryption=_decryption(decryption) if decryption else None,
    )


def _decryption(spec: Mapping[str, Any]) -> Decryption:
    return Decryption(
        provider=str(spec.get("provider") or "sops"),
        secret_name=str((spec.get("secretRef") or {}).get("name") or ""),
        service_account=str(spec.get("serviceAccountName") or ""),
    )


def _target(spec: Mapping[str, Any], default_service_account: str) -> Target:
    kubeconfig = spec.get("kubeConfig") or {}
    secret = kubeconfig.get("secretRef") or {}
    return Target(
        service_account=str(spec.get("serviceAccountName") or default_service_account),
        kubeconfig_secret=str(secret.get("name") or ""),
        kubeconfig_key=str(secret.get("key") or ""),
        kubeconfig_config_map=str((kubeconfig.get("configMapRef") or {}).get("name") or ""),
    )


def _health_check(check: Mapping[str, Any]) -> tuple[str, ObjectRef]:
    gvk = GroupVersionKind.parse(str(check.get("apiVersion") or ""), str(check["kind"]))
    return gvk.api_version, ObjectRef(gvk.group, gvk.kind, str(check.get("namespace") or ""), str(check["name"]))


def _health_expression(expression: Mapping[str, Any]) -> HealthExpression:
    return HealthExpression(
        api_version=str(expression.get("apiVersion") or ""),
        kind=str(expression.get("kind") or ""),
        in_progress=str(expression.get("inProgress") or ""),
        failed=str(expression.get("failed") or ""),
        current=str(expression.get("current") or ""),
    )


def _build(spec: Mapping[str, Any], strict: bool) -> KustomizeBuild:
    common = spec.get("commonMetadata") or {}
    return KustomizeBuild(
        path=str(spec.get("path") or ""),
        target_namespace=str(spec.get("targetNamespace") or ""),
        name_prefix=str(spec.get("namePrefix") or ""),
        name_suffix=str(spec.get("nameSuffix") or ""),
        patches=_patches(spec),
        images=tuple(_image(i) for i in spec.get("images") or ()),
        components=tuple(str(c) for c in spec.get("components") or ()),
        ignore_missing_components=bool(spec.get("ignoreMissingComponents")),
        build_metadata=tuple(str(m) for m in spec.get("buildMetadata") or ()),
        common_labels={str(k): str(v) for k, v in (common.get("labels") or {}).items()},
        common_annotations={str(k): str(v) for k, v in (common.get("annotations") or {}).items()},
        substitution=_substitution(spec["postBuild"], strict) if spec.get("postBuild") is not None else None,
    )


def _image(image: Mapping[str, Any]) -> Image:
    return Image(
        name=str(image["name"]),
        new_name=str(image.get("newName") or ""),
        new_tag=str(image.get("newTag") or ""),
        digest=str(image.get("digest") or ""),
    )


def _patches(spec: Mapping[str, Any]) -> tuple[Patch, ...]:
    """``patches``, and the two lists of older versions, which say the same with other words."""
    patches = [Patch(str(p.get("patch") or ""), _selector(p.get("target"))) for p in spec.get("patches") or ()]
    patches += [Patch(json.dumps(p)) for p in spec.get("patchesStrategicMerge") or ()]
    patches += [
        Patch(json.dumps(p.get("patch")), _selector(p.get("target"))) for p in spec.get("patchesJson6902") or ()
    ]
    return tuple(patches)


def _selector(target: Mapping[str, Any] | None) -> Selector | None:
    if target is None:
        return None
    return Selector(
        group=str(target.get("group") or ""),
        version=str(target.get("version") or ""),
        kind=str(target.get("kind") or ""),
        name=str(target.get("name") or ""),
        namespace=str(target.get("namespace") or ""),
        label_selector=str(target.get("labelSelector") or ""),
        annotation_selector=str(target.get("annotationSelector") or ""),
    )


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
