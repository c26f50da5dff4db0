"""Errors of Git sources."""

from __future__ import annotations

from holdfast.base.errors import RetryLater, Stop


class GitError(RetryLater):
    """The remote could not be read, or lacks what was asked for; it may be there next time."""


class GitInputError(Stop):
    """The request itself is wrong (an unsupported URL, a key that cannot be read)."""
