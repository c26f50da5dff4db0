"""Custom objects through the schema of their definition."""

from typing import Any

import pytest

from holdfast.sandbox.crd import custom
from holdfast.sandbox.kinds import DecodeError

Body = dict[str, Any]


def version(**properties: Any) -> Body:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}
    return {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}


def widget(**spec: Any) -> Body:
    return {"apiVersion": "g.io/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "d"}, "spec": spec}


def errors(found: Body, obj: Body, old: Body | None = None) -> list[str]:
    if old is None:
        return [str(e) for e in custom.validate_create(found, "Widget", obj, True)]
    return [str(e) for e in custom.validate_update(found, obj, old)[0]]


def test_unknown_fields_are_pruned_and_told_metadata_first() -> None:
    obj = widget(a=1, zz=2)
    obj["metadata"]["lables"] = {}
    obj["b"] = 1
    warnings = custom.decode(version(a={"type": "integer"}), "Widget", obj, "Warn", None)
    assert warnings == ['unknown field "metadata.lables"', 'unknown field "b"', 'unknown field "spec.zz"']
    assert obj == widget(a=1)


def test_strict_mode_refuses_unknown_fields() -> None:
    with pytest.raises(DecodeError) as caught:
        custom.decode(version(), "Widget", widget(zz=1), "Strict", None)
    assert caught.value.message == 'strict decoding error: unknown field "spec.zz"'


def test_defaults_fill_what_is_absent_or_null() -> None:
    shape = version(
        a={"type": "string", "default": "x"},
        n={"type": "string"},
        k={"type": "string", "nullable": True},
        o={"type": "object", "default": {}, "properties": {"i": {"type": "integer", "default": 3}}},
    )
    obj = widget(a=None, n=None, k=None)
    custom.decode(shape, "Widget", obj, "Ignore", None)
    assert obj["spec"] == {"a": "x", "k": None, "o": {"i": 3}}


def test_whole_floats_are_integers_again() -> None:
    obj = widget(f=3.0)
    custom.decode(version(f={"type": "integer"}), "Widget", obj, "Ignore", None)
    assert type(obj["spec"]["f"]) is int


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"type": "integer"}, "x", ['spec.f: Invalid value: "string": spec.f in body must be of type integer: "string"']),
        ({"type": "string", "maxLength": 2}, "abc", ["spec.f: Too long: may not be more than 2 bytes"]),
        ({"type": "string", "enum": ["a", "b"]}, "c", ['spec.f: Unsupported value: "c": supported values: "a", "b"']),
        ({"type": "string", "pattern": "^b+$"}, "a", ["spec.f: Invalid value: \"a\": spec.f in body should match '^b+$'"]),
        ({"type": "string", "format": "ipv4"}, "x", ['spec.f: Invalid value: "x": spec.f in body must be of type ipv4: "x"']),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, ["spec.f: Invalid value: 1: spec.f in body should be greater than 1"]),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, ["a", "b"], ["spec.f: Too many: 2: must have at most 1 item"]),
        ({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}, ["a", "a"], ['spec.f[1]: Duplicate value: "a"']),
        ({"type": "object", "required": ["r"], "properties": {"r": {"type": "string"}}}, {}, ["spec.f.r: Required value"]),
        ({"type": "integer", "not": {"enum": [2]}}, 2, ['<nil>: Invalid value: "": "spec.f" must not validate the schema (not)']),
        ({"x-kubernetes-int-or-string": True}, True, ['spec.f: Invalid value: "boolean": spec.f in body must be of type integer,string: "boolean"']),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused(schema: Body, value: Any, words: list[str]) -> None:
    texts = errors(version(f=schema), widget(f=value))
    assert texts == words


def test_unchanged_bad_values_pass_an_update_and_changed_ones_do_not() -> None:
    shape = version(a={"type": "string", "maxLength": 1}, b={"type": "string"})
    old = widget(a="long", b="x")
    assert errors(shape, widget(a="long", b="y"), old) == []
    assert errors(shape, widget(a="longer", b="x"), old) == ["spec.a: Too long: may not be more than 1 byte"]


def test_items_of_a_map_list_are_compared_by_their_keys() -> None:
    items = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "string"}, "v": {"type": "string", "maxLength": 1}},
    }
    shape = version(
        l={"type": "array", "items": items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"]}
    )
    old = widget(l=[{"n": "a", "v": "long"}])
    assert errors(shape, widget(l=[{"n": "b", "v": "x"}, {"n": "a", "v": "long"}]), old) == []


def test_what_another_version_does_not_know_is_lost_on_the_way_to_the_store() -> None:
    obj = widget(a="1", b="2")
    custom.to_storage(version(a={"type": "string"}), obj)
    assert obj["spec"] == {"a": "1"}


def test_an_embedded_resource_needs_its_type() -> None:
    shape = version(
        o={"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    )
    assert errors(shape, widget(o={"x": 1})) == [
        "spec.o.apiVersion: Required value",
        "spec.o.kind: Required value",
    ]


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"type": "string", "format": "ipv6"}, 5, ['spec.f: Invalid value: "int64": spec.f in body must be of type ipv6: "int64"']),
        ({"type": "string", "format": "uri"}, 2.5, ['spec.f: Invalid value: "float64": spec.f in body must be of type uri: "float64"']),
        ({"type": "string", "format": "date"}, {}, ['spec.f: Invalid value: "": spec.f in body must be of type date: ""']),
        ({"type": "string", "format": "uri"}, ["x"], []),
        ({"type": "string", "format": "made-up"}, 5, ['spec.f: Invalid value: "integer": spec.f in body must be of type string: "integer"']),
    ],
)  # fmt: skip
def test_a_format_takes_the_place_of_a_type(schema: Body, value: object, words: list[str]) -> None:
    assert errors(version(f=schema), widget(f=value)) == words


