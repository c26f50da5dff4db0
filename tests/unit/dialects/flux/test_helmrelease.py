"""HelmReleases as they are declared: names, defaults, remedies, and the digests of what comes after rendering."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.flux.helmrelease import read, short_name
from holdfast.model.delivery import Image, Patch, Selector, UnitKey
from holdfast.model.release import PostRenderer, ReleaseValues, Remedy


def release(**spec: Any) -> dict[str, Any]:
    chart = {"spec": {"chart": "app", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}
    return {
        "metadata": {"name": "app", "namespace": "team", "generation": 3},
        "spec": {"interval": "10m", "chart": chart, **spec},
    }


@pytest.mark.parametrize(
    ("spec", "name", "namespace", "storage"),
    [
        ({}, "app", "team", "team"),
        ({"targetNamespace": "prod"}, "prod-app", "prod", "team"),
        ({"targetNamespace": "prod", "releaseName": "web", "storageNamespace": "store"}, "web", "prod", "store"),
    ],
    ids=["nothing said", "a target namespace is part of the name", "all said"],
)
def test_names_are_those_that_helm_will_see(spec: Any, name: str, namespace: str, storage: str) -> None:
    found = read(release(**spec))
    assert (found.name, found.namespace, found.storage_namespace) == (name, namespace, storage)


def test_a_long_name_is_cut_to_what_helm_takes_and_told_apart_by_its_hash() -> None:
    one, other = short_name("a" * 60), short_name("a" * 61)
    assert len(one) == len(other) == 53
    assert one != other
    assert short_name("a" * 53) == "a" * 53


def test_the_source_is_the_helmchart_made_for_it_or_what_chartref_names() -> None:
    assert read(release()).source == UnitKey("HelmChart", "team", "team-app")
    there = {"kind": "OCIRepository", "name": "app", "namespace": "charts"}
    assert read(release(chart=None, chartRef=there)).source == UnitKey("OCIRepository", "charts", "app")


def test_actions_have_the_timeout_of_the_release_unless_they_say_their_own() -> None:
    found = read(release(timeout="2m", upgrade={"timeout": "9m"}, rollback={"disableWait": True}))
    assert (found.install.steps.timeout, found.upgrade.steps.timeout) == (120.0, 540.0)
    assert not found.rollback.steps.wait
    assert read(release()).timeout == 300.0


def test_an_upgrade_that_may_be_retried_is_remedied_at_the_last_failure_too_and_an_install_is_not() -> None:
    found = read(release(install={"remediation": {"retries": 2}}, upgrade={"remediation": {"retries": 2}}))
    assert found.install.remedy == Remedy(retries=2, strategy="uninstall")
    assert found.upgrade.remedy == Remedy(retries=2, strategy="rollback", remediate_last=True, after_upgrade=True)


@pytest.mark.parametrize(
    ("retries", "failures", "over"), [(0, 0, False), (0, 1, True), (2, 2, False), (2, 3, True), (-1, 99, False)]
)
def test_retries_are_exhausted_by_one_failure_more(retries: int, failures: int, over: bool) -> None:
    assert Remedy(retries=retries).exhausted(failures) is over


def test_retry_on_failure_waits_five_minutes_unless_told_otherwise() -> None:
    strategy = {"strategy": {"name": "RetryOnFailure"}}
    assert read(release(install=strategy)).install.retry_interval == 300.0
    assert read(release()).install.retry_interval is None


def test_an_install_applies_server_side_and_an_upgrade_as_the_release_before() -> None:
    found = read(release())
    assert (found.install.server_side, found.upgrade.server_side, found.rollback.server_side) == (
        "true",
        "auto",
        "auto",
    )
    other = read(release(install={"serverSideApply": False}, upgrade={"serverSideApply": "enabled"}))
    assert (other.install.server_side, other.upgrade.server_side) == ("false", "true")


def test_values_references_have_the_key_values_yaml_unless_they_name_one() -> None:
    found = read(
        release(
            valuesFrom=[
                {"kind": "Secret", "name": "s"},
                {"kind": "ConfigMap", "name": "c", "valuesKey": "k", "targetPath": "a.b", "literal": True},
            ]
        )
    )
    assert found.values_from == (
        ReleaseValues("Secret", "s"),
        ReleaseValues("ConfigMap", "c", "k", "a.b", literal=True),
    )


def test_post_renderers_keep_their_order_and_the_owner_is_labelled_last() -> None:
    kustomize = {"patches": [{"patch": "x", "target": {"kind": "Job"}}], "images": [{"name": "a", "newTag": "1"}]}
    found = read(release(postRenderers=[{"kustomize": kustomize}], commonMetadata={"labels": {"team": "x"}})).post
    assert found.renderers == (PostRenderer((Patch("x", Selector(kind="Job")),), (Image("a", new_tag="1"),)),)
    assert dict(found.labels) == {"team": "x"}
    assert dict(found.owner_labels) == {
        "helm.toolkit.fluxcd.io/name": "app",
        "helm.toolkit.fluxcd.io/namespace": "team",
    }


def test_the_digest_of_post_renderers_changes_with_them_and_there_is_none_without() -> None:
    one = [{"kustomize": {"images": [{"name": "a", "newTag": "1"}]}}]
    other = [{"kustomize": {"images": [{"name": "a", "newTag": "2"}]}}]
    digests = [read(release(postRenderers=p)).rendering_digest for p in (one, one, other)]
    assert digests[0] == digests[1] != digests[2]
    assert digests[0].startswith("sha256:")
    assert read(release()).rendering_digest == read(release()).metadata_digest == ""


def test_tests_run_as_the_filters_say() -> None:
    found = read(release(test={"enable": True, "filters": [{"name": "a"}, {"name": "b", "exclude": True}]})).test
    assert found.enabled
    assert [n for n in "abc" if found.selects(n)] == ["a"]
