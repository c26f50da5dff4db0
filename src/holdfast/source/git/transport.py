"""One conversation with a Git remote: list its references, fetch some of them into a bare mirror.

A plain job runs in this process. A job with a certificate authority or known hosts of its own runs in a child process
(``holdfast.source.git.isolated``), because libgit2 keeps both in process-wide settings and one tenant's trust must not
become another's.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pygit2

from holdfast.model.source import Credentials
from holdfast.source.git.errors import GitError, GitInputError
from holdfast.source.git.probe import explain

CONNECT_TIMEOUT_MS = 15_000


@dataclass(frozen=True, slots=True)
class Remote:
    """Where and as whom. ``timeout`` in seconds bounds each silence of the other side."""

    url: str
    credentials: Credentials = field(default_factory=Credentials)
    timeout: float = 60.0

    @property
    def isolated(self) -> bool:
        return bool(self.credentials.ca and self.url.startswith("https:")) or self.is_ssh

    @property
    def is_ssh(self) -> bool:
        return self.url.startswith("ssh://") or (
            "://" not in self.url and ":" in self.url and not self.url.startswith("/")
        )

    @property
    def is_local(self) -> bool:
        return self.url.startswith(("file://", "/", "."))


class TransportError(GitError):
    """The conversation failed; the message is the cause in go-git's words."""


class RefNotFound(GitError):
    """The remote lacks a reference."""


def list_refs(mirror: str, remote: Remote) -> dict[str, str]:
    """Every reference of the remote with its object id; annotated tags also peeled, as ``refs/tags/x^{}``."""
    if remote.isolated:
        found = _in_child("list", mirror, remote, [])
        return {str(k): str(v) for k, v in found.items()}
    return list_refs_here(mirror, remote)


def fetch(mirror: str, remote: Remote, refspecs: list[str], *, depth: int = 0) -> None:
    """Fetch refspecs into the mirror. ``depth`` 0 means all history."""
    if remote.isolated:
        _in_child("fetch", mirror, remote, refspecs, depth)
    else:
        fetch_here(mirror, remote, refspecs, depth)


def list_refs_here(mirror: str, remote: Remote) -> dict[str, str]:
    try:
        anonymous = _anonymous(mirror, remote)
        heads = anonymous.list_heads(callbacks=_Callbacks(remote), proxy=_proxy(remote))
        return {str(h.name): str(h.oid) for h in heads}
    except (pygit2.GitError, KeyError, ValueError, OSError) as error:
        raise _wrapped(remote, error) from None


def fetch_here(mirror: str, remote: Remote, refspecs: list[str], depth: int) -> None:
    try:
        _anonymous(mirror, remote).fetch(
            refspecs,
            callbacks=_Callbacks(remote),
            prune=pygit2.enums.FetchPrune.NO_PRUNE,
            proxy=_proxy(remote),
            depth=depth,
        )
    except (pygit2.GitError, KeyError, ValueError, OSError) as error:
        raise _wrapped(remote, error) from None


def _anonymous(mirror: str, remote: Remote) -> pygit2.Remote:
    pygit2.settings.server_connect_timeout = CONNECT_TIMEOUT_MS
    pygit2.settings.server_timeout = int(remote.timeout * 1000)
    return pygit2.Repository(mirror).remotes.create_anonymous(remote.url)


def _proxy(remote: Remote) -> str | Literal[True]:
    return remote.credentials.proxy or True


class _Callbacks(pygit2.RemoteCallbacks):
    """Hands credentials over once: libgit2 asks again and again when they are refused."""

    def __init__(self, remote: Remote) -> None:
        super().__init__()
        self._remote = remote
        self._asked = 0

    def credentials(
        self, url: str, username_from_url: str | None, allowed_types: pygit2.enums.CredentialType
    ) -> pygit2.Username | pygit2.UserPass | pygit2.Keypair:
        del url
        self._asked += 1
        given = self._remote.credentials
        if self._asked > 3:
            raise pygit2.GitError("authentication required")
        if allowed_types & pygit2.enums.CredentialType.USERNAME:
            return pygit2.Username(username_from_url or given.username or "git")
        if allowed_types & pygit2.enums.CredentialType.SSH_KEY and given.identity:
            return pygit2.KeypairFromMemory(
                username_from_url or given.username or "git", "", given.identity, given.identity_password
            )
        if self._asked == 1 and (given.username or given.password):
            return pygit2.UserPass(given.username, given.password)
        raise pygit2.GitError("authentication required")

    def custom_headers(self) -> list[str] | None:
        given = self._remote.credentials
        if given.bearer_token and not given.username and not self._remote.is_ssh:
            return [f"Authorization: Bearer {given.bearer_token}"]
        return None


def _wrapped(remote: Remote, error: Exception) -> TransportError:
    return TransportError(explain(remote.url, remote.credentials, str(error)))


def _in_child(verb: str, mirror: str, remote: Remote, refspecs: list[str], depth: int = 0) -> dict[str, object]:
    """Run a job in a process of its own; what is secret goes through its standard input only."""
    job = {
        "verb": verb,
        "mirror": mirror,
        "url": remote.url,
        "timeout": remote.timeout,
        "credentials": dataclasses.asdict(remote.credentials),
        "refspecs": refspecs,
        "depth": depth,
    }
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV")}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "holdfast.source.git.isolated"],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=remote.timeout * 10,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TransportError("context deadline exceeded") from None
    try:
        answer: dict[str, object] = json.loads(done.stdout)
    except ValueError:
        raise TransportError("the fetching process ended without an answer") from None
    if "input_error" in answer:
        raise GitInputError(str(answer["input_error"]))
    if "error" in answer:
        raise TransportError(str(answer["error"]))
    return answer


def host_of(url: str) -> str:
    """The host of a Git URL in any of its forms, empty for local ones."""
    if "://" in url:
        return urlsplit(url).hostname or ""
    return url.partition(":")[0].rpartition("@")[2] if ":" in url else ""
