"""Loading: documents of a stream, places of faults, limits."""

from __future__ import annotations

import pytest

from holdfast.kube.yaml import Dialect, Document, YAMLError, load, load_all

MANIFEST = "# head\napiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n"


def fault(text: str | bytes, **options: object) -> YAMLError:
    with pytest.raises(YAMLError) as caught:
        load_all(text, source="x.yaml", **options)  # type: ignore[arg-type]
    return caught.value


def test_an_empty_text_holds_no_document() -> None:
    assert load("") is None
    assert load_all("") == []
    assert load_all("# only a comment\n") == []


def test_documents_of_nothing_comments_or_null_are_left_out() -> None:
    assert load_all("---\n---\n# c\n---\nnull\n---\na: 1\n---\n") == [Document({"a": 1}, 7)]


def test_a_document_knows_the_line_of_its_first_node() -> None:
    assert [d.line for d in load_all(f"{MANIFEST}---\n\n{MANIFEST}---\n{MANIFEST}")] == [2, 9, 15]


def test_the_exact_path_counts_lines_as_the_fast_one() -> None:
    odd = MANIFEST + "  x: yes\n"
    assert [d.line for d in load_all(f"{odd}---\n\n{odd}---\n{odd}")] == [2, 10, 17]


def test_carriage_returns_end_lines_with_the_line_feed() -> None:
    assert load("a: b\r\nc: |\r\n  d\r\n") == {"a": "b", "c": "d\n"}


def test_a_byte_order_mark_is_no_content() -> None:
    assert load(b"\xef\xbb\xbfa: b\n") == {"a": "b"}


def test_load_reads_only_the_first_document() -> None:
    assert load("--- a\n--- b\n") == "a"


@pytest.mark.parametrize(
    ("dialect", "message"),
    [
        (Dialect.OBJECT, "invalid Yaml document separator: text"),
        (Dialect.KYAML, "invalid document separator: --- text"),
    ],
)
def test_text_behind_a_separator_is_refused(dialect: Dialect, message: str) -> None:
    error = fault("a: b\n--- text\nc: d\n", dialect=dialect)
    assert str(error) == message
    assert error.place is not None
    assert (error.place.path, error.place.line) == ("x.yaml", 2)


def test_a_comment_behind_a_separator_is_fine() -> None:
    assert [d.value for d in load_all("a: 1\n--- # next\nb: 2\n")] == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: b: c\n", "yaml: mapping values are not allowed in this context", 1),
        ("a:\n  b: c\n d: e\n", "yaml: line 2: did not find expected key", 3),
        ("a: b\n\tc: d\n", "yaml: line 2: found a tab character that violates indentation", 2),
        ("a: [b\nc: d\n", "yaml: line 1: did not find expected ',' or ']'", 2),
        ("a: 'b\n", "yaml: line 2: found unexpected end of stream", 2),
        ("a: *b\n", "yaml: unknown anchor 'b' referenced", 1),
        ("a: b\n  c: d\n", "yaml: line 2: mapping values are not allowed in this context", 2),
        ("a: {{ .b }}\n", 'yaml: invalid map key: map[interface {}]interface {}{".b":interface {}(nil)}', 1),
        ("a: &x [*x]\n", "yaml: anchor 'x' value contains itself", 1),
        ("<<: a\n", "yaml: map merge requires map or sequence of maps as the value", 1),
        ("a: !!int b\n", "yaml: cannot decode !!str `b` as a !!int", 1),
        ("a: .inf\n", "json: unsupported value: +Inf", 1),
        ("~: a\n", 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "a"', 1),
        ("a: \x07\n", "yaml: control characters are not allowed", 0),
    ],
)
def test_a_fault_is_told_in_go_yamls_words_and_with_its_true_line(text: str, message: str, line: int) -> None:
    error = fault(text)
    assert str(error) == message
    assert error.place is not None
    assert error.place.line == line


def test_the_place_counts_from_the_start_of_the_file_and_the_message_from_the_document() -> None:
    error = fault("a: 1\n---\nb: 2\n---\nc:\n  d: e\n f: g\n")
    assert str(error) == "yaml: line 2: did not find expected key"
    assert str(error.place).startswith("x.yaml:7")


def test_bytes_that_are_no_utf8_are_refused() -> None:
    assert "UTF-8" in str(fault(b"a: \xff\xfe\n"))


def test_strict_tells_the_key_that_is_set_twice() -> None:
    text = "a: 1\nb: 2\na: 3\n"
    assert load(text) == {"a": 3, "b": 2}
    assert str(fault(text, strict=True)) == 'yaml: unmarshal errors:\n  line 3: key "a" already set in map'


def test_kustomize_never_takes_a_key_twice() -> None:
    message = 'yaml: unmarshal errors:\n  line 3: mapping key "a" already defined at line 1'
    assert str(fault("a: 1\nb: 2\na: 3\n", dialect=Dialect.KYAML)) == message


@pytest.mark.parametrize(
    "text", ["[" * 10_000, "- " * 10_000, "{a: " * 10_000, "\n".join(" " * n + "a:" for n in range(2_000))]
)
def test_nesting_beyond_all_measure_is_refused(text: str) -> None:
    assert "exceeded max depth" in str(fault(text))


def test_nesting_as_deep_as_any_real_object_is_read() -> None:
    value = load("".join("  " * n + "a:\n" for n in range(200)) + "  " * 200 + "a: b\n")
    for _ in range(200):
        value = value["a"]
    assert value == {"a": "b"}


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert str(fault("\n".join(lines))) == "yaml: document contains excessive aliasing"


def test_aliases_do_not_share_what_they_name() -> None:
    value = load("a: &x {b: []}\nc: *x\n")
    value["a"]["b"].append(1)
    assert value["c"] == {"b": []}


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [(Dialect.OBJECT, {"k": 2, "own": 2}), (Dialect.KYAML, {"k": 1, "own": 1})],
)
def test_a_merge_overwrites_what_stands_above_it_for_objects_and_nothing_for_kustomize(
    dialect: Dialect, expected: dict[str, int]
) -> None:
    value = load("base: &b {k: 2, own: 2}\nz:\n  k: 1\n  own: 1\n  <<: *b\n", dialect=dialect)
    assert value["z"] == expected


def test_of_several_merged_maps_the_first_wins() -> None:
    for dialect in Dialect:
        value = load("a: &a {k: 1}\nb: &b {k: 2, m: 2}\nz:\n  <<: [*a, *b]\n", dialect=dialect)
        assert value["z"] == {"k": 1, "m": 2}
