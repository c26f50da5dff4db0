"""Parts that several of Flux's kinds declare alike: selectors, patches, images, health expressions, targets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.base.duration import parse_duration
from holdfast.model.delivery import Dependency, HealthExpression, IgnoreRule, Image, Patch, Selector, Target, UnitKey


def seconds(spec: Mapping[str, Any], field: str, default: float) -> float:
    return parse_duration(str(spec[field])) if spec.get(field) else default


def target(spec: Mapping[str, Any], default_service_account: str) -> Target:
    kubeconfig = spec.get("kubeConfig") or {}
    secret = kubeconfig.get("secretRef") or {}
    return Target(
        service_account=str(spec.get("serviceAccountName") or default_service_account),
        kubeconfig_secret=str(secret.get("name") or ""),
        kubeconfig_key=str(secret.get("key") or ""),
        kubeconfig_config_map=str((kubeconfig.get("configMapRef") or {}).get("name") or ""),
    )


def dependencies(spec: Mapping[str, Any], kind: str, namespace: str) -> tuple[Dependency, ...]:
    return tuple(
        Dependency(UnitKey(kind, str(d.get("namespace") or namespace), str(d["name"])), str(d.get("readyExpr") or ""))
        for d in spec.get("dependsOn") or ()
    )


def health_expressions(spec: Mapping[str, Any]) -> tuple[HealthExpression, ...]:
    return tuple(
        HealthExpression(
            api_version=str(e.get("apiVersion") or ""),
            kind=str(e.get("kind") or ""),
            in_progress=str(e.get("inProgress") or ""),
            failed=str(e.get("failed") or ""),
            current=str(e.get("current") or ""),
        )
        for e in spec.get("healthCheckExprs") or ()
    )


def ignore_rules(rules: Any) -> tuple[IgnoreRule, ...]:
    return tuple(IgnoreRule(tuple(r["paths"]), selector(r.get("target"))) for r in rules or ())


def image(declared: Mapping[str, Any]) -> Image:
    return Image(
        name=str(declared["name"]),
        new_name=str(declared.get("newName") or ""),
        new_tag=str(declared.get("newTag") or ""),
        digest=str(declared.get("digest") or ""),
    )


def patch(declared: Mapping[str, Any]) -> Patch:
    return Patch(str(declared.get("patch") or ""), selector(declared.get("target")))


def selector(declared: Mapping[str, Any] | None) -> Selector | None:
    if declared is None:
        return None
    return Selector(
        group=str(declared.get("group") or ""),
        version=str(declared.get("version") or ""),
        kind=str(declared.get("kind") or ""),
        name=str(declared.get("name") or ""),
        namespace=str(declared.get("namespace") or ""),
        label_selector=str(declared.get("labelSelector") or ""),
        annotation_selector=str(declared.get("annotationSelector") or ""),
    )
