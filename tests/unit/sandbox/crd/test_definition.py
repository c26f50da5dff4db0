"""Definitions are refused in the words of the API server."""

from typing import Any

import pytest

from holdfast.sandbox.crd import definition

Body = dict[str, Any]
_F = "spec.validation.openAPIV3Schema.properties[f]"


def crd(schema: Body | None = None, **spec: Any) -> Body:
    root = {"type": "object", "properties": {"f": schema}} if schema is not None else {"type": "object"}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}]
    body = {
        "group": "g.example.com",
        "scope": "Namespaced",
        "names": names,
        "versions": versions,
        "conversion": {"strategy": "None"},
        **spec,
    }
    return {"metadata": {"name": "widgets.g.example.com"}, "spec": body, "status": {"storedVersions": ["v1"]}}


def refused(found: Body) -> list[str]:
    return [str(e) for e in definition.validate_create(found)[0]]


def test_a_plain_definition_passes() -> None:
    assert refused(crd({"type": "string"})) == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, [f"{_F}.type: Required value: must not be empty for specified object fields"]),
        ({"type": "array"}, [f"{_F}.items: Required value: must be specified"]),
        ({"type": "string", "pattern": "a(b"}, [f'{_F}.pattern: Invalid value: "a(b": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `a(b`']),
        ({"type": "string", "x-kubernetes-list-type": "set"}, [f'{_F}.type: Invalid value: "string": must be array if x-kubernetes-list-type is specified']),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}},
         [f"{_F}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"]),
        ({"type": "string", "anyOf": [{"type": "string"}]}, [f"{_F}.anyOf[0].type: Forbidden: must be empty to be structural"]),
    ],
)  # fmt: skip
def test_a_schema_that_is_not_structural_is_refused(schema: Body, words: list[str]) -> None:
    assert refused(crd(schema)) == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"rule": ""}, "Required value: rule is not specified"),
        (
            {"rule": "self.zz > 1"},
            "compilation failed: ERROR: <input>:1:5: undefined field 'zz'\n | self.zz > 1\n | ....^",
        ),
        (
            {"rule": "self.a > 1"},
            "compilation failed: ERROR: <input>:1:8: found no matching overload for '_>_' applied to '(string, int)'\n | self.a > 1\n | .......^",
        ),
        ({"rule": "self.a"}, "cel expression must evaluate to a bool"),
    ],
)
def test_a_rule_that_does_not_compile_is_refused(rule: Body, words: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [rule]}
    (text,) = refused(crd(schema))
    assert text.startswith(f"{_F}.x-kubernetes-validations[0].rule: ") and text.endswith(words)


def test_names_and_group_have_to_agree() -> None:
    found = crd()
    found["metadata"]["name"] = "foo.g.example.com"
    assert refused(found) == [
        'metadata.name: Invalid value: "foo.g.example.com": must be spec.names.plural+"."+spec.group'
    ]


def test_an_established_definition_keeps_its_scope() -> None:
    old = crd()
    old["status"]["conditions"] = [{"type": "Established", "status": "True"}]
    new = crd(scope="Cluster")
    new["status"] = old["status"]
    assert [str(e) for e in definition.validate_update(new, old)[0]] == [
        'spec.scope: Invalid value: "Cluster": field is immutable'
    ]


def test_an_unknown_format_only_warns() -> None:
    errs, warnings = definition.validate_create(crd({"type": "string", "format": "made-up"}))
    assert errs == [] and warnings == ['unrecognized format "made-up"']
