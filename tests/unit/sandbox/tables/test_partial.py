"""Metadata on its own is the server's: annotations that stand for fields of another version are not in it."""

from holdfast.sandbox import tables

GENERATION = "deprecated.daemonset.template.generation"


def test_an_annotation_made_by_conversion_is_not_part_of_the_metadata() -> None:
    obj = {"kind": "DaemonSet", "metadata": {"name": "a", "annotations": {GENERATION: "1", "x": "y"}}}
    assert tables.partial(obj, "v1")["metadata"] == {"name": "a", "annotations": {"x": "y"}}


def test_annotations_go_when_none_is_left() -> None:
    obj = {"kind": "DaemonSet", "metadata": {"name": "a", "annotations": {GENERATION: "1"}}}
    assert tables.partial(obj, "v1")["metadata"] == {"name": "a"}


def test_other_kinds_keep_an_annotation_of_that_name() -> None:
    obj = {"kind": "Pod", "metadata": {"name": "a", "annotations": {GENERATION: "1"}}}
    assert tables.partial(obj, "v1")["metadata"] == obj["metadata"]
