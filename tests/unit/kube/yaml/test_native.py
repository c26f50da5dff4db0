"""The compiled reader and printer against Python's: what they answer is the same, and ordinary documents they do answer."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.kube import native
from holdfast.kube.yaml import Dialect, YAMLError
from holdfast.kube.yaml.compose import compose
from holdfast.kube.yaml.decode import decode
from holdfast.kube.yaml.dump import _RULES, printed
from holdfast.kube.yaml.errors import Flaw

if native.read is None or native.dump is None:
    pytest.skip("the compiled module was not built here: no C compiler", allow_module_level=True)

read, dump = native.read, native.dump

MANIFEST = """\
# a comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web   # another
  labels: {app: web, "tier": 'front end'}
  annotations:
    on-several-lines: this goes on
      and on

      in a second paragraph
    quoted: "a
      folded text"
    single: 'it''s
      folded too'
spec:
  replicas: 3
  paused: false
  nothing:
  nullish: ~
  containers:
  - name: web
    image: registry.example.com:5000/web:1.2.3
    args: ["--a", '--b=c', plain, 12, {a: [b]}]
    command:
    - sh
    - -c
    - |
      echo "yes: no" # not a comment

        deeper
      exit 0
    env:
      - {name: A, value: "1"}
      -
        name: B
        value: "tab\\t and \\"quotes\\" and \\\\"
    resources:
      limits: {cpu: 100m, memory: 1.5Gi}
  matrix:
  - - a
    - 0.5
  - []
  text: |-
    last

  kept: |+
    kept

  empty: {}
  wide: grüße
