"""The definitions of the Flux kinds."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.flux.crds import KINDS, FluxKind, all_crds, crd

_BY_KIND = {k.kind: k for k in KINDS}


def schema_of(kind: str, version: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = crd(_BY_KIND[kind])["spec"]["versions"][version]["schema"]["openAPIV3Schema"]
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.kind)
def test_exactly_the_first_version_is_stored_and_all_are_served(kind: FluxKind) -> None:
    versions = crd(kind)["spec"]["versions"]
    assert [v["storage"] for v in versions] == [True] + [False] * (len(versions) - 1)
    assert all(v["served"] for v in versions)


@pytest.mark.parametrize("kind", ["GitRepository", "Kustomization", "HelmRelease", "Receiver", "ImagePolicy"])
def test_a_status_starts_with_no_generation_observed(kind: str) -> None:
    assert schema_of(kind)["properties"]["status"]["default"] == {"observedGeneration": -1}


def test_old_versions_ask_for_nothing_and_keep_what_they_do_not_know() -> None:
    spec = schema_of("Kustomization", 1)["properties"]["spec"]
    assert "required" not in spec
    assert "required" not in spec["properties"]["sourceRef"]
    assert spec["x-kubernetes-preserve-unknown-fields"] is True
    assert schema_of("Kustomization")["properties"]["spec"]["required"] == ["interval", "prune", "sourceRef"]


def test_rules_stand_where_they_are_about() -> None:
    spec = schema_of("Kustomization")["properties"]["spec"]
    messages = {r["message"] for r in spec["properties"]["kubeConfig"]["x-kubernetes-validations"]}
    assert messages == {"exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified"}


def test_names_are_unique() -> None:
    names = [d["metadata"]["name"] for d in all_crds()]
    assert len(names) == len(set(names)) == 14


def test_local_repositories_are_allowed_only_where_the_operator_says_so() -> None:
    def patterns(*, local: bool) -> set[str]:
        (found,) = [d for d in all_crds(local_sources=local) if d["spec"]["names"]["kind"] == "GitRepository"]
        schemas = [v["schema"]["openAPIV3Schema"]["properties"]["spec"] for v in found["spec"]["versions"]]
        return {s["properties"]["url"].get("pattern", "") for s in schemas}

    assert not any("file" in p for p in patterns(local=False))
    assert "^(http|https|ssh|file)://.*$" in patterns(local=True)
