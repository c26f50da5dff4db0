"""Where the commits of a unit's source may be on this machine."""

from __future__ import annotations


def at_hand(named: str) -> list[str]:
    """The one that was named; else the clone around here, then the mirrors of a controller on this machine."""
    from holdfast.app.controller import default_state

    if named:
        return [named]
    mirrors = default_state() / "git"
    return [".", *(str(p) for p in sorted(mirrors.iterdir()))] if mirrors.is_dir() else ["."]
