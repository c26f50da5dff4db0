"""The fast paths against the exact one: where they answer at all, they answer alike."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.kube import native
from holdfast.kube.yaml import Dialect, fast
from holdfast.kube.yaml.compose import compose
from holdfast.kube.yaml.decode import decode
from holdfast.kube.yaml.dump import dump
from holdfast.kube.yaml.errors import Flaw
from holdfast.kube.yaml.load import load_all

pytest.importorskip("yaml_rs", reason="the compiled parser is not installed here; everything takes the exact path")

SCALARS = [
    "a",
    "b",
    "yes",
    "n",
    "on",
    "~",
    "null",
    "true",
    "0",
    "12",
    "-3",
    "0777",
    "0o7",
    "0b1",
    "0o-7",
    "0b+1",
    "0x1f",
    "1_0",
    "1e3",
    "1E-3",
    "1.",
    ".5",
    "1.0",
    "1.5",
    "0.50",
    "1.2.3",
    "12:30",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    ".inf",
    "-.INF",
    ".nan",
    "100m",
    "25%",
    "a:b",
    "http://x:80/",
    "<<",
    "=",
    "-",
    "--",
    "-a",
    "?",
    "?a",
    ":",
    ":a",
    "#",
    "#a",
    "a#b",
    "&",
    "&x",
    "*x",
    "!t",
    "!!str",
    "%",
    "@",
    "`",
    "'",
    "'''",
    "'a'",
    "'it''s'",
    '"',
    '"a"',
    '"\\n"',
    '"\\x41"',
    '"\\ud83d"',
    '"\\/"',
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "[a]",
    "[1,2]",
    "{a:1}",
    "{{x}}",
    "|",
    "|-",
    "|2",
    ">",
    ">-",
    ",",
    "a,b",
    "é",
    "😀",
    "12345678901234567890",
    "9999999999999999.5",
    "_1",
    "+1",
    "-0",
    "0_7",
    "._5",
    "\x07",
    "\x85",
    "\ufeff",
    "\xa0",
]
PIECE = st.sampled_from(
    [
        *SCALARS,
        " ",
        "  ",
        "    ",
        "\n",
        "\n  ",
        "\n    ",
        "\n- ",
        "\n  - ",
        ": ",
        ":\n",
        "k: ",
        "- ",
        "\t",
        "\r\n",
        " #c\n",
        "\n\n",
        "---\n",
    ]
)
SOUP = st.lists(PIECE, max_size=12).map("".join)
LINE = st.builds(
    lambda depth, dash, key, colon, value: f"{'  ' * depth}{dash}{key}{colon}{value}",
    st.integers(0, 3), st.sampled_from(["", "", "- "]), st.sampled_from(["k", "b", "c", "'q'", '"z"', "y", "80"]),
    st.sampled_from([": ", ": ", ": ", ":", ""]), st.sampled_from([*SCALARS, "", "a  b", "a: b", "[a, b]", "{a: b}", "x # c"]),
)  # fmt: skip
LINES = st.lists(LINE, min_size=1, max_size=7).map(lambda lines: "\n".join([*lines, ""]))
TEXTS = st.dictionaries(
    st.text(max_size=8),
    st.text(max_size=90) | st.integers() | st.booleans() | st.lists(st.text(max_size=5), max_size=3),
)


def exact(chunk: bytes, dialect: Dialect) -> Any:
    root = compose(chunk, dialect)
    return None if root is None else decode(root, dialect)


def check(text: str) -> None:
    chunk = text.encode()
    for value in (fast.parsed(chunk), native.read(chunk) if native.read else NotImplemented):
        if value is not fast.UNSURE and value is not NotImplemented:
            check_value(chunk, value)


def check_value(chunk: bytes, value: Any) -> None:
    for dialect in Dialect:
        try:
            assert repr(exact(chunk, dialect)) == repr(value)
        except Flaw as flaw:
            pytest.fail(f"the fast path took what the exact one refuses: {flaw}")


@settings(max_examples=400)
@given(SOUP)
@example("x: |\n")
@example("a: 1e3_0\n")
@example("a: |\n  b")
@example("[]: ")
@example("a:\n  {b: c}: d\n")
@example('a: "\\ud83d\\ude00"\n')
def test_a_soup_of_tokens_is_read_alike(text: str) -> None:
    check(text)


@settings(max_examples=400)
@given(LINES)
def test_lines_that_look_like_manifests_are_read_alike(text: str) -> None:
    check(text)


@settings(max_examples=200)
@given(TEXTS)
def test_what_we_print_is_read_alike(value: dict[str, Any]) -> None:
    check(dump(value))


MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 3 # a comment
  template:
    spec:
      containers:
      - name: web
        image: "nginx:1.25"
        args: ["--a", '--b=c']
        command:
          - sh
          - -c
          - |
            echo yes
            exit 0
        readOnly: true
"""


def test_an_ordinary_manifest_takes_the_fast_path() -> None:
    assert fast.parsed(MANIFEST.encode()) == exact(MANIFEST.encode(), Dialect.OBJECT)


@pytest.mark.parametrize(
    "line",
    [
        "a: yes",
        "a: 0644",
        "a: 1.0",
        "a: &x b",
        "a: !!str 1",
        "80: a",
        "a: 2024-01-01",
        "<<: {a: b}",
        "a:\tb",
        "a: >\n  b",
    ],
)
def test_a_manifest_with_something_doubtful_does_not(line: str) -> None:
    assert fast.read(f"{MANIFEST}{line}\n".encode()) is fast.UNSURE


def test_one_doubtful_document_leaves_the_others_on_the_fast_path() -> None:
    documents = load_all(f"{MANIFEST}---\na: yes\n---\n{MANIFEST}")
    assert [document.line for document in documents] == [1, 20, 22]
    assert documents[1].value == {"a": True}


def test_the_compiled_module_without_its_package_leaves_the_package_usable() -> None:
    script = (
        "import sys\n"
        "from holdfast.kube.yaml import fast\n"
        "assert fast.read(b'a: [1, x]\\n') == {'a': [1, 'x']}\n"
        "assert fast.read(b'a: 1\\na: 2\\n') is fast.UNSURE\n"
        "import yaml_rs\n"
        "assert yaml_rs.loads('b: 2') == {'b': 2}\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("scalar", [*SCALARS, "0b-1", "0o+7", "-0o7", "0O7", "0B1"])
def test_each_scalar_alone_is_read_alike(scalar: str) -> None:
    check(f"a: {scalar}\n")
