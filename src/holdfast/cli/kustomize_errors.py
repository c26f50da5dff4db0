"""What the kustomize commands say when they fail: kustomize's words first, then the file and the next step."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.base.errors import HoldfastError


def report(error: HoldfastError, root: str = "") -> None:
    """``root`` is the directory that paths in errors are relative to."""
    print(f"Error: {error.message.rstrip()}", file=sys.stderr)
    if error.place and error.place.path:
        print(f"  in {_shown(root + str(error.place))}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)


def _shown(path: str) -> str:
    """A path below the current directory relative to it."""
    here = os.getcwd().rstrip("/") + "/"
    return path.removeprefix(here)
