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


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "default": {}}, [f'{_F}.default: Invalid value: "object":  in body must be of type integer: "object"']),
        (
            {"type": "object", "default": {"p": "x", "q": 1}, "properties": {"p": {"type": "integer"}}},
            [
                f'{_F}.default: Invalid value: {{"p":"x","q":1}}: must not have unknown fields',
                f'{_F}.default.p: Invalid value: "string": p in body must be of type integer: "string"',
            ],
        ),
        (
            {"type": "integer", "default": 1, "x-kubernetes-validations": [{"rule": "self > 3"}]},
            [f"{_F}.default: Invalid value: 1: failed rule: self > 3"],
        ),
        (
            {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"kind": {"type": "string", "default": ""}}},
            [f'{_F}.properties[kind].default: Invalid value: "": must result in valid metadata: kind: Invalid value: "": must not be empty'],
        ),
    ],
)  # fmt: skip
def test_a_default_has_to_fit_its_schema(schema: Body, words: list[str]) -> None:
    assert refused(crd(schema)) == words


def test_what_cannot_be_made_structural_is_not_looked_at_for_structure() -> None:
    assert refused(crd({"properties": {"x": {}}, "id": "a"})) == [f"{_F}.id: Forbidden: id is not supported"]
    assert refused(crd({"type": "string", "$schema": "a"})) == [
        "spec.validation.openAPIV3Schema: Invalid value: \"\": OpenAPIV3Schema 'schema' is not supported"
    ]


def test_a_rule_is_not_looked_at_where_something_below_is_wrong() -> None:
    inner = {"type": "string", "uniqueItems": True}
    schema = {"type": "object", "properties": {"x": inner}, "x-kubernetes-validations": [{"rule": "nonsense"}]}
    assert len(refused(crd(schema))) == 1


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("spec.s", "expected [ or . but got: spec"),
        (".f[0]", "array notation is not allowed"),
        (".f.", "unexpected end of JSON path"),
        (".f.zz", "does not refer to a valid field"),
    ],
)
def test_a_selectable_field_says_why_its_path_is_none(where: str, why: str) -> None:
    found = crd({"type": "object", "properties": {"s": {"type": "string"}}})
    found["spec"]["versions"][0]["selectableFields"] = [{"jsonPath": where}]
    assert refused(found) == [f'spec.selectableFields[0].jsonPath: Invalid value: "{where}": is an invalid path: {why}']


def test_the_root_of_a_schema_with_a_status_says_no_more_than_it_may() -> None:
    found = crd({"type": "string"})
    version = found["spec"]["versions"][0]
    version["subresources"] = {"status": {}}
    version["schema"]["openAPIV3Schema"]["maxProperties"] = 3
    (text,) = refused(found)
    assert text.startswith('spec.validation.openAPIV3Schema: Invalid value: {"ID":"","Schema":"","Ref":null,')
    assert '"MaxProperties":3' in text
    assert text.endswith("fields are allowed at the root of the schema if the status subresource is enabled")


def test_a_format_that_means_nothing_for_its_type_is_warned_of_once_it_is_new() -> None:
    found = crd({"type": "integer", "format": "uuid"})
    assert definition.validate_create(found)[1] == ['unrecognized format "uuid"']
    assert definition.validate_update(found, crd({"type": "integer", "format": "uuid", "title": "x"}))[1] == []


def test_versions_of_reviews_are_labels_said_once() -> None:
    webhook = {"clientConfig": {"url": "https://a.b/c"}, "conversionReviewVersions": ["v1", "v1", "X"]}
    found = refused(crd({"type": "string"}, conversion={"strategy": "Webhook", "webhook": webhook}))
    path = "spec.conversion.conversionReviewVersions"
    assert found[0] == f'{path}[1]: Invalid value: "v1": duplicate version'
    assert found[1].startswith(f'{path}[2]: Invalid value: "X": a DNS-1035 label')


@pytest.mark.parametrize(
    ("deprecated", "text", "words"),
    [
        (True, "x" * 257, "must be <= 256 characters long"),
        (True, "", "must not be an empty string"),
        (True, "ä\n", "must only contain printable UTF-8 characters; non-printable character found at index 2"),
        (False, "", "can only be set for deprecated versions"),
    ],
)
def test_a_deprecation_says_something_short_and_printable(deprecated: bool, text: str, words: str) -> None:
    found = crd({"type": "string"})
    found["spec"]["versions"][0] |= {"deprecated": deprecated, "deprecationWarning": text}
    (told,) = refused(found)
    assert told.endswith(words)
