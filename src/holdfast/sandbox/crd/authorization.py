"""The functions of the ``authorizer`` variable: questions to the authorizer from inside of an expression.

In: plain maps that carry the question so far. Out: maps, and the decision's parts. Never: who answers; that is in ``asking``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.sandbox.crd.library import plain

Question = dict[str, str]
"""The fields of the question; ``account`` is set where a service account is asked about."""

asking: list[Callable[[Question], tuple[bool, str]]] = []
"""Who answers now; the CEL library hands nothing of the evaluation to its functions."""


def _with(**fields: str) -> Callable[..., Question]:
    """A function that adds its arguments to the question under these names."""

    def add(target: Question, *values: str) -> Question:
        return {**target, **dict(zip(fields, values, strict=True))}

    return add


def _account(target: Question, namespace: str, name: str) -> Question:
    return {**target, "account": f"system:serviceaccount:{namespace}:{name}", "account_namespace": namespace}


def _check(target: Question, verb: str) -> dict[str, Any]:
    allowed, reason = asking[-1]({**target, "verb": verb})
    return {"allowed": allowed, "reason": reason}


_ROWS: tuple[tuple[str, str, int, Callable[..., Any]], ...] = (
    ("path", "O", 1, _with(path="")),
    ("group", "O", 1, _with(group="")),
    ("resource", "O", 1, _with(resource="")),
    ("subresource", "O", 1, _with(subresource="")),
    ("namespace", "O", 1, _with(namespace="")),
    ("name", "O", 1, _with(name="")),
    ("fieldSelector", "O", 1, lambda target, _: target),
    ("labelSelector", "O", 1, lambda target, _: target),
    ("serviceAccount", "O", 2, _account),
    ("check", "O", 1, _check),
    ("allowed", "B", 0, lambda decision: decision["allowed"]),
    ("reason", "S", 0, lambda decision: decision["reason"]),
    ("errored", "B", 0, lambda decision: False),
    ("error", "S", 0, lambda decision: ""),
)


def declarations(cel: Any) -> list[Any]:
    kinds = {"O": cel.Type.Map(cel.Type.STRING, cel.Type.DYN), "B": cel.Type.BOOL, "S": cel.Type.STRING}
    found = []
    for name, result, count, function in _ROWS:
        parameters = [kinds["O"], *[kinds["S"]] * count]
        overload = cel.Overload(f"authorizer_{name}", kinds[result], parameters, True, _plainly(function))
        found.append(cel.FunctionDecl(name, [overload]))
    return found


def _plainly(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: function(*[plain(value) for value in values])
