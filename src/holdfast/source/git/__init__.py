"""Git through libgit2: a bare mirror per repository, no work tree; snapshots are Git's own trees.

In: a GitSpec and Credentials. Out: a Snapshot. Blocking: callers run it in a thread. Errors carry the texts that Flux's
users know (go-git's), and never a credential.
"""

from holdfast.source.git.errors import GitError, GitInputError
from holdfast.source.git.store import GitStore

__all__ = ["GitError", "GitInputError", "GitStore"]
