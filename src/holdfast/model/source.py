"""Where desired state comes from, and what was found there."""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.base.tree import Tree


@dataclass(frozen=True, slots=True)
class GitRef:
    """What to check out. The first that is set wins: name, commit, tag, semver, branch; none at all means branch master.

    ``commit`` together with ``branch`` fetches that branch only. (Flux's API text says that semver wins over tag; the
    real source-controller does the opposite, and so do we.)
    """

    branch: str = ""
    tag: str = ""
    semver: str = ""
    name: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Plain credentials for one fetch. ``repr`` shows none of them."""

    username: str = ""
    password: str = field(default="", repr=False)
    bearer_token: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)  # SSH private key, PEM or OpenSSH
    identity_password: str = field(default="", repr=False)
    known_hosts: str = ""
    ca: str = ""  # PEM bundle
    proxy: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class GitSpec:
    """One checkout of one Git repository. ``timeout`` is in seconds, for the whole fetch.

    ``ignore`` None means no ``spec.ignore`` at all, which is not the same as an empty one: the default exclusions hold
    only while nobody wrote a pattern of their own. ``links``: symbolic links are kept, which Flux leaves out of artifacts.
    """

    url: str
    ref: GitRef = GitRef()
    ignore: str | None = None
    sparse: tuple[str, ...] = ()
    recurse_submodules: bool = False
    timeout: float = 60.0
    links: bool = False


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """The commit behind a Git snapshot; ``signature`` and ``signed`` (the bytes it covers) are empty for unsigned ones."""

    id: str
    message: str
    author: str
    time: int  # seconds since the epoch, of the author
    signature: bytes = b""
    signed: bytes = b""
    tag: str = ""  # name of the tag that was followed
    tag_signature: bytes = b""
    tag_signed: bytes = b""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A read-only tree with content ids.

    ``revision`` is written as Flux writes it (``main@sha1:<40 hex>``, ``sha1:<40 hex>``, ``latest@sha256:<64 hex>``).
    ``tree`` is what the source shows after ignore rules, sparse directories, submodules and includes. ``identity`` names
    the tree's content: two snapshots with the same identity have the same files.
    """

    revision: str
    tree: Tree
    identity: str
    commit: CommitInfo | None = None
