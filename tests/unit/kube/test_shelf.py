from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.refs import ObjectRef
from holdfast.kube.shelf import Shelf

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_VALUES = st.dictionaries(st.text(max_size=3), _SCALARS | st.lists(_SCALARS, max_size=2), max_size=2)


def _manifest(name: str, namespace: str, data: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


_MANIFESTS = st.lists(st.builds(_manifest, st.text("ab", max_size=3), st.sampled_from(["", "n"]), _VALUES), max_size=20)


@given(_MANIFESTS)
def test_a_shelf_gives_back_what_a_dictionary_by_reference_would(manifests: list[dict[str, Any]]) -> None:
    shelf, plain = Shelf(manifests), {ObjectRef.of(m): m for m in manifests}
    assert list(shelf) == manifests
    assert len(shelf) == len(manifests)
    for ref, manifest in plain.items():
        assert shelf.get(ref) == manifest
    assert shelf.get(ObjectRef("", "ConfigMap", "n", "absent")) is None


def test_what_a_shelf_gives_is_nobody_elses() -> None:
    shelf = Shelf([_manifest("a", "n", {"k": "v"})])
    ref = ObjectRef("", "ConfigMap", "n", "a")
    found = shelf.get(ref)
    assert found is not None
    found["data"]["k"] = "spoilt"
    again = shelf.get(ref)
    assert again is not None
    assert again["data"] == {"k": "v"}
