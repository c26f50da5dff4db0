"""Content hashes of generated objects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kustomize.transformers.hashes import content_hash, go_json

TEXTS = st.text(st.sampled_from(list('ab01 _./:-"\\<>&\n\té\x7f\u2028')), max_size=6) | st.just("x" * 300)
DATA = st.dictionaries(TEXTS, TEXTS | st.none() | st.integers() | st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=4)


@given(DATA)
def test_json_is_what_gos_encoder_writes(data: dict[str, object]) -> None:
    expected = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char, escaped in (("<", "003c"), (">", "003e"), ("&", "0026"), ("\u2028", "2028")):
        expected = expected.replace(char, f"\\u{escaped}")
    assert go_json(data) == expected


@pytest.mark.parametrize(
    ("manifest", "suffix"),
    [
        pytest.param({"kind": "ConfigMap"}, "6ct58987ht", id="no data"),
        pytest.param({"kind": "ConfigMap", "data": {"one": ""}}, "9g67k2htb6", id="one key"),
        pytest.param(
            {"kind": "ConfigMap", "data": {"two": "2", "one": "", "three": "3"}},
            "f5h7t85m9b",
            id="three keys, unsorted",
        ),
        pytest.param({"kind": "ConfigMap", "data": {"a": '<b> & "c"'}}, "hg9k22k699", id="escapes"),
        pytest.param({"kind": "Secret", "type": "Opaque", "data": {"a": "Yg=="}}, "k695gkmbtk", id="a Secret"),
    ],
)
def test_hashes_that_kustomize_gives(manifest: dict[str, object], suffix: str) -> None:
    assert content_hash(manifest) == suffix
