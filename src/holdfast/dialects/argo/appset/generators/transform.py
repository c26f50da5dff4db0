"""From one generator as it is written to parameter sets and the template that is to be filled with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.dialects.argo.appset.facts import GeneratorError, Pending
from holdfast.dialects.argo.appset.generators import (
    clusters,
    combine,
    decisions,
    git,
    listing,
    plugin,
    pulls,
    repositories,
)
from holdfast.dialects.argo.appset.generators.context import Context, Generator, wrapped
from holdfast.dialects.argo.appset.params import Params, flatten
from holdfast.kube.selectors import LabelSelector, SelectorError, label_selector

# In the order in which Argo CD asks a generator that is several at once.
_SIMPLE: dict[str, Generator] = {
    "list": listing.generate,
    "clusters": clusters.generate,
    "git": git.generate,
    "scmProvider": repositories.generate,
    "clusterDecisionResource": decisions.generate,
    "pullRequest": pulls.generate,
    "plugin": plugin.generate,
}
_ORDER = (*tuple(_SIMPLE)[:-1], "matrix", "merge", "plugin")
_DEEPEST = 2
_MINUTE = 60.0
_DEFAULT_SECONDS = {
    "git": 3 * _MINUTE, "clusterDecisionResource": 3 * _MINUTE, "pullRequest": 30 * _MINUTE,
    "scmProvider": 30 * _MINUTE, "plugin": 30 * _MINUTE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    params: list[Params]
    template: Mapping[str, Any]


def transform(
    spec: Mapping[str, Any],
    template: Mapping[str, Any],
    context: Context,
    given: Mapping[str, Any] | None = None,
    depth: int = 0,
) -> list[Result]:
    """``given`` are another generator's parameters. Raises GeneratorError and Pending."""
    selector = _selector(spec)
    found = []
    for kind in kinds(spec, depth):
        wanted = context.renderer.generator({kind: spec[kind]}, given)[kind] if given else spec[kind]
        params = _generate(kind, wanted, context, depth)
        if selector is not None:
            params = [p for p in params if selector.matches(_flat_texts(p, context))]
        found.append(Result(params, fill_template(spec[kind].get("template") or {}, template)))
    return found


def kinds(spec: Mapping[str, Any], depth: int = 0) -> list[str]:
    """What a generator is; generators of generators only down to a depth."""
    return [
        k for k in _ORDER if isinstance(spec.get(k), Mapping) and (depth < _DEEPEST or k not in ("matrix", "merge"))
    ]


def _generate(kind: str, spec: Mapping[str, Any], context: Context, depth: int) -> list[Params]:
    if kind in _SIMPLE:
        return _SIMPLE[kind](spec, context)

    def children(child: Mapping[str, Any], given: Mapping[str, Any] | None) -> list[Params]:
        try:
            results = transform(child, {}, context, given, depth + 1)
        except GeneratorError as error:
            raise wrapped("child generator returned an error on parameter generation", error) from error
        if not results:
            raise GeneratorError(combine.NO_INNER)
        if len(results) > 1:
            raise GeneratorError(combine.MANY_INNER)
        return results[0].params

    return (combine.matrix if kind == "matrix" else combine.merge)(spec, context, children)


def _selector(spec: Mapping[str, Any]) -> LabelSelector | None:
    wanted = spec.get("selector")
    if wanted is None:
        return None
    try:
        return label_selector(wanted)
    except SelectorError as error:
        problem = error.message.replace(
            "is not a valid label selector operator", "is not a valid pod selector operator"
        )
        raise GeneratorError(f"error parsing label selector: {problem}") from error


def _flat_texts(params: Params, context: Context) -> dict[str, str]:
    return {k: context.renderer.engine.show(v) for k, v in flatten(params).items()}


def fill_template(own: Any, base: Any) -> Any:
    """A generator's own template with what it leaves open taken from the set's."""
    if isinstance(own, Mapping) and isinstance(base, Mapping):
        out = dict(own)
        for key, value in base.items():
            out[key] = fill_template(own.get(key), value) if key != "valuesObject" else own.get(key) or value
        return out
    return own if own not in (None, "", 0, False, [], {}) else base


def requeue_seconds(spec: Mapping[str, Any], depth: int = 0) -> float | None:
    """How often the generator has to be asked again without a reason; None for never."""
    found = []
    for kind in kinds(spec, depth):
        if kind in ("matrix", "merge"):
            below = [requeue_seconds(g, depth + 1) for g in spec[kind].get("generators") or ()]
            found += [s for s in below if s]
        elif kind in _DEFAULT_SECONDS:
            asked = spec[kind].get("requeueAfterSeconds")
            found.append(float(asked) if asked is not None else _DEFAULT_SECONDS[kind])
    return min((s for s in found if s), default=None)


def uses(spec: Mapping[str, Any], wanted: str, depth: int = 0) -> bool:
    """Whether a generator, or one inside it, is of a kind."""
    return any(
        kind == wanted or any(uses(g, wanted, depth + 1) for g in spec[kind].get("generators") or () if kind in ("matrix", "merge"))
        for kind in kinds(spec, depth)
    )  # fmt: skip


def repositories_of(spec: Mapping[str, Any], depth: int = 0) -> set[str]:
    """The addresses of repositories that a generator looks into, as they are written: maybe with parameters to be filled in."""
    found: set[str] = set()
    for kind in kinds(spec, depth):
        if kind == "git":
            found.add(str(spec[kind].get("repoURL") or ""))
        elif kind == "pullRequest":
            found |= pulls.repositories(spec[kind])
        elif kind in ("matrix", "merge"):
            for generator in spec[kind].get("generators") or ():
                found |= repositories_of(generator, depth + 1)
    return found


__all__ = ["Pending", "Result", "fill_template", "kinds", "repositories_of", "requeue_seconds", "transform", "uses"]
