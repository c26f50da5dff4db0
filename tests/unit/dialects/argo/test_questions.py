"""Questions for a repository server: which application, source and repository they mean."""

from __future__ import annotations

import hashlib

import pytest

from holdfast.dialects.argo import questions
from holdfast.dialects.argo.messages import MESSAGES
from holdfast.dialects.argo.questions import NotAnswered

SOURCE = {"repoURL": "https://x/r", "path": "p"}


def test_a_known_application_keeps_its_destination_and_project() -> None:
    known = {"spec": {"project": "team", "destination": {"name": "far", "namespace": "n"}}}
    question = {"appName": "other_web", "applicationSource": SOURCE, "namespace": "m", "projectName": "ignored"}
    found = questions.application(question, known, "argocd")
    assert (found.ref.namespace, found.ref.name) == ("other", "web")
    assert found.spec.destination.name == "far" and found.spec.destination.namespace == "m"
    assert found.spec.project == "team" and found.spec.sources[0].path == "p" and not found.spec.several


def test_a_new_application_is_for_this_cluster_and_its_references_come_after_its_source() -> None:
    target = {"repo": {"repo": "https://x/values"}, "targetRevision": "v1"}
    question = {"appName": "web", "applicationSource": SOURCE, "projectName": "p", "refSources": {"$values": target}}
    found = questions.application(question, None, "argocd")
    assert found.spec.destination.server == "https://kubernetes.default.svc" and found.ref.namespace == "argocd"
    own, reference = found.spec.sources
    assert own.path == "p" and reference.only_ref and reference.ref == "values" and reference.revision == "v1"


def test_the_source_whose_revision_is_asked_for_is_the_one_at_its_place() -> None:
    app = {"spec": {"project": "p", "sources": [SOURCE, {**SOURCE, "path": "second"}]}}
    assert questions.asked_source({"app": app, "sourceIndex": 1})[0].path == "second"
    single = {"spec": {"source": SOURCE}}
    assert questions.asked_source({"app": single, "sourceIndex": -1})[0].path == "p"
    with pytest.raises(NotAnswered):
        questions.asked_source({"app": app, "sourceIndex": 2})


def test_a_repository_that_is_tested_brings_its_own_credentials() -> None:
    repo = {"repo": "https://x/r", "username": "u", "password": "secret", "insecure": True, "type": "git"}
    found = questions.repository({"repo": repo})
    assert (found.url, found.username, found.password, found.insecure) == ("https://x/r", "u", "secret", True)
    with pytest.raises(NotAnswered):
        questions.repository({"repo": {}})


def test_files_come_in_pieces_and_are_whole_or_nothing() -> None:
    def message(**part: object) -> bytes:
        return MESSAGES.encode("ManifestRequestWithFiles", part)

    checksum = hashlib.sha256(b"archive").hexdigest()
    request, chunks = message(request={"appName": "web"}), [message(chunk={"chunk": c}) for c in (b"arch", b"ive")]
    question, archive = questions.brought([request, message(metadata={"checksum": checksum}), *chunks])
    assert question["appName"] == "web" and archive == b"archive"
    with pytest.raises(NotAnswered):
        questions.brought([request, message(metadata={"checksum": checksum}), chunks[0]])
    with pytest.raises(NotAnswered):
        questions.brought(chunks)


def test_details_tell_what_there_is_of_the_type() -> None:
    helm = {"source": {"helm": {"valueFiles": ["a.yaml"]}}}
    assert questions.details(helm, "Helm", []) == {"type": "Helm", "helm": {"valueFiles": ["a.yaml"]}}
    assert questions.details({}, "Kustomize", ["i"]) == {"type": "Kustomize", "kustomize": {"images": ["i"]}}
    assert questions.details({}, "Directory", []) == {"type": "Directory", "directory": {}}