def test_true_is_no_unchanged_one() -> None:
    old, new = widget(b=True), widget(b=1)
    assert errors(version(b={"type": "boolean"}), new, old) == [
        'spec.b: Invalid value: "integer": spec.b in body must be of type boolean: "integer"'
    ]


SET: Body = {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}


def test_each_double_of_a_set_is_told_once_and_not_where_there_were_doubles_before() -> None:
    shape = version(s=SET)
    assert errors(shape, widget(s=["a", "a", "b", "a"])) == ['spec.s[1]: Duplicate value: "a"']
    assert errors(shape, widget(s=["b", "b"]), widget(s=["a", "a"])) == []


def test_an_item_of_a_map_list_has_to_be_an_object() -> None:
    item = {"type": "object", "properties": {"k": {"type": "string"}}}
    shape = version(
        l={"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": item}
    )
    assert errors(shape, widget(l=["x"]))[1:] == [
        'spec.l[0]: Invalid value: "x": must be an object for an array of list-type map'
    ]


def test_nothing_is_known_of_objects_in_a_list_without_items() -> None:
    obj = widget(s=[{"a": 1}])
    told = custom.decode(version(s={"type": "string"}), "Widget", obj, "Warn", None)
    assert (told, obj["spec"]) == (['unknown field "spec.s[0].a"'], {"s": [{}]})


def test_an_embedded_resources_metadata_have_to_be_readable() -> None:
    shape = version(
        o={"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    )
    with pytest.raises(DecodeError) as caught:
        custom.decode(shape, "Widget", widget(o={"metadata": {"name": 5}}), "Ignore", None)
    assert caught.value.message == (
        'spec.o.metadata: Invalid value: {"name":5}: json: cannot unmarshal number into Go struct field ObjectMeta.name of type string'
    )


def test_what_metadata_lack_keeps_rules_from_being_looked_at() -> None:
    obj = widget(i=1)
    del obj["metadata"]["name"]
    shape = version(i={"type": "integer", "x-kubernetes-validations": [{"rule": "self > 5"}]})
    assert len(errors(shape, obj)) == 2
    assert "some validation rules were not checked" in errors(shape, obj)[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.b/c", []),
        ("orphan", []),
        ("x", ["a domain-qualified finalizer name to avoid"]),
        ("a.b", ["including a path (/)"]),
    ],
)
def test_a_new_finalizer_should_name_its_owner(name: str, words: list[str]) -> None:
    told = custom.finalizer_warnings({"finalizers": ["old", name]}, {"finalizers": ["old"]})
    assert len(told) == len(words)
    assert all(word in text for word, text in zip(words, told, strict=True))


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        # Whole values are compared with bounds cut to whole numbers, even where nothing is left of them.
        ({"multipleOf": 0.5}, 3, "Invalid value: 0: factor MultipleOf declared for spec.n must be positive: 0"),
        ({"multipleOf": 1.5}, 2, None),
        ({"multipleOf": 1.5}, 2.5, "Invalid value: 2.5: spec.n in body should be a multiple of 1.5"),
        ({"multipleOf": 0.1}, 0.30000000001, None),
        ({"multipleOf": 0.5}, 1e20, "Invalid value: 1e+20: spec.n in body should be a multiple of 0.5"),
        ({"minimum": 2.5}, 2, None),
        ({"minimum": 2.5}, 2.25, "Invalid value: 2.25: spec.n in body should be greater than or equal to 2.5"),
        ({"maximum": 2.5}, 3, "Invalid value: 3: spec.n in body should be less than or equal to 2"),
        ({"minimum": 1e20}, 0, None),
    ],
)
def test_numbers_are_compared_as_the_real_server_compares_them(schema: Body, value: float, told: str | None) -> None:
    found = errors(version(n={"type": "number", **schema}), widget(n=value))
    assert found == ([f"spec.n: {told}"] if told else [])


def test_bounds_that_do_not_fit_the_type_are_told() -> None:
    shape = version(n={"type": "integer", "maximum": 2.5})
    note = '<nil>: Invalid value: "": Maximum boundary value must be of type integer (default format) in spec.n'
    assert errors(shape, widget(n=2)) == [note]
    assert errors(shape, widget(n=3000000)) == [
        note,
        "spec.n: Invalid value: 3e+06: spec.n in body should be less than or equal to 2.5",
    ]
