"""What is known about a sandbox on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.app import sandbox_state
from holdfast.app.sandbox_state import CONTROLLERS, State
from holdfast.base.errors import Stop


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("text", "names"),
    [("all", CONTROLLERS), ("none", ()), ("gc, quota", ("gc", "quota")), ("namespace", ("namespace",))],
)
def test_a_list_of_controllers_is_read(text: str, names: tuple[str, ...]) -> None:
    assert sandbox_state.parse_controllers(text) == names


def test_an_unknown_controller_is_named() -> None:
    with pytest.raises(Stop, match="unknown controller gcc"):
        sandbox_state.parse_controllers("gc,gcc")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden"])
def test_a_name_that_is_no_folder_name_is_refused(name: str) -> None:
    with pytest.raises(Stop):
        sandbox_state.folder(name)


def test_a_process_that_is_gone_does_not_count_as_running() -> None:
    state = State("x", 2**22 + 1, "https://127.0.0.1:1", "/kc", "", [], "RBAC")
    sandbox_state.folder("x").mkdir(parents=True)
    sandbox_state.save(state)
    assert sandbox_state.load("x") == state
    assert not sandbox_state.alive(state)
    assert sandbox_state.names() == ["x"]
