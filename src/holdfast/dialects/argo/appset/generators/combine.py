"""``matrix`` and ``merge``: generators over generators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.dialects.argo.appset.facts import GeneratorError, Pending
from holdfast.dialects.argo.appset.generators.context import Children, Context, wrapped
from holdfast.dialects.argo.appset.params import Params, merged

MANY_INNER = "found more than one generator in matrix.Generators"
NO_INNER = "child generator generated no parameters"


def matrix(spec: Mapping[str, Any], context: Context, children: Children) -> list[Params]:
    """Every set of the first generator with every set of the second, which may use the first one's parameters."""
    generators: Sequence[Mapping[str, Any]] = spec.get("generators") or []
    if len(generators) < 2:
        raise GeneratorError("found less than two generators, Matrix support only two")
    if len(generators) > 2:
        raise GeneratorError("found more than two generators, Matrix support only two")
    try:
        first = children(generators[0], None)
    except GeneratorError as error:
        raise wrapped("error failed to get params for first generator in matrix generator", error) from error
    found: list[Params] = []
    waiting = False
    for a in first:
        try:
            second = children(generators[1], a)
        except Pending:
            # Go on: what the other sets have to know can be found out at the same time.
            waiting = True
            continue
        except GeneratorError as error:
            if waiting:
                raise Pending from error
            raise wrapped("failed to get params for second generator in the matrix generator", error) from error
        found += [_both(a, b, context) for b in second]
    if waiting:
        raise Pending
    return found


def _both(first: Params, second: Params, context: Context) -> Params:
    if context.go:
        return merged(second, first)
    show = context.renderer.engine.show
    out: Params = {k: show(v) for k, v in first.items()}
    for key, value in ((k, show(v)) for k, v in second.items()):
        if key in out and out[key] != value:
            raise GeneratorError(
                "failed to combine string maps with merging params for the matrix generator: "
                f"found duplicate key {key} with different value, a: {out[key]} ,b: {value}"
            )
        out[key] = value
    return out


def merge(spec: Mapping[str, Any], context: Context, children: Children) -> list[Params]:
    """The sets of the first generator, each overridden by those of the others that have the same keys."""
    generators: Sequence[Mapping[str, Any]] = spec.get("generators") or []
    if len(generators) < 2:
        raise GeneratorError("found less than two generators, Merge requires two or more")
    sets = _all_sets(generators, children)
    keys = tuple(dict.fromkeys(str(k) for k in spec.get("mergeKeys") or ()))
    try:
        found = _by_key(keys, sets[0], context)
        for others in sets[1:]:
            for key, over in _by_key(keys, others, context).items():
                if key in found:
                    found[key] = merged(found[key], over) if context.go else {**found[key], **over}
    except GeneratorError as error:
        raise wrapped("error getting param sets by merge key", error) from error
    return list(found.values())


def _all_sets(generators: Sequence[Mapping[str, Any]], children: Children) -> list[list[Params]]:
    sets: list[list[Params]] = []
    waiting = False
    for i, generator in enumerate(generators):
        try:
            sets.append(children(generator, None))
        except Pending:
            waiting = True
        except GeneratorError as error:
            if waiting:
                raise Pending from error
            doing = f"error getting param sets from generators: error getting params from generator {i + 1} of"
            raise wrapped(f"{doing} {len(generators)}", error) from error
    if waiting:
        raise Pending
    return sets


def _by_key(keys: Sequence[str], sets: Sequence[Params], context: Context) -> dict[str, Params]:
    if not keys:
        raise GeneratorError("no merge keys were specified, Merge requires at least one")
    found: dict[str, Params] = {}
    for params in sets:
        key = context.renderer.engine.encode({k: params.get(k) for k in keys})
        if key in found:
            raise GeneratorError(
                "the parameters from a generator were not unique by the given mergeKeys, Merge requires all param sets "
                f"to be unique. Duplicate key was {key}"
            )
        found[key] = params
    return found
