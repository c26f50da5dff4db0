from __future__ import annotations

import pytest

from holdfast.sandbox.admission.policy_cel import Evaluation, Failed, Refused, Scope, constructed
from holdfast.sandbox.auth.attributes import AlwaysAllow
from holdfast.sandbox.identity import User


def scope(**variables: str) -> Scope:
    found = Scope(params=False, composed=bool(variables))
    for name, source in variables.items():
        found.add(name, source)
    return found


def run(found: Scope, source: str, **values: object) -> object:
    return Evaluation(found, {"object": None, **values}, AlwaysAllow(), User("al")).run(found.compile(source))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("1", "must evaluate to bool but got int"),
        ("object.a", "must evaluate to bool but got dyn"),
        (
            "params.x == 1",
            "compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.x == 1\n | ^",
        ),
        (
            "variables.zz == 1",
            "compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')\n | variables.zz == 1\n | ^",
        ),
    ],
)
def test_what_is_no_condition_is_refused_in_the_checkers_words(source: str, why: str) -> None:
    with pytest.raises(Refused) as error:
        scope().compile(source, ("bool",))
    assert str(error.value) == why


def test_a_variable_that_is_not_there_is_an_undefined_field_once_there_are_others() -> None:
    with pytest.raises(Refused) as error:
        scope(a="1").compile("variables.zz == 1", ("bool",))
    assert str(error.value).startswith("compilation failed: ERROR: <input>:1:10: undefined field 'zz'\n")


def test_variables_see_those_before_them_and_have_their_types() -> None:
    found = scope(one="1", two="variables.one + 1")
    assert run(found, "variables.two * 2") == 4
    with pytest.raises(Refused):
        found.compile("variables.two + 'x'")


def test_a_failing_variable_matters_only_where_it_is_needed() -> None:
    found = scope(boom="object.missing == 1")
    assert run(found, "true || variables.boom", object={}) is True
    with pytest.raises(Failed) as error:
        run(found, "variables.boom", object={})
    assert str(error.value) == (
        "expression 'variables.boom' resulted in error: composited variable \"boom\" fails to evaluate: no such key: missing"
    )


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("Object{a: Object.a{b: [1, 2]}, c: 'x'}", {"a": {"b": [1, 2]}, "c": "x"}),
        ("Object{}", {}),
        ("true ? Object{a: {'k': 'v'}} : Object{}", {"a": {"k": "v"}}),
        (
            "[JSONPatch{op: 'add', path: '/a', value: Object.a{b: 1}}]",
            [{"op": "add", "path": "/a", "value": {"b": 1}}],
        ),
        ("Object{?a: optional.none(), b: 1}", {"b": 1}),
        ("Object{__namespace__: 'n', a__dash__b: 1}", {"namespace": "n", "a-b": 1}),
        ("[1, 2].map(i, Object.x{n: i})", [{"n": 1}, {"n": 2}]),
    ],
)
def test_constructed_types_become_data(source: str, result: object) -> None:
    assert constructed(source)[1]
    assert run(scope(), source) == result


def test_words_in_strings_and_fields_construct_nothing() -> None:
    for source in ("'Object{a: 1}'", "object.Object", "{'a': 1}"):
        assert constructed(source) == (source, False)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("request.userInfo.nope == 'a'", "1:17: undefined field 'nope'"),
        ("request.name == 1", "1:14: found no matching overload for '_==_' applied to '(string, int)'"),
        ("namespaceObject.metadata.nope == 'a'", "1:25: undefined field 'nope'"),
        ("params.x == 1", "1:1: undeclared reference to 'params' (in container '')"),
        ("JSONPatch{op: 'add'} == 1", "1:10: undeclared reference to 'JSONPatch' (in container '')"),
        ("request.name", "must evaluate to bool but got string"),
        ("object.x", "must evaluate to bool but got dyn"),
        ("int('x') == 1", "program instantiation failed: type conversion error from 'string' to 'int'"),
    ],
)
def test_what_a_policy_may_name_has_its_type(source: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        Scope(False).check(source, ("bool",))
    assert words in str(caught.value)


def test_a_variable_that_is_wrong_may_still_be_named() -> None:
    scope = Scope(False, composed=True)
    with pytest.raises(Refused):
        scope.declare("x", "nope")
    scope.declare("y", "1")
    assert scope.check("variables.x == 'a' && variables.y == 1", ("bool",)) == ("bool",)


@pytest.mark.parametrize(
    ("source", "wanted", "words"),
    [
        ("[JSONPatch{op: 1}]", "list(JSONPatch)", "expected type of field 'op' is 'string' but provided type is 'int'"),
        ("[JSONPatch{x: 1}]", "list(JSONPatch)", "expected type of field 'x' is '' but provided type is 'int'"),
        ("[]", "list(JSONPatch)", "must evaluate to list(JSONPatch) but got list(dyn)"),
        ("Object.spec{}", "Object", "must evaluate to Object but got Object.spec"),
    ],
)
def test_a_mutation_constructs_what_it_has_to(source: str, wanted: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        Scope(False, constructs=True).check(source, (wanted,))
    assert words in str(caught.value)
    Scope(False, constructs=True).check("[JSONPatch{path: jsonpatch.escapeKey('a')}]", ("list(JSONPatch)",))
