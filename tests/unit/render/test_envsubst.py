from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.render.envsubst import SubstitutionError, check_names, substitute

VARS = {"v": "abcABC123ABCabc", "p": "/path/to/file.txt", "e": "", "n": "ä€x"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${v}", "abcABC123ABCabc"),
        ("$v $$ $${v} $", "$v $ ${v} $"),
        ("${#v}|${#n}", "15|6"),
        ("${v^}${v,}", "AbcABC123ABCabcabcABC123ABCabc"),
        ("${v^^}", "ABCABC123ABCABC"),
        ("${v,,}", "abcabc123abcabc"),
        ("${v:3}|${v:3:3}|${v:-3}", "ABC123ABCabc|ABC|abcABC123ABCabc"),
        ("${v: -3}", "abcABC123ABCabc"),
        ("${v/ABC/x}|${v//ABC/x}|${v/abc/}", "abcx123ABCabc|abcx123xabc|ABC123ABCabc"),
        ("${v/#abc/x}|${v/%abc/x}", "xABC123ABCabc|abcABC123ABCx"),
        ("${p#*/}|${p##*/}|${p%.*}|${p%%/*}", "path/to/file.txt|file.txt|/path/to/file|"),
        ("${x:=d}|${x=d}|${x:-d}|${x:?d}|${x:+d}", "d|d|d|d|d"),
        ("${e:=d}|${v:+d}", "d|abcABC123ABCabc"),
        ("${x:=${y:=deep}-${v:0:3}}", "deep-abc"),
        ("${p/\\//|}", "|path/to/file.txt"),
    ],
)
def test_every_function_gives_what_upstream_gives(text: str, result: str) -> None:
    assert substitute(text, VARS, strict=False) == result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${x}", 'variable not set (strict mode): "x"'),
        ("${#x}", 'variable not set (strict mode): "x"'),
        ("${x/a/b}", 'variable not set (strict mode): "x"'),
        ("${v", "missing closing brace"),
        ("${v-d}", "missing closing brace"),
        ("${}", "unable to parse variable name"),
        ("${v:}", "unable to parse substitution within function"),
        ("${v#}", "unable to parse substitution within function"),
        ("${v/a", "bad substitution"),
    ],
)
def test_what_cannot_be_substituted_is_refused_in_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(SubstitutionError) as error:
        substitute(text, VARS, strict=True)
    assert error.value.message == message


def test_an_unset_variable_is_empty_where_the_mode_is_not_strict() -> None:
    assert substitute("[${x}]", {}, strict=False) == "[]"


def test_names_have_to_be_shell_names() -> None:
    with pytest.raises(SubstitutionError, match="'a-b' var name is invalid"):
        check_names({"ok_1": "", "a-b": ""})


@given(st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"])))
def test_text_without_a_dollar_is_left_alone(text: str) -> None:
    assert substitute(text, {}, strict=True) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_value_is_never_looked_into(value: str) -> None:
    assert substitute("${v}", {"v": value}, strict=True) == value
