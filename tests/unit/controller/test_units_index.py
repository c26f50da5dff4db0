from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.controller.units_index import UnitIndex
from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import UnitKey

_SOURCE = UnitKey("GitRepository", "n", "fleet")


def _unit(name: str, owned: list[str], *, attempted: str = "", ready: str = "True", path: str = "") -> dict[str, Any]:
    status: dict[str, Any] = {
        "inventory": {"entries": [{"id": f"n_{o}__ConfigMap", "v": "v1"} for o in owned]},
        "conditions": [{"type": "Ready", "status": ready, "reason": "x", "message": ""}],
        "lastAttemptedRevision": attempted,
    }
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "n"},
        "spec": {
            "interval": "1m",
            "prune": True,
            "path": path or f"./{name}",
            "sourceRef": {"kind": "GitRepository", "name": "fleet"},
        },
        "status": status,
    }


def _key(name: str) -> UnitKey:
    return UnitKey("Kustomization", "n", name)


def _config(name: str) -> ObjectRef:
    return ObjectRef("", "ConfigMap", "n", name)


_NAMES = st.sampled_from(["a", "b", "c"])
_CHANGES = st.lists(st.tuples(_NAMES, st.none() | st.lists(st.sampled_from(["x", "y", "z"]), max_size=4)), max_size=12)


@given(_CHANGES)
def test_claimants_are_the_units_whose_newest_inventory_has_the_object(
    changes: list[tuple[str, list[str] | None]],
) -> None:
    index, now = UnitIndex(), dict[str, list[str]]()
    for name, owned in changes:
        if owned is None:
            index.put(_key(name), None)
            now.pop(name, None)
        else:
            index.put(_key(name), _unit(name, owned))
            now[name] = owned
    for each in ("x", "y", "z"):
        owners = {_key(n) for n, owned in now.items() if each in owned}
        assert index.claimants(_config(each)) == owners
        assert index.claimed(_config(each), _key("a")) == bool(owners - {_key("a")})
    assert index.of_source(_SOURCE) == {_key(n) for n in now}
    assert index.objects_of(_SOURCE) == sum(len(set(owned)) for owned in now.values())


def test_units_that_are_behind_a_revision_come_with_those_whose_directory_changed_first() -> None:
    index = UnitIndex()
    index.put(_key("a"), _unit("a", [], attempted="main@sha1:1"))
    index.put(_key("b"), _unit("b", [], attempted="main@sha1:1", ready="False"))
    index.put(_key("c"), _unit("c", []))
    assert index.behind(_SOURCE, "main@sha1:1", frozenset({"", "c"})) == ([_key("c")], [_key("b")])
    first, others = index.behind(_SOURCE, "main@sha1:2", None)
    assert (set(first), others) == ({_key(n) for n in "abc"}, [])


def test_units_of_one_place_that_have_applied_nothing_are_heirs() -> None:
    index = UnitIndex()
    index.put(_key("old"), _unit("old", ["x"], path="./app"))
    index.put(_key("new"), _unit("new", [], path="app/"))
    assert index.heirs(_key("old")) == {_key("new")}
