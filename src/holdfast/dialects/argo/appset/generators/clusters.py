"""``clusters``: one parameter set for every registered cluster, that is for every Secret labelled as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.dialects.argo.appset.facts import GeneratorError
from holdfast.dialects.argo.appset.generators.context import LOCAL_NAME, LOCAL_SERVER, Context, secret_text, wrapped
from holdfast.dialects.argo.appset.params import Params, Texts, normalize
from holdfast.kube.refs import Manifest
from holdfast.kube.selectors import SelectorError, label_selector


def generate(spec: Mapping[str, Any], context: Context) -> list[Params]:
    selector = spec.get("selector") or {}
    secrets = _selected(selector, context)
    found = [_filled(_parameters(s, context), spec, context, "cluster") for s in secrets]
    # The local cluster has no Secret, so no labels that a selector could be about.
    selective = bool(selector.get("matchLabels") or selector.get("matchExpressions"))
    if not selective and not any(secret_text(s, "server") == LOCAL_SERVER for s in secrets):
        local: Params = {"name": LOCAL_NAME, "nameNormalized": LOCAL_NAME, "server": LOCAL_SERVER, "project": ""}
        found.append(_filled(local, spec, context, "local cluster"))
    return [{"clusters": found}] if spec.get("flatList") else found


def _selected(selector: Mapping[str, Any], context: Context) -> list[Manifest]:
    try:
        wanted = label_selector(selector)
    except SelectorError as error:
        raise GeneratorError(
            f"error getting cluster secrets: error converting label selector: {error.message}"
        ) from error
    by_name = {}
    for secret in context.facts.clusters:
        if wanted.matches((secret.get("metadata") or {}).get("labels") or {}):
            by_name[secret_text(secret, "name")] = secret
    return [by_name[name] for name in sorted(by_name)]


def _parameters(secret: Manifest, context: Context) -> Params:
    meta = secret.get("metadata") or {}
    name = secret_text(secret, "name")
    params: Params = {
        "name": name,
        "nameNormalized": normalize(name),
        "server": secret_text(secret, "server"),
        "project": secret_text(secret, "project"),
    }
    described = {k: Texts(meta[k]) for k in ("annotations", "labels") if meta.get(k)}
    if context.go:
        params["metadata"] = described
    else:
        params.update({f"metadata.{k}.{key}": value for k, texts in described.items() for key, value in texts.items()})
    return params


def _filled(params: Params, spec: Mapping[str, Any], context: Context, what: str) -> Params:
    try:
        context.renderer.add_values(spec.get("values"), params)
    except GeneratorError as error:
        raise wrapped(f"error appending templated values for {what}", error) from error
    return params
