"""``plugin``: parameter sets from a service of one's own, asked over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from holdfast.dialects.argo.appset.facts import ConfigMap, GeneratorError, Http, NotThere, Reply, Secret
from holdfast.dialects.argo.appset.generators.context import Context, wrapped
from holdfast.dialects.argo.appset.params import Params, flatten, floats

_PATH = "api/v1/getparams.execute"
_SECRET = "argocd-secret"
_SECONDS = 30.0


def generate(spec: Mapping[str, Any], context: Context) -> list[Params]:
    try:
        request = _request(spec, context)
    except GeneratorError as error:
        raise wrapped("error getting plugin from generator", error) from error
    try:
        found = _answer(context.facts.ask(request), context)
    except GeneratorError as error:
        raise wrapped("error listing params", error) from error
    return [_parameters(o, spec, context) for o in found]


def _request(spec: Mapping[str, Any], context: Context) -> Http:
    config = _config(str((spec.get("configMapRef") or {}).get("name") or ""), context)
    token = _token(config["token"], context)
    try:
        seconds = float(int(config.get("requestTimeout") or 0)) or _SECONDS
    except ValueError as error:
        wrong = config.get("requestTimeout")
        raise GeneratorError(f'error set requestTimeout : strconv.Atoi: parsing "{wrong}": invalid syntax') from error
    body = {
        "applicationSetName": context.set.name,
        "input": {"parameters": (spec.get("input") or {}).get("parameters") or {}},
    }
    return Http(
        f"{str(config['baseUrl']).rstrip('/')}/{_PATH}",
        (("Authorization", f"Bearer {token}"), ("Content-Type", "application/json"), ("Accept", "application/json")),
        "POST",
        json.dumps(body, separators=(",", ":"), sort_keys=True),
        timeout=seconds,
    )


def _config(name: str, context: Context) -> Mapping[str, str]:
    try:
        config: Mapping[str, str] = context.facts.ask(ConfigMap(context.home, name))
    except NotThere as error:
        raise GeneratorError(f'error fetching ConfigMap: ConfigMap "{name}" not found') from error
    except GeneratorError as error:
        raise wrapped("error fetching ConfigMap", error) from error
    for key in ("baseUrl", "token"):
        if not config.get(key):
            raise GeneratorError(f"error fetching ConfigMap: {key} not found in ConfigMap")
    return config


def _token(reference: str, context: Context) -> str:
    """``$key`` of argocd-secret, or ``$secret:key`` of another Secret beside it."""
    doing = "error fetching Secret token"
    if not reference.startswith("$"):
        raise GeneratorError(
            f"{doing}: token is empty, or does not reference a secret key starting with '$': {reference}"
        )
    name, colon, key = reference[1:].partition(":")
    if not colon:
        name, key = _SECRET, name
    try:
        data: Mapping[str, bytes] = context.facts.ask(Secret(context.home, name))
    except NotThere as error:
        raise GeneratorError(
            f'{doing}: error fetching secret {context.home}/{name}: Secret "{name}" not found'
        ) from error
    except GeneratorError as error:
        raise wrapped(f"{doing}: error fetching secret {context.home}/{name}", error) from error
    return data[key].decode("utf-8", "replace").strip() if key in data else f"${key}"


def _answer(reply: Reply, context: Context) -> list[dict[str, Any]]:
    doing = f"error get api '{context.set.name}'"
    if not 200 <= reply.status < 300:
        text = reply.body.decode("utf-8", "replace")[:500]
        raise GeneratorError(f"{doing}: API error with status code {reply.status}: {text}")
    try:
        found = json.loads(reply.body)
        sets = (found.get("output") or {}).get("parameters") or []
    except (ValueError, AttributeError) as error:
        raise GeneratorError(f"{doing}: {error}") from error
    return [floats(s) for s in sets if isinstance(s, dict)]


def _parameters(found: Mapping[str, Any], spec: Mapping[str, Any], context: Context) -> Params:
    show = context.renderer.engine.show
    params: Params = dict(found) if context.go else {k: show(v) for k, v in flatten(found).items()}
    given = floats((spec.get("input") or {}).get("parameters") or {})
    params["generator"] = {"input": {"parameters": given}}
    try:
        context.renderer.add_values(spec.get("values"), params)
    except GeneratorError as error:
        raise wrapped("error generating params", error) from error
    return params
