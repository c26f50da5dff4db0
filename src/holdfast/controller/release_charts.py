"""Charts out of artifacts, loaded once by their content; and what templates may ask of a live cluster.

In: a source with its artifact, a client. Out: a chart with the version that it is released under, capabilities, look-ups.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from holdfast.base.clock import Clock
from holdfast.base.errors import RetryLater
from holdfast.base.semver import InvalidVersion, Version
from holdfast.cluster.client import Client
from holdfast.cluster.errors import NotFound
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.foreign_artifacts import KIND as FOREIGN
from holdfast.controller.foreign_artifacts import ForeignArtifacts
from holdfast.dialects.flux.helmrelease_chart import revision_digest
from holdfast.helm.chart.capabilities import Capabilities, KubeVersion
from holdfast.helm.chart.load import load_chart
from holdfast.helm.chart.model import Chart
from holdfast.helm.funcs.services import Lookup
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

_KEPT = 128
_LOOKUP_SECONDS = 60.0
_VERSION_SECONDS = 300.0
_SHORT = 12


class ChartVersionError(RetryLater):
    """A chart whose version does not go with its artifact's revision."""


class Charts:
    """The charts that were loaded last, by the digest of their artifact."""

    def __init__(self, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts
        self._foreign = ForeignArtifacts(artifacts)
        self._kept: OrderedDict[str, Chart] = OrderedDict()

    async def load(self, source: ObjectRef, artifact: Mapping[str, Any]) -> Chart | None:
        """None where the artifact's file is not there (yet). Raises HoldfastErrors for what is no chart."""
        if source.kind == FOREIGN:
            artifact = await self._foreign.brought(source, artifact)
        digest = str(artifact.get("digest") or "")
        found = self._kept.get(digest)
        if found is not None:
            self._kept.move_to_end(digest)
            return found
        if not await self._artifacts.present(artifact):
            return None
        file = self._artifacts.local(str(artifact.get("path")))
        if file is None:
            return None
        chart = await asyncio.to_thread(lambda: load_chart(file.read_bytes()))
        self._kept[digest] = chart
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return chart


def versioned(chart: Chart, kind: str, revision: str) -> tuple[Chart, str]:
    """The chart under the version that tells it from others with the same tag, and the digest that does. Raises ChartVersionError."""
    digest = revision_digest(kind, revision)
    if not digest:
        return chart, ""
    sha = digest.partition(":")[2][:_SHORT]
    if digest.count(":") != 1 or len(sha) < _SHORT:
        raise ChartVersionError(f"invalid artifact revision {digest}")
    try:
        version = Version.parse(chart.metadata.version)
    except InvalidVersion:
        raise ChartVersionError(f"invalid chart version {chart.metadata.version}") from None
    tag = revision.partition("@")[0] if "@" in revision else ""
    if tag and _is_other_version(tag, version):
        raise ChartVersionError(f"artifact revision {tag} does not match chart version {chart.metadata.version}")
    plain = str(version).partition("+")[0].removeprefix("v")
    other = chart.private()
    other.metadata.version = f"{plain}+{sha}"
    other.digest = f"{chart.digest}+{sha}"
    return other, digest


def _is_other_version(tag: str, version: Version) -> bool:
    """Registries have no plus in tags; a tag that is no version says nothing."""
    try:
        return Version.parse(tag.replace("_", "+")) != version
    except InvalidVersion:
        return False


class ClusterFacts:
    """What one cluster is capable of; its version is asked again now and then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._versions: dict[str, tuple[float, KubeVersion]] = {}

    async def capabilities(self, client: Client) -> Capabilities:
        served = await client.discovery.all()
        names = {r.gvk.api_version for r in served} | {f"{r.gvk.api_version}/{r.kind}" for r in served}
        return Capabilities(await self._version(client), sorted(names))

    async def _version(self, client: Client) -> KubeVersion:
        key, now = client.config.server, self._clock.monotonic()
        known = self._versions.get(key)
        if known is not None and now - known[0] < _VERSION_SECONDS:
            return known[1]
        found = await client.raw("/version")
        git = str(found.get("gitVersion") or "v1.0.0")
        version = KubeVersion(git, git, str(found.get("major") or ""), str(found.get("minor") or ""))
        self._versions[key] = (now, version)
        return version


def lookup_in(client: Client, loop: asyncio.AbstractEventLoop) -> Lookup:
    """The template function ``lookup``, for a render that runs in a thread of its own."""

    def lookup(api_version: str, kind: str, namespace: str, name: str) -> Mapping[str, Any]:
        work = _look(client, GroupVersionKind.parse(api_version, kind), namespace, name)
        return asyncio.run_coroutine_threadsafe(work, loop).result(_LOOKUP_SECONDS)

    return lookup


async def _look(client: Client, gvk: GroupVersionKind, namespace: str, name: str) -> Manifest:
    if name:
        try:
            return await client.get(ObjectRef(gvk.group, gvk.kind, namespace, name), version=gvk.version)
        except NotFound:
            return {}
    found = await client.list(gvk, namespace)
    return {"apiVersion": gvk.api_version, "kind": f"{gvk.kind}List", "metadata": {}, "items": found.items}
