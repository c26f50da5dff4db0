"""The protobuf form of the v2 document, read back by a reader of our own."""

from __future__ import annotations

from holdfast.sandbox.openapi import v2
from holdfast.sandbox.protobuf import _pairs as fields


def test_names_types_and_references_survive_the_encoding() -> None:
    raw = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"$ref": "#/definitions/B"}},
        "x-kubernetes-map-type": "atomic",
    }
    doc = {"swagger": "2.0", "info": {"title": "T", "version": "v"}, "paths": {}, "definitions": {"A": raw}}
    top = dict(fields(v2.protobuf(doc)))
    assert top[1] == b"2.0"
    named = dict(fields(dict(fields(top[9]))[1]))
    assert named[1] == b"A"
    schema = dict(fields(named[2]))
    assert schema[19] == b"a"
    assert dict(fields(schema[22])) == {1: b"object"}
    prop = dict(fields(dict(fields(schema[25]))[1]))
    assert (prop[1], dict(fields(prop[2]))[1]) == (b"a", b"#/definitions/B")
    extension = dict(fields(schema[31]))
    assert (extension[1], dict(fields(extension[2]))[2]) == (b"x-kubernetes-map-type", b'"atomic"\n')
