"""From an ApplicationSet to the applications that it wants.

In: the set, facts, a template engine. Out: the applications, complete but for who owns them; or the first thing that is
wrong, with the reason for the status: then nothing at all is known of what is wanted, and nothing must be deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from holdfast.dialects.argo.appset.facts import Facts, GeneratorError, Pending
from holdfast.dialects.argo.appset.generators.context import Context
from holdfast.dialects.argo.appset.generators.transform import transform
from holdfast.dialects.argo.appset.shape import normal_spec
from holdfast.dialects.argo.appset.spec import FINALIZER, GVK, ApplicationSet
from holdfast.dialects.argo.appset.templating import Engine, Renderer
from holdfast.dialects.argo.appset.unfit import unfit
from holdfast.kube.refs import Manifest
from holdfast.kube.yaml import YAMLError, load

PARAMS_FAILED, TEMPLATE_FAILED = "ApplicationGenerationFromParamsError", "RenderTemplateParamsError"


class GenerationFailed(GeneratorError):
    """``reason`` is the condition's."""


def generate(wanted: ApplicationSet, facts: Facts, engine: Engine, home: str) -> list[Manifest]:
    """Raises GenerationFailed; Pending when ``facts.wanted`` has to be answered first."""
    renderer = Renderer(engine, go=wanted.go_template, options=wanted.go_options)
    context = Context(wanted, facts, renderer, home)
    found: list[Manifest] = []
    for generator in wanted.generators:
        try:
            found += _from_generator(generator, context)
        except Pending:
            # Go on: what the next generators have to know can be found out at the same time.
            continue
        except GeneratorError as error:
            if facts.wanted:
                break
            reason = error.reason or PARAMS_FAILED
            raise GenerationFailed(error.message, reason=reason) from error
    if facts.wanted:
        raise Pending
    return found


def _from_generator(generator: Mapping[str, Any], context: Context) -> list[Manifest]:
    found = []
    for result in transform(generator, context.set.template, context):
        for params in result.params:
            try:
                found.append(_application(result.template, params, context))
            except GeneratorError as error:
                raise GenerationFailed(error.message, reason=TEMPLATE_FAILED) from error
    return found


def _application(template: Mapping[str, Any], params: Mapping[str, Any], context: Context) -> Manifest:
    app = _rendered(template, params, context)
    if context.set.template_patch is not None:
        app = _patched(app, params, context)
    app["metadata"]["namespace"] = context.set.namespace
    app["spec"] = normal_spec(app["spec"])
    return app


# The order of the fields in Argo CD's types: of several mistakes in a template the first is told.
_ORDER: dict[str, tuple[str, ...]] = {
    "": ("metadata", "spec"),
    "metadata": ("name", "labels", "annotations", "finalizers"),
    "spec": ("source", "destination", "project", "syncPolicy", "ignoreDifferences", "info", "sources"),
    "source": ("repoURL", "path", "targetRevision", "helm", "kustomize", "directory", "plugin", "chart", "ref", "name"),
    "sources": (
        "repoURL",
        "path",
        "targetRevision",
        "helm",
        "kustomize",
        "directory",
        "plugin",
        "chart",
        "ref",
        "name",
    ),
    "destination": ("server", "namespace", "name"),
}


def _ordered(value: Any, name: str = "") -> Any:
    if isinstance(value, list) and name in _ORDER:
        return [_ordered(v, name) for v in value]
    if not isinstance(value, Mapping) or name not in _ORDER:
        return value
    keys = [k for k in _ORDER[name] if k in value]
    return {k: _ordered(value[k], k) for k in (*keys, *(k for k in value if k not in keys))}


def _rendered(template: Mapping[str, Any], params: Mapping[str, Any], context: Context) -> Manifest:
    filled = context.renderer.deep(_ordered(template), params) if params else template
    given = filled.get("metadata") or {}
    meta = {k: given[k] for k in ("name", "labels", "annotations", "finalizers") if given.get(k)}
    # Without parameters Argo CD takes the template as it is, finalizer or not.
    if params and not context.set.preserve_resources and not meta.get("finalizers"):
        meta["finalizers"] = [FINALIZER]
    meta.setdefault("name", "")
    return {
        "apiVersion": GVK.api_version,
        "kind": "Application",
        "metadata": meta,
        "spec": dict(filled.get("spec") or {}),
    }


def _patched(app: Manifest, params: Mapping[str, Any], context: Context) -> Manifest:
    try:
        text = context.renderer.text(context.set.template_patch or "", params)
    except GeneratorError as error:
        raise GeneratorError(f"error replacing values in templatePatch: {error.message}") from error
    try:
        patch = load(text)
    except YAMLError as error:
        raise GeneratorError(
            f"error while converting template to json {context.renderer.engine.encode(text)}: {error.message}"
        ) from error
    if patch is None:
        return app
    fault = _unfit(patch)
    if fault:
        encode = context.renderer.engine.encode
        raise GeneratorError(f"invalid templatePatch {encode(text if _is_json(text) else encode(patch))}: {fault}")
    found: Manifest = merge_patch(app, {k: v for k, v in patch.items() if k in ("metadata", "spec", "operation")})
    project = (app.get("spec") or {}).get("project")
    found["spec"] = {**(found.get("spec") or {}), "project": project}
    meta = found.get("metadata") or {}
    found["metadata"] = {k: meta[k] for k in ("name", "labels", "annotations", "finalizers") if meta.get(k)}
    # Of lists, finalizers alone are merged.
    kept = [*((patch.get("metadata") or {}).get("finalizers") or ()), *(app["metadata"].get("finalizers") or ())]
    if kept:
        found["metadata"]["finalizers"] = list(dict.fromkeys(kept))
    return found


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _unfit(patch: Any) -> str | None:
    if isinstance(patch, Mapping):
        return unfit(patch)
    return f"json: cannot unmarshal {_kind(patch)} into Go value of type v1alpha1.Application"


def _kind(value: Any) -> str:
    names = ((bool, "bool"), ((int, float), "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in names if isinstance(value, kind)), "value")


def merge_patch(target: Any, patch: Any) -> Any:
    """A strategic merge patch over a type whose lists have no merge keys: tables merge, null removes, ``$patch`` directs."""
    if not isinstance(patch, Mapping):
        return patch
    directive = patch.get("$patch")
    if directive == "delete":
        return {}
    base = dict(target) if isinstance(target, Mapping) and directive != "replace" else {}
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            base.pop(key, None)
        else:
            base[key] = merge_patch(base.get(key), value)
    return base
