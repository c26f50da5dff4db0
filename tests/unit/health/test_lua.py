"""Lua scripts of users: what they can do, and that they cannot do more."""

from __future__ import annotations

import pytest

from holdfast.health.lua import LuaError, act, judge, run
from holdfast.model.sync import AppHealth, AppHealthStatus

OBJ = {
    "apiVersion": "example.com/v1",
    "kind": "Thing",
    "metadata": {"name": "a"},
    "spec": {"list": [1, 2], "empty": [], "none": None},
    "status": {"conditions": [{"type": "Ready", "status": "True", "message": "fine"}]},
}


def test_a_health_check_reads_the_object_and_says_how_it_is() -> None:
    script = """
    hs = {}
    for _, c in ipairs(obj.status.conditions) do
      if c.type == "Ready" and c.status == "True" then
        hs.status = "Healthy"
        hs.message = c.message
      end
    end
    return hs
    """
    assert judge(script, OBJ) == AppHealth(AppHealthStatus.HEALTHY, "fine")


def test_null_is_absent_and_lists_count_from_one() -> None:
    assert run("return {a = obj.spec.none == nil, b = obj.spec.list[1], c = #obj.spec.list}", OBJ) == {
        "a": True,
        "b": 1,
        "c": 2,
    }


def test_a_check_that_returns_nothing_says_nothing() -> None:
    assert judge("return nil", OBJ) is None
    assert judge("return {}", OBJ) is None


def test_a_status_that_is_none_is_unknown() -> None:
    assert judge('return {status = "Great"}', OBJ) == AppHealth(
        AppHealthStatus.UNKNOWN, "Lua returned an invalid health status"
    )


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("while true do end", "<string>:1: context deadline exceeded"),
        ("while true do pcall(function() while true do end end) end", "<string>:1: context deadline exceeded"),
        ("local function f() return pcall(f) end while true do f() end", "<string>:1: context deadline exceeded"),
        ("local s = 'a' while true do s = s .. s end", "the script takes too much memory"),
        ("return ('a'):rep(1000):find(('a*'):rep(8) .. 'b')", "the pattern is too expensive for the text"),
        ("return string.rep('a', 1e9)", "the text is too long"),
        ("this is no script", "expected near"),
        ("return obj.nothing.here", "attempt to index field 'nothing'"),
        ("return 5", "expect table output from Lua script, not number"),
        ("return {f = function() end}", "expect table output from Lua script, not function"),
        ("\x1bLua", "the script is not a text"),
    ],
)
def test_a_script_that_misbehaves_ends_with_a_clear_error(script: str, message: str) -> None:
    with pytest.raises(LuaError) as caught:
        judge(script, OBJ)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "name",
    ["io", "debug", "package", "require", "dofile", "loadfile", "load", "loadstring", "coroutine", "collectgarbage",
     "newproxy", "python", "getfenv", "setfenv", "os.execute", "os.exit", "os.remove", "os.getenv", "string.dump"],
)  # fmt: skip
def test_nothing_outside_is_in_reach(name: str) -> None:
    assert run(f"return {{gone = {name} == nil}}", {}) == {"gone": True}


def test_scripts_share_nothing() -> None:
    run("leftover = 1 string.upper = nil return {}", OBJ)
    assert run("return {a = leftover == nil, b = string.upper('x')}", OBJ) == {"a": True, "b": "X"}


def test_the_time_can_be_asked_for() -> None:
    assert run("return {t = os.time({year = 2026, month = 1, day = 1}) > 0}", {}) == {"t": True}


def test_an_action_returns_the_changed_object_with_its_lists_still_lists() -> None:
    (changed,) = act("obj.metadata.labels = {x = 'y'} return obj", OBJ)
    assert changed["metadata"]["labels"] == {"x": "y"}
    assert changed["spec"]["empty"] == []
    assert changed["spec"]["list"] == [1, 2]


def test_an_action_may_return_several_objects() -> None:
    script = "return {{operation = 'create', resource = {apiVersion = 'v1', kind = 'ConfigMap'}}}"
    assert act(script, OBJ) == [{"apiVersion": "v1", "kind": "ConfigMap"}]


def test_an_action_without_an_object_is_an_error() -> None:
    with pytest.raises(LuaError, match="no object"):
        act("return {}", OBJ)
