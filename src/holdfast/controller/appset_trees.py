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
from holdfast.source.manifests import Entrance, ManifestSource, Wanted

SECRET = GroupVersionKind("", "v1", "Secret")
_KINDS = ("repository", "repo-creds")


class GitTrees:
    """``home`` is the namespace of the Secrets."""

    def __init__(self, source: ManifestSource, watches: Watches, home: str) -> None:
        self._source = source
        self._secrets: dict[str, Informer[Manifest]] = {
            kind: watches.informer(SECRET, full, namespace=home, selectors=Selectors(labels=f"{SECRET_TYPE}={kind}"))
            for kind in _KINDS
        }

    async def tree(self, url: str, revision: str, project: str, *, fresh: bool = False) -> Tree:
        """Raises HoldfastError in Argo CD's words."""
        del fresh  # The remote is always asked: whoever remembers answers knows how long they are good.
        if not url:
            raise HoldfastError("failed to list refs: repository URL is empty")
        entrance = _entrance(repository_for(url, project, await self._repositories()))
        wanted = Wanted(url, revision)

        def fetch() -> Tree:
            return self._source.manifests(wanted, self._source.resolve(wanted, entrance), entrance).tree

        return await asyncio.to_thread(fetch)

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
