"""The child process for fetches that bring their own trust: ``python -m holdfast.source.git.isolated``.

Reads one JSON job from standard input, writes one JSON answer to standard output. Certificate authorities and known
hosts (public data) are put into a private directory that is removed again; keys and passwords stay in memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile

import pygit2

from holdfast.base.errors import HoldfastError
from holdfast.model.source import Credentials
from holdfast.source.git.transport import Remote, fetch_here, host_of, list_refs_here


def main() -> None:
    job = json.load(sys.stdin)
    remote = Remote(job["url"], Credentials(**job["credentials"]), job["timeout"])
    with tempfile.TemporaryDirectory(prefix="holdfast-git-") as home:
        problem = _trust(home, remote)
        answer = {"input_error": problem} if problem else _answer(job, remote)
    json.dump(answer, sys.stdout)


def _trust(home: str, remote: Remote) -> str:
    """Set up what this process trusts; the problem in words, or nothing."""
    given = remote.credentials
    if given.ca:
        bundle = os.path.join(home, "ca.crt")
        with open(bundle, "w", encoding="utf-8") as f:
            f.write(given.ca)
        # What is no certificate adds no trust: the conversation then fails by itself, or the system's are enough.
        with contextlib.suppress(pygit2.GitError):
            pygit2.settings.set_ssl_cert_locations(bundle, None)
    if remote.is_ssh:
        if not given.known_hosts:
            return f"no known_hosts for host '{host_of(remote.url)}': add the key 'known_hosts' to the Secret"
        os.makedirs(os.path.join(home, ".ssh"), mode=0o700)
        with open(os.path.join(home, ".ssh", "known_hosts"), "w", encoding="utf-8") as f:
            f.write(given.known_hosts)
        pygit2.settings.homedir = home
        os.environ["HOME"] = home
    return ""


def _answer(job: dict[str, object], remote: Remote) -> dict[str, object]:
    mirror, refspecs, depth = str(job["mirror"]), job["refspecs"], job["depth"]
    try:
        if job["verb"] == "list":
            return dict(list_refs_here(mirror, remote))
        assert isinstance(refspecs, list)
        assert isinstance(depth, int)
        fetch_here(mirror, remote, refspecs, depth)
        return {}
    except HoldfastError as error:
        return {"error": error.message}


if __name__ == "__main__":
    main()
