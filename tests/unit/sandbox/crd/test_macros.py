"""Two-variable comprehensions are rewritten to one variable."""

from typing import Any

import pytest

from holdfast.sandbox.crd.expressions import CompileError, EvalError, compile_expression
from holdfast.sandbox.crd.macros import expand

_SELF = (("self", "DYN"),)


@pytest.mark.parametrize(
    ("source", "value", "result"),
    [
        ("self.all(i, v, v > i)", [1, 2, 3], True),
        ("self.exists(k, v, k == 'a' && v.k == 1)", {"a": {"k": 1}}, True),
        ("self.transformList(i, v, v + i)", [1, 2], [1, 3]),
        ("self.transformList(i, v, v > 1, v * 10)", [1, 2], [20]),
        ("self.transformMap(k, v, v > 1, v + 1)", {"a": 1, "b": 2}, {"b": 3}),
        ("self.all(k, l, l.all(i, v, v > i))", {"a": [1]}, True),
    ],
)
def test_a_comprehension_over_two_variables_is_evaluated(source: str, value: Any, result: Any) -> None:
    assert compile_expression(source, _SELF).run({"self": value}) == result


def test_one_variable_is_left_alone() -> None:
    source = "self.all(x, f(x, 1)) && 'a.all(i, v, x)' == ''"
    assert expand("self.all(x, x > 1)") == "self.all(x, x > 1)"
    assert expand(source).startswith("self.all(x, f(x, 1))")


def test_compile_errors_and_evaluation_errors_have_the_servers_words() -> None:
    with pytest.raises(
        CompileError, match=r"^ERROR: <input>:1:1: undeclared reference to 'nosuch' \(in container ''\)"
    ):
        compile_expression("nosuch", _SELF)
    with pytest.raises(EvalError, match=r"^max called on empty list$"):
        compile_expression("self.max() > 1", _SELF).run({"self": []})
    with pytest.raises(EvalError, match=r"^no such key: x$"):
        compile_expression("self.x", _SELF).run({"self": {}})


@pytest.mark.parametrize(
    ("source", "value", "result"),
    [
        ("self.transformMapEntry(i, v, {v: i})", ["a", "b"], {"a": 0, "b": 1}),
        ("self.sortBy(x, x.k).map(x, x.k)", [{"k": 2}, {"k": 1}], [1, 2]),
        ("self.flatten().distinct().sort().reverse()", [[2, 1], [2]], [2, 1]),
        ("[[self]].flatten(2)", [1], [1]),
        ("self.slice(1, 2)", [1, 2, 3], [2]),
        ("lists.range(3)", None, [0, 1, 2]),
        ("[self.indexOf(2), self.lastIndexOf(2), self.indexOf(9)]", [1, 2, 2], [1, 2, -1]),
        ("[self.indexOf('b'), self.indexOf('b', 2), self.lastIndexOf('b')]", "abcb", [1, 3, 3]),
        ("self.substring(1, 3)", "abc", "bc"),
        ("string(ip(self)) + string(cidr('10.0.0.0/8'))", "::1", "::110.0.0.0/8"),
    ],
)
def test_lists_and_texts_have_the_functions_of_the_api_server(source: str, value: Any, result: Any) -> None:
    assert compile_expression(source, _SELF).run({"self": value}) == result


@pytest.mark.parametrize(
    ("source", "value", "words"),
    [
        ("self.slice(0, 5)", [1], r"^cannot slice\(0, 5\), list is length 1$"),
        ("self.substring(4)", "abc", "^index out of range: 4$"),
        ("int(self)", "x", "^type conversion error from 'string' to 'int'$"),
        ("ip(self).family() == ip('y').family()", "x", r'ParseAddr\("x"\)'),
    ],
)
def test_what_fails_first_is_told_in_the_servers_words(source: str, value: Any, words: str) -> None:
    with pytest.raises(EvalError, match=words):
        compile_expression(source, _SELF).run({"self": value})
