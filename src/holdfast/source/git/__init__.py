"""Git through libgit2: a bare mirror per repository, no work tree; snapshots are Git's own trees.

In: a GitSpec and Credentials. Out: a Snapshot. Blocking: callers run it in a thread. Errors carry the texts that Flux's
users know (go-git's), and never a credential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.source.git.errors import GitError, GitInputError

if TYPE_CHECKING:
    from holdfast.source.git.store import GitStore

__all__ = ["GitError", "GitInputError", "GitStore"]


def __getattr__(name: str) -> Any:
    """The store brings the network along, which a command that only reads a tree does without."""
    if name != "GitStore":
        raise AttributeError(name)
    from holdfast.source.git.store import GitStore

    return GitStore
