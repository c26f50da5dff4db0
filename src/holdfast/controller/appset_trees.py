"""Trees of Git repositories for the generators of ApplicationSets, with the credentials that Argo CD's Secrets give.

In: an address, a revision, a project. Out: the tree; what the revision means is remembered until a fresh look is asked for.
"""

from __future__ import annotations

import asyncio
import base64

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import Tree
from holdfast.cluster.client import Selectors
from holdfast.cluster.informer import Informer, full
from holdfast.cluster.watches import Watches
from holdfast.dialects.argo.settings import SECRET_TYPE, KnownRepository, read_repository, repository_for
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.model.source import Credentials
from holdfast.source.manifests import Entrance, Found, ManifestSource, Wanted

SECRET = GroupVersionKind("", "v1", "Secret")
_KINDS = ("repository", "repo-creds")
_MOMENT = 10.0


class GitTrees:
    """``home`` is the namespace of the Secrets."""

    def __init__(self, source: ManifestSource, watches: Watches, home: str) -> None:
        self._source = source
        self._resolved: dict[tuple[Wanted, Entrance], tuple[float, asyncio.Task[Found]]] = {}
        self._secrets: dict[str, Informer[Manifest]] = {
            kind: watches.informer(SECRET, full, namespace=home, selectors=Selectors(labels=f"{SECRET_TYPE}={kind}"))
            for kind in _KINDS
        }

    async def tree(self, url: str, revision: str, project: str, *, fresh: bool = False) -> Tree:
        """``fresh``: what the revision means is asked after this call. Raises HoldfastError in Argo CD's words."""
        if not url:
            raise HoldfastError("failed to list refs: repository URL is empty")
        entrance = _entrance(repository_for(url, project, await self._repositories()))
        wanted = Wanted(url, revision)
        found = await self._resolve(wanted, entrance, fresh)
        return (await asyncio.to_thread(self._source.manifests, wanted, found, entrance)).tree

    async def _resolve(self, wanted: Wanted, entrance: Entrance, fresh: bool) -> Found:
        """Many sets look into one repository: what they all want to know within a moment is asked once."""
        key = (wanted, entrance)
        known = self._resolved.get(key)
        if known is not None and not fresh and asyncio.get_running_loop().time() - known[0] < _MOMENT:
            return await asyncio.shield(known[1])
        task = asyncio.create_task(asyncio.to_thread(self._source.resolve, wanted, entrance))
        self._resolved[key] = asyncio.get_running_loop().time(), task
        task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: tuple[Wanted, Entrance], done: asyncio.Task[Found]) -> None:
        """A failure is not remembered, and nothing for longer than it is good."""
        if not done.cancelled() and done.exception() is None:
            asyncio.get_running_loop().call_later(_MOMENT, self._drop, key, done)
        else:
            self._drop(key, done)

    def _drop(self, key: tuple[Wanted, Entrance], done: asyncio.Task[Found]) -> None:
        if self._resolved.get(key, (0.0, None))[1] is done:
            del self._resolved[key]

    async def _repositories(self) -> tuple[KnownRepository, ...]:
        found = []
        for kind, informer in self._secrets.items():
            await informer.synced.wait()
            secrets = [secret for _, secret in informer.items()]
            for secret in secrets:
                data = {
                    k: base64.b64decode(v).decode("utf-8", "replace") for k, v in (secret.get("data") or {}).items()
                }
                found.append(read_repository(data, template=kind == "repo-creds"))
        return tuple(r for r in found if r is not None and r.type == "git")


def _entrance(repository: KnownRepository) -> Entrance:
    git = Credentials(
        username=repository.username,
        password=repository.password,
        bearer_token=repository.bearer_token,
        identity=repository.ssh_key,
        ca=repository.ca,
        proxy=repository.proxy,
    )
    return Entrance(git, repository.username, repository.password, insecure=repository.insecure, ca=repository.ca)
