"""Bases and files at other places that kustomizations name: fetched within bounds, in the thread that renders.

In: URLs out of kustomizations, which tenants write. Out: trees and bytes. Directories of this machine are never opened, what is
fetched has a size and a time limit, and one build gets a limited number of them.
"""

from __future__ import annotations

import posixpath
import re

from holdfast.base.errors import HoldfastError
from holdfast.kustomize.errors import FetchError, KustomizeError
from holdfast.kustomize.options import BuildOptions, Fetched
from holdfast.kustomize.remote import RepoSpec, parse_repo_url
from holdfast.model.source import GitRef, GitSpec, Snapshot
from holdfast.source.git import GitStore
from holdfast.source.http import WayOut, request

_FILE_LIMIT = 8 << 20
_SECONDS = 27.0
_MOST = 32  # of one build
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")


class RemoteBases:
    """One for all builds; ``options`` makes those of one build."""

    def __init__(self, store: GitStore) -> None:
        self._store = store

    def options(self, used: list[str]) -> BuildOptions:
        """``used`` fills with the URLs that were asked for: such a build is not the same for ever."""

        def count(url: str) -> None:
            used.append(url)
            if len(used) > _MOST:
                raise FetchError(f"more than {_MOST} remote bases and files in one build")

        def fetch(url: str) -> Fetched:
            count(url)
            return self.fetch(url)

        def fetch_file(url: str) -> bytes:
            count(url)
            return self.fetch_file(url)

        return BuildOptions(load_restrictions="none", fetch=fetch, fetch_file=fetch_file)

    def fetch(self, url: str) -> Fetched:
        spec = parse_repo_url(url)
        if spec is None:
            raise KustomizeError(f"'{url}' is not the URL of a repository")
        snapshot = self._snapshot(spec)
        return Fetched(snapshot.tree, posixpath.normpath(spec.path).strip("/.") if spec.path else "")

    def _snapshot(self, spec: RepoSpec) -> Snapshot:
        failure: HoldfastError | None = None
        for ref in _references(spec.ref):
            wanted = GitSpec(
                spec.clone,
                ref,
                ignore="",
                recurse_submodules=spec.submodules,
                timeout=min(spec.timeout or _SECONDS, _SECONDS),
                links=True,
            )
            try:
                return self._store.fetch(wanted)
            except HoldfastError as error:
                failure = failure or error
        raise FetchError(failure.message if failure else f"no such reference: {spec.ref}")

    def fetch_file(self, url: str) -> bytes:
        try:
            answer = request(url, way=WayOut(timeout=_SECONDS), limit=_FILE_LIMIT)
        except HoldfastError as error:
            raise KustomizeError(error.message) from None
        if answer.status >= 300:
            if parse_repo_url(url) is not None:
                raise KustomizeError("URL is a git repository")
            raise FetchError(f"HTTP Error: status code {answer.status} ({answer.reason})")
        return answer.body


def _references(ref: str) -> list[GitRef]:
    """What the reference of a URL may mean, in the order in which it is tried."""
    if not ref:
        return [GitRef(name="HEAD")]
    if _COMMIT.match(ref):
        return [GitRef(commit=ref)]
    return [GitRef(branch=ref), GitRef(tag=ref), GitRef(name=ref)]
