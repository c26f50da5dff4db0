"""What texts mean is remembered as data of one's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.yaml import dump
from holdfast.kube.yaml.scalars import OddKey
from holdfast.kustomize import remembered
from holdfast.kustomize.remembered import Remembered
from holdfast.kustomize.yamlio import Noted, read_documents

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(JSON)
def test_data_comes_back_as_it_was_from_the_second_time_on(data: object) -> None:
    known = Remembered()
    known.note(b"text", data)
    assert known.get(b"text") is None
    known.note(b"text", data)
    assert repr(known.get(b"text")) == repr(data)


def test_each_gets_a_copy_of_its_own() -> None:
    text = dump({"kind": "ConfigMap", "metadata": {"name": "remembered"}}).encode()
    for _ in range(4):
        (document,) = read_documents(text, "a.yaml", Noted())
        assert document == {"kind": "ConfigMap", "metadata": {"name": "remembered"}}
        document["metadata"]["name"] = "changed"


def test_keys_that_are_no_strings_are_found_each_time() -> None:
    for _ in range(3):
        noted = Noted()
        assert read_documents(b"a: {1: remembered}\n", "a.yaml", noted) == [{"a": {"1": "remembered"}}]
        assert noted.odd == [1]
    known = Remembered()
    for _ in range(2):
        known.note(b"odd", {OddKey("1"): 2})
    assert known.get(b"odd") is None


def test_nothing_between_brackets_is_found_each_time() -> None:
    for _ in range(3):
        noted = Noted()
        assert read_documents(b"a: {b: , c: remembered}\n", "a.yaml", noted) == [{"a": {"b": None, "c": "remembered"}}]
        assert noted.gaps == [1]


def test_there_is_a_limit_to_what_is_kept() -> None:
    known = Remembered()
    large = b"x" * remembered.LARGEST
    for number in range(2 * remembered.BUDGET // remembered.LARGEST):
        for _ in range(2):
            known.note(large[:-8] + b"%8d" % number, [])
    assert known._size <= remembered.BUDGET
    for _ in range(2):
        known.note(large + b"x", [])
    assert known.get(large + b"x") is None
