"""The questions that Argo CD's command has for a repository server, answered out of what applications are rendered from.

In: the bytes of a request, by method. Out: the bytes of the answer. Rendering is the applications' own (`app_targets`), with its
memory. Credentials are those of the installation's Secrets; only testing a repository uses those that come with the question,
because that is asked before the Secret is written.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import MemoryTree
from holdfast.controller.app_targets import Desired, TargetsError
from holdfast.controller.app_world import entrance_of
from holdfast.controller.applications import Applications
from holdfast.dialects.argo import application as dialect
from holdfast.dialects.argo import questions
from holdfast.dialects.argo.messages import MESSAGES, SERVICE
from holdfast.dialects.argo.questions import Question
from holdfast.kube.refs import Manifest
from holdfast.model.app import Application
from holdfast.plan.sync.tracking import stamp
from holdfast.source.manifests import ManifestSource, unpacked

Method = Callable[[Sequence[bytes]], Awaitable[bytes]]
MOST_BROUGHT = 256 * 1024 * 1024


class AppRepository:
    def __init__(self, apps: Applications, source: ManifestSource) -> None:
        self._apps = apps
        self._world = apps.world
        self._targets = apps.targets
        self._source = source

    def methods(self) -> dict[str, Method]:
        """By the paths of gRPC."""
        rows: Mapping[str, tuple[str, Callable[[Question], Awaitable[Question]], str]] = {
            "GenerateManifest": ("ManifestRequest", self._manifests, "ManifestResponse"),
            "ResolveRevision": ("ResolveRevisionRequest", self._resolve, "ResolveRevisionResponse"),
            "TestRepository": ("RepositoryRequest", self._test, "TestRepositoryResponse"),
            "GetAppDetails": ("AppDetailsQuery", self._details, "AppDetailsResponse"),
            "GetRevisionMetadata": ("RevisionMetadataRequest", self._metadata, "RevisionMetadata"),
            "ListRefs": ("RepositoryRequest", self._refs, "Refs"),
            "ListPlugins": ("Empty", self._plugins, "Empty"),
        }
        unary = {SERVICE + name: _method(*row) for name, row in rows.items()}
        return {**unary, f"{SERVICE}GenerateManifestWithFiles": self._with_files}

    # --- rendering

    async def _manifests(self, question: Question) -> Question:
        app = self._application(question)
        desired = await self._desired(app, str(question.get("revision") or ""), hard=bool(question.get("noCache")))
        return self._rendered(app, desired)

    def _rendered(self, app: Application, desired: Desired) -> Question:
        namespace = app.spec.destination.namespace
        tracking = self._world.tracking(dialect.instance_name(app.ref, self._world.home), namespace)
        return {
            "manifests": [json.dumps(stamp(o, tracking)) for o in desired.objects],
            "namespace": namespace,
            "revision": next(iter(desired.revisions), ""),
            "sourceType": next(iter(desired.types), ""),
        }

    async def _with_files(self, messages: Sequence[bytes]) -> bytes:
        """Manifests of a directory that comes with the question, in pieces of an archive."""
        question, archive = questions.brought(messages)
        tree = MemoryTree(await asyncio.to_thread(unpacked, archive, most=MOST_BROUGHT))
        app = self._application(question)
        await self._world.start()
        destination = await self._world.destination(app)
        desired = await self._targets.local(app, self._world.project(app), tree, destination.live)
        return MESSAGES.encode("ManifestResponse", self._rendered(app, desired))

    async def _details(self, question: Question) -> Question:
        desired = await self._desired(self._application(question), "", hard=bool(question.get("noCache")))
        return questions.details(question, next(iter(desired.types), ""), sorted(_images(desired.objects)))

    def _application(self, question: Question) -> Application:
        known = self._apps.declared(str(question.get("appName") or ""))
        return questions.application(question, known, self._world.home)

    async def _desired(self, app: Application, revision: str, *, hard: bool) -> Desired:
        await self._world.start()
        project = self._world.project(app)
        destination = await self._world.destination(app)
        sources = app.spec.sources
        revisions = (revision or sources[0].revision, *(s.revision for s in sources[1:]))
        try:
            return await self._targets.desired(
                app, project, sources, revisions, destination.live, several=app.spec.several, anew=True, hard=hard
            )
        except TargetsError as error:
            raise _plain(error) from error

    # --- revisions and repositories

    async def _resolve(self, question: Question) -> Question:
        source, project = questions.asked_source(question)
        asked = str(question.get("ambiguousRevision") or "")
        await self._world.start()
        found = await self._targets.resolve(*self._targets.wanted(source, asked, project), anew=True)
        return {"revision": found.revision, "ambiguousRevision": f"{asked} ({found.revision})"}

    async def _test(self, question: Question) -> Question:
        known = questions.repository(question)
        await asyncio.to_thread(self._source.check, known.url, known.type, entrance_of(known))
        return {"verifiedRepository": True}

    async def _metadata(self, question: Question) -> Question:
        url, project = questions.place(question)
        await self._world.start()
        revision, entrance = str(question.get("revision") or ""), self._world.entrance(url, project)
        commit, tags = await asyncio.to_thread(self._source.commit, url, revision, entrance)
        date = {"seconds": commit.time, "nanos": 0}
        return {"author": commit.author, "date": date, "tags": tags, "message": commit.message}

    async def _refs(self, question: Question) -> Question:
        url, project = questions.place(question)
        await self._world.start()
        branches, tags = await asyncio.to_thread(self._source.names, url, self._world.entrance(url, project))
        return {"branches": branches, "tags": tags}

    async def _plugins(self, question: Question) -> Question:
        """There are none."""
        del question
        return {}


def _method(asks: str, answer: Callable[[Question], Awaitable[Question]], answers: str) -> Method:
    async def method(messages: Sequence[bytes]) -> bytes:
        question = MESSAGES.decode(asks, b"".join(messages[:1]))
        return MESSAGES.encode(answers, await answer(question))

    return method


def _plain(error: TargetsError) -> HoldfastError:
    """Without the words that the controller puts before it: who asks has its own."""
    cause = error.__cause__
    return cause if isinstance(cause, HoldfastError) else error


def _images(objects: Sequence[Manifest]) -> set[str]:
    found = set()
    for obj in objects:
        spec = obj.get("spec") or {}
        template = ((spec.get("jobTemplate") or {}).get("spec") or spec).get("template") or {}
        pod = template.get("spec") or spec
        containers = [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]
        found |= {str(c["image"]) for c in containers if isinstance(c, dict) and c.get("image")}
    return found