"""

ORDINARY = [
    "a: 8080-tcp\n",
    "a: 127.0.0.1:8080\n",
    "a: 98fb01cc292a1089bb92e1de884e534e21b671fe\n",
    "a: ../base\n",
    "a: -1\nb: 0\nc: 0.5\n",
    "a: v1\nb: TRUE\nc: null\n",
    "a:\n- b\n-\n- c: d\n  e: f\n",
    "- op: add\n  path: /a/b\n  value: 3\n",
    "a: # comment\n  b: c\n",
    "---\na: b\n",
    "\n# nothing yet\n\na: b\n# the end\n",
    "a: [b, c,  d]   \n",
    "a: 'x: y'\n\"b c\": d\n",
    "a: b#c\n",
    "a: http://x.example.com:80/y?z=1\n",
    "a: b",
    'a: {"b":1,"c": [true, null],\n  "d": "e"\n}\n',
    '{\n  "a": [\n    1, 2\n  ]\n}\n',
    "[{op: add, path: /a, value: 1}]\n",
    "a: (b ||\n  c)\n",
    "a:\n  b\n",
    "a: |\n\n  b\n",
    'a: "b \\\n  c\\\n  \\ d"\n',
    'a: "\\u003ca\\u003e \\u00e9 \\u20AC"\n',
    "a: 11111111-2222-3333-4444-555555555555\n",
]

DOUBTFUL = [
    "a: yes\n",
    "a: 0644\n",
    "a: 1.0\n",
    "a: 1e3\n",
    "a: 0x1f\n",
    "a: 12:30\n",
    "a: 1_000\n",
    "a: 2024-01-01\n",
    "a: &x b\n",
    "a: *x\n",
    "a: !!str 1\n",
    "1: a\n",
    "y: a\n",
    "<<: {a: b}\n",
    "a: >\n  b\n",
    "a: |2\n  b\n",
    "a: |\n  b",
    "a: 0_x1\n",
    "a:\tb\n",
    "a: b\r\n",
    "a: b\na: c\n",
    "a: b: c\n",
    "a: [b\n",
    "a: [b, [c: d]]\n",
    'a: "\\x41"\n',
    "a: 'b' c\n",
    "a: b\n  c: d\n",
    "  a: b\nc: d\n",
    "a: b\n---\nc: d\n",
    "a: b\n...\n",
    "%YAML 1.2\n---\na: b\n",
    "text\n",
    "",
    "# nothing\n",
    "a: \x85\n",
    "a: \ufeffb\n",
]


def exact(chunk: bytes, dialect: Dialect) -> Any:
    root = compose(chunk, dialect)
    return None if root is None else decode(root, dialect)


def check(chunk: bytes) -> bool:
    """Whether the compiled reader took this; what it then says has to be what both dialects say."""
    value = read(chunk)
    if value is NotImplemented:
        return False
    for dialect in Dialect:
        try:
            assert repr(exact(chunk, dialect)) == repr(value), chunk
        except Flaw as flaw:
            pytest.fail(f"{chunk!r} was taken, and the exact path refuses it: {flaw}")
    return True


@pytest.mark.parametrize("text", [MANIFEST, *ORDINARY])
def test_ordinary_documents_are_taken_and_read_as_the_exact_path_does(text: str) -> None:
    assert check(text.encode())


@pytest.mark.parametrize("text", DOUBTFUL)
def test_documents_in_doubt_are_left_to_others(text: str) -> None:
    assert read(text.encode()) is NotImplemented


@pytest.mark.parametrize(
    ("frame", "pieces"),
    [
        ("k: {}\n", ["1", "0", ".", "-", "e", "x", ":", "+", "_", "a", "b", "o"]),
        ("k: 2024{}\n", ["-", "01", "1", "T", ":", " ", "Z"]),
        ("k: {}\n", ["a", " ", "\n ", "\n", "#", ": ", "- ", "("]),
        ("k:{}\n", [" ", "|", "-", "\n", "\n ", "\n  ", "a", "#"]),
        ("k: |\n{}\n", [" ", "\n", "a", "#", "\nj: b"]),
        ('k: "{}"\n', ["a", " ", "\\", "\n ", "\n", '\\"', "\\n", "\\ "]),
        ("k: '{}'\n", ["a", " ", "\n ", "\n", "''"]),
        ("k: {}\n", ["{", "}", "[", "]", ",", "a", ": ", '"a":', "\n "]),
        ("{}\n", ["a:", "- ", " ", "\n", "b", "# c", "'x'"]),
    ],
)
def test_every_short_text_of_such_pieces_is_read_alike(frame: str, pieces: list[str]) -> None:
    taken = sum(
        check(frame.replace("{}", "".join(chosen), 1).encode())
        for size in range(5)
        for chosen in itertools.product(pieces, repeat=size)
    )
    assert taken > 50


def test_bytes_that_are_no_utf8_are_left_to_others_even_in_comments() -> None:
    assert read(b"a: \xff\n") is NotImplemented
    assert read(b"a: b # \xc3\n") is NotImplemented


def test_a_document_cut_off_anywhere_is_read_alike() -> None:
    data = MANIFEST.encode()
    taken = sum(check(data[:size]) for size in range(len(data)))
    assert taken > len(data) / 4


@settings(max_examples=400)
@given(st.data())
def test_a_document_with_something_put_in_or_left_out_is_read_alike(data: st.DataObject) -> None:
    text = MANIFEST.encode()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.integers(0, 3))
        new = data.draw(
            st.sampled_from([*" \n:-#\"'|{}[],&*!~?%\\>01.eyn_", "- ", ": ", " #", "\n  ", "\n\n", "é", "|-", ""])
        )
        text = text[:at] + new.encode() + text[at + gone :]
    check(text)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "a:\n"])
def test_depth_is_bounded(opening: str) -> None:
    if opening == "a:\n":
        text = "".join(f"{' ' * depth}a:\n" for depth in range(5000))
    else:
        text = "a: " * (opening != "- ") + opening * 100_000
    assert read(text.encode()) is NotImplemented


def test_a_plain_text_of_very_many_lines_is_left_to_others() -> None:
    assert read(b"a: b\n" + b"  c\n" * 100) is not NotImplemented
    assert read(b"a: b\n" + b"  c\n" * 100_000) is NotImplemented
    assert read(b"a: b\n" + b"\n" * 100_000 + b"  c\n") is NotImplemented


def test_only_bytes_are_read() -> None:
    with pytest.raises(TypeError):
        read("a: b")  # type: ignore[arg-type]


def test_a_key_met_before_is_the_same_key_again() -> None:
    first, again = read(b"kind: a\n"), read(b"kind: b\n")
    assert first == {"kind": "a"}
    assert again == {"kind": "b"}
    assert read(b"knid: c\n") == {"knid": "c"}


TEXT = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.text("ab1.-_/:@ #'\"", max_size=12)
    | st.sampled_from(["yes", "null", "True", "1e3", "10m", "0x1", "0.5", "2024-01-01", "8080-tcp", "1.2.3", "-a", "--a", "-", "a: b", "x" * 90])
    | st.text("ab ", min_size=60, max_size=120)
)  # fmt: skip
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=5),
)


@settings(max_examples=400)
@given(DATA)
def test_what_is_printed_is_what_python_prints(value: Any) -> None:
    text = dump(value, _RULES)
    if text is NotImplemented:
        assert not isinstance(value, (dict, list)) or not value or has_a_long_key(value)
    else:
        assert text == printed(value)


def has_a_long_key(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(has_a_long_key, value))
    return isinstance(value, dict) and any(
        len(key.encode()) > 100 or not key.isprintable() or has_a_long_key(item) for key, item in value.items()
    )


@settings(max_examples=200)
@given(st.lists(st.text("ab01.-/_", min_size=1, max_size=6), min_size=2, max_size=8, unique=True))
def test_keys_stand_in_the_same_order(keys: list[str]) -> None:
    value = dict.fromkeys(keys, 1)
    assert dump(value, _RULES) == printed(value)


def test_what_is_no_json_data_is_refused_with_the_same_words() -> None:
    with pytest.raises(YAMLError, match="unsupported type: set"):
        dump({"a": {1}}, _RULES)
    with pytest.raises(YAMLError, match="unsupported value: NaN"):
        dump([{"a": float("nan")}], _RULES)


def test_a_list_in_itself_is_left_to_others() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert dump(endless, _RULES) is NotImplemented


def test_it_can_be_left_unused() -> None:
    script = "from holdfast.kube import native; from holdfast.kube.yaml import load; assert native.read is None; assert load('a: [1]') == {'a': [1]}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "HOLDFAST_NATIVE": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
