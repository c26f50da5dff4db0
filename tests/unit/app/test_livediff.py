from __future__ import annotations

from holdfast.app.livediff import unified
from holdfast.kube.refs import Manifest, ObjectRef


def obj(kind: str, **data: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "7", "managedFields": []},
        "data": data,
    }


REF = ObjectRef("", "ConfigMap", "n", "a")
SECRET = ObjectRef("", "Secret", "n", "a")


def test_what_the_server_keeps_for_itself_is_no_difference() -> None:
    live = {**obj("ConfigMap", a="1"), "status": {"x": 1}}
    new = obj("ConfigMap", a="1")
    new["metadata"]["resourceVersion"] = "8"
    assert unified(REF, live, new) == ()


def test_a_change_is_shown_as_a_unified_diff() -> None:
    lines = unified(REF, obj("ConfigMap", a="1"), obj("ConfigMap", a="2"))
    assert lines[:2] == ("--- live ConfigMap/n/a", "+++ new ConfigMap/n/a")
    assert [x for x in lines[2:] if x[0] in "+-"] == ['-  a: "1"', '+  a: "2"']


def test_a_secret_shows_that_a_value_changes_and_never_the_value() -> None:
    lines = "\n".join(unified(SECRET, obj("Secret", a="b2xk", b="c2FtZQ=="), obj("Secret", a="bmV3", b="c2FtZQ==")))
    assert "*** (before)" in lines and "*** (after)" in lines
    assert not any(value in lines for value in ("b2xk", "bmV3", "c2FtZQ=="))


def test_a_new_and_a_gone_object_are_shown_whole() -> None:
    assert all(line.startswith("+") for line in unified(REF, None, obj("ConfigMap", a="1"))[3:])
    assert all(line.startswith("-") for line in unified(REF, obj("ConfigMap", a="1"), None)[3:])
