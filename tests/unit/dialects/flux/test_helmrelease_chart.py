"""The HelmChart of a HelmRelease, and what makes a source of charts ready."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.flux.helmrelease_chart import chart_object, is_applied, problem_of, revision_digest, source_text
from holdfast.model.delivery import UnitKey

KEY, SOURCE = UnitKey("HelmRelease", "team", "app"), UnitKey("HelmChart", "charts", "team-app")


def release(**chart: Any) -> dict[str, Any]:
    spec = {"chart": "web", "sourceRef": {"kind": "HelmRepository", "name": "site", "namespace": "charts"}, **chart}
    return {"spec": {"interval": "90m", "chart": {"spec": spec, "metadata": {"labels": {"a": "b"}}}}}


def test_the_chart_is_beside_its_source_and_says_whose_it_is() -> None:
    found = chart_object(release(version="1.x"), KEY, SOURCE)
    assert found is not None
    assert found["metadata"] == {
        "name": "team-app",
        "namespace": "charts",
        "labels": {"a": "b", "helm.toolkit.fluxcd.io/name": "app", "helm.toolkit.fluxcd.io/namespace": "team"},
    }
    assert found["spec"] == {
        "chart": "web",
        "version": "1.x",
        "sourceRef": {"kind": "HelmRepository", "name": "site"},
        "interval": "1h30m0s",
    }
    assert source_text(found) == "HelmRepository/charts/site"
    assert chart_object({"spec": {"chartRef": {"kind": "OCIRepository"}}}, KEY, SOURCE) is None


def test_defaults_that_the_api_server_filled_in_are_no_difference() -> None:
    desired = chart_object(release(), KEY, SOURCE)
    assert desired is not None
    live = {**desired, "spec": {**desired["spec"], "version": "*", "reconcileStrategy": "ChartVersion"}}
    assert is_applied(desired, live)
    assert not is_applied(desired, {**live, "spec": {**live["spec"], "valuesFiles": ["x"]}})
    assert not is_applied(desired, {**live, "metadata": {"labels": {}}})


READY = {"type": "Ready", "status": "False", "message": "no such chart"}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"observedGeneration": 1}, "latest generation of object has not been reconciled"),
        ({"observedGeneration": 1, "conditions": [READY]}, "no such chart"),
        ({"observedGeneration": 2, "conditions": [{**READY, "type": "Stalled", "status": "True"}]}, "no such chart"),
        ({"observedGeneration": 2}, "does not have an artifact"),
    ],
)
def test_a_source_that_cannot_be_used_says_why(status: dict[str, Any], told: str) -> None:
    source = {"kind": "HelmChart", "metadata": {"name": "c", "namespace": "n", "generation": 2}, "status": status}
    assert problem_of(source) == f"HelmChart 'n/c' is not ready: {told}"
    assert problem_of({**source, "status": {"observedGeneration": 2, "artifact": {"revision": "1"}}}) == ""


def test_charts_of_registries_are_told_apart_by_digest_and_others_by_version() -> None:
    assert revision_digest("OCIRepository", "1.0.0@sha256:abc") == "sha256:abc"
    assert revision_digest("ExternalArtifact", "sha256:abc") == "sha256:abc"
    assert revision_digest("ExternalArtifact", "1.0.0") == revision_digest("HelmChart", "1.0.0") == ""
