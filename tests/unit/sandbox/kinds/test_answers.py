"""What a real server answered to objects with mistakes, one a line of ``answers/*.jsonl``.

``object`` is sent as a create, or where ``old`` is given as an update of it (through ``subresource``); ``causes`` are the
field and text of each complaint.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind
from holdfast.sandbox.kinds import apply_defaults, check, prepare_create, prepare_update, validate_create
from holdfast.sandbox.kinds.addresses import AddressPool
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.service import Allocation
from holdfast.sandbox.kinds.validate import validate_update

Object = dict[str, Any]


def cases() -> Iterator[Any]:
    for path in sorted(Path(__file__).with_name("answers").glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            yield pytest.param(json.loads(line), id=f"{path.stem}:{number}")


def read(obj: Object) -> Object:
    gvk, found = GroupVersionKind.of(obj), copy.deepcopy(obj)
    check(gvk, found, None, "Ignore", None)
    apply_defaults(gvk, found)
    return found


def allocate(pool: AddressPool, obj: Object, old: Object | None) -> None:
    """What happens to a Service before it is judged."""
    if obj["kind"] == "Service":
        found = Allocation(pool).run(obj["spec"], old and old["spec"])
        if found:
            raise Refused(found)


class Refused(Exception):
    pass


def stored(obj: Object, pool: AddressPool) -> Object:
    found = read(obj)
    found["metadata"].setdefault("uid", "u-1")
    allocate(pool, found, None)
    prepare_create(GroupVersionKind.of(obj), found)
    return found


def complaints(case: Object) -> list[list[str]]:
    try:
        found = problems(case, AddressPool())
    except Refused as refused:
        found = refused.args[0]
    return [[e.field, e.body] for e in found]


def problems(case: Object, pool: AddressPool) -> Errors:
    gvk, sub = GroupVersionKind.of(case["object"]), case.get("subresource", "")
    if "old" not in case:
        return validate_create(gvk, stored(case["object"], pool))
    old = {**stored(case["old"], pool), **({"status": case["old"]["status"]} if "status" in case["old"] else {})}
    new = read(case["object"])
    new["metadata"] = {**old["metadata"], **new["metadata"]}
    if sub:
        new = {**old, "metadata": new["metadata"], "status": {**old.get("status", {}), **(new.get("status") or {})}}
    else:
        allocate(pool, new, old)
        prepare_update(gvk, new, old)
    return validate_update(gvk, new, old, sub)


@pytest.mark.parametrize("case", list(cases()))
def test_the_causes_are_those_of_a_real_server(case: Object) -> None:
    assert complaints(case) == case["causes"]
