"""What kustomizations name by URL: fetched where somebody does that, else left out and told.

In: a URL. Out: files; nothing stands in for what is not at hand, so that the rest of a unit is rendered all the same.
"""

from __future__ import annotations

import contextlib

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import MemoryTree
from holdfast.kustomize import KustomizeError
from holdfast.kustomize.options import Fetched
from holdfast.kustomize.remote import parse_repo_url
from holdfast.offline.unit import Remotes


class Absent:
    """Remote bases and files: fetched where somebody does that; else nothing in their place, and their URLs noted."""

    def __init__(self, remotes: Remotes | None) -> None:
        self._remotes = remotes
        self.urls: list[str] = []

    def fetch(self, url: str) -> Fetched:
        with contextlib.suppress(HoldfastError):
            if self._remotes is not None:
                return self._remotes.fetch(url)
        self._note(url)
        nothing = {"kustomization.yaml": b"resources: [nothing.yaml]\n", "nothing.yaml": b"# not at hand\n"}
        return Fetched(MemoryTree(nothing), "")

    def fetch_file(self, url: str) -> bytes:
        try:
            if self._remotes is not None:
                return self._remotes.fetch_file(url)
        except KustomizeError as error:
            if error.message == "URL is a git repository":
                raise
        if parse_repo_url(url) is not None:
            # What is both goes on as a repository.
            raise KustomizeError("URL is a git repository")
        self._note(url)
        return b"# not at hand\n"

    def _note(self, url: str) -> None:
        if url not in self.urls:
            self.urls.append(url)
