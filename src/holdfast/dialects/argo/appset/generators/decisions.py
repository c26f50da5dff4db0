"""``clusterDecisionResource``: clusters that the status of another controller's object names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.dialects.argo.appset.facts import ConfigMap, GeneratorError, Objects
from holdfast.dialects.argo.appset.generators.context import Context, known_clusters, wrapped
from holdfast.dialects.argo.appset.params import Params, Texts
from holdfast.kube.refs import Manifest
from holdfast.kube.selectors import label_selector


def generate(spec: Mapping[str, Any], context: Context) -> list[Params]:
    try:
        config = context.facts.ask(ConfigMap(context.home, str(spec.get("configMapRef") or "")))
    except GeneratorError as error:
        raise wrapped("error reading configMapRef", error) from error
    key = str(config.get("matchKey") or "")
    objects = _objects(spec, config, context)
    if not objects:
        raise GeneratorError("no clusterDecisionResources found")
    if not key:
        return []
    decisions = _decisions(objects, str(config.get("statusListKey") or "clusters"))
    found = []
    for decision in decisions:
        value = context.renderer.engine.show(decision.get(key)) if decision.get(key) not in (None, "") else ""
        server = next((s for n, s in known_clusters(context.facts.clusters) if n == value), None)
        if value and server is not None:
            found.append(_parameters(spec, decision, value, server, context))
    return found


def _objects(spec: Mapping[str, Any], config: Mapping[str, str], context: Context) -> Sequence[Manifest]:
    api_version, kind = str(config.get("apiVersion") or ""), str(config.get("kind") or "")
    group, slash, version = api_version.partition("/")
    if not kind or not slash or not group:
        raise GeneratorError("there is a problem with the apiVersion, kind or resourceName provided")
    name, selector = str(spec.get("name") or ""), spec.get("labelSelector") or {}
    selective = bool(selector.get("matchLabels") or selector.get("matchExpressions"))
    if bool(name) == selective:
        raise GeneratorError("there is a problem with the definition of the ClusterDecisionResource generator")
    labels = str(label_selector(selector)) if selective else ""
    try:
        found: Sequence[Manifest] = context.facts.ask(Objects(group, version, kind, context.home, name, labels))
    except GeneratorError as error:
        raise wrapped("failed to get dynamic resources", error) from error
    return found


def _decisions(objects: Sequence[Manifest], key: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for obj in objects:
        decisions = (obj.get("status") or {}).get(key)
        found += [d for d in decisions or () if isinstance(d, Mapping)]
    return found


def _parameters(
    spec: Mapping[str, Any], decision: Mapping[str, Any], name: str, server: str, context: Context
) -> Params:
    params: Params = {"name": name, "server": server}
    params.update({k: context.renderer.engine.show(v) for k, v in decision.items()})
    values = {str(k): str(v) for k, v in (spec.get("values") or {}).items()}
    if context.go and values:
        params["values"] = Texts(values)
    elif not context.go:
        params.update({f"values.{k}": v for k, v in values.items()})
    return params
