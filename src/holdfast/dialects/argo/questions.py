"""Decoded questions for a repository server, to what the controller knows how to answer. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.base.errors import Stop
from holdfast.dialects.argo.application import IN_CLUSTER, read
from holdfast.dialects.argo.messages import MESSAGES, source_of
from holdfast.dialects.argo.settings import KnownRepository, read_repository
from holdfast.dialects.argo.sources import read_source
from holdfast.kube.refs import Manifest
from holdfast.model.app import Application, AppSource, SourceType

Question = Mapping[str, Any]


class NotAnswered(Stop):
    """The question cannot be answered; the message says why."""


def application(question: Question, known: Manifest | None, home: str) -> Application:
    """The application of that name (``known``, where there is one) with the source that is asked about.

    A new one is for the controller's own cluster. What its value files refer to follows as sources of which nothing is rendered.
    """
    namespace, _, name = str(question.get("appName") or "").rpartition("_")
    declared = (known or {}).get("spec") or {}
    destination = dict(declared.get("destination") or {"server": IN_CLUSTER})
    own = source_of(question.get("applicationSource") or question.get("source") or {})
    refs = [_referred(name, target) for name, target in (question.get("refSources") or {}).items()]
    spec: dict[str, Any] = {
        "project": declared.get("project") or question.get("projectName") or _repo(question).get("project"),
        "destination": {**destination, "namespace": question.get("namespace") or destination.get("namespace")},
    }
    if question.get("hasMultipleSources") or refs:
        spec["sources"] = [{k: v for k, v in own.items() if k != "ref"}, *refs]
    else:
        spec["source"] = own
    return read({"metadata": {"name": name, "namespace": namespace or home}, "spec": spec})


def brought(messages: Sequence[bytes]) -> tuple[Question, bytes]:
    """What is asked of files that come along, and the archive of those. Raises NotAnswered, WireError."""
    parts = [MESSAGES.decode("ManifestRequestWithFiles", m) for m in messages]
    question = next((p["request"] for p in parts if "request" in p), None)
    if question is None:
        raise NotAnswered("the question came without a request")
    archive = b"".join(p["chunk"].get("chunk", b"") for p in parts if "chunk" in p)
    checksum = next((p["metadata"].get("checksum") for p in parts if "metadata" in p), "")
    if checksum and hashlib.sha256(archive).hexdigest() != checksum:
        raise NotAnswered("the files were cut off on their way: another checksum")
    return question, archive


def _referred(name: str, target: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "repoURL": (target.get("repo") or {}).get("repo"),
        "targetRevision": target.get("targetRevision"),
        "ref": name.removeprefix("$"),
    }


def asked_source(question: Question) -> tuple[AppSource, str]:
    """The source whose revision is asked for, and its project. Raises NotAnswered."""
    spec = (question.get("app") or {}).get("spec") or {}
    sources = spec.get("sources") or [spec.get("source") or {}]
    index = max(int(question.get("sourceIndex") or 0), 0)
    if index >= len(sources):
        raise NotAnswered(f"there is no source {index}")
    return read_source(source_of(sources[index])), str(spec.get("project") or "")


def place(question: Question) -> tuple[str, str]:
    """The address of the repository, and its project."""
    repo = _repo(question)
    return str(repo.get("repo") or ""), str(repo.get("project") or "")


def repository(question: Question) -> KnownRepository:
    """With the credentials that came with the question. Raises NotAnswered."""
    data = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in _repo(question).items()}
    found = read_repository({**data, "url": data.get("repo", "")}, template=False)
    if found is None:
        raise NotAnswered("no repository is named")
    return found


def details(question: Question, kind: str, images: Sequence[str]) -> dict[str, Any]:
    """What is told of a source of this type."""
    answer: dict[str, Any] = {"type": kind}
    if kind == SourceType.HELM:
        files = ((question.get("source") or {}).get("helm") or {}).get("valueFiles")
        answer["helm"] = {"valueFiles": list(files or ())}
    elif kind == SourceType.KUSTOMIZE:
        answer["kustomize"] = {"images": list(images)}
    elif kind == SourceType.DIRECTORY:
        answer["directory"] = {}
    return answer


def _repo(question: Question) -> Mapping[str, Any]:
    found: Mapping[str, Any] = question.get("repo") or {}
    return found
