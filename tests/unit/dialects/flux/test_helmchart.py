"""HelmCharts and HelmRepositories read."""

from __future__ import annotations

from typing import Any

from holdfast.dialects.flux import helmrepository
from holdfast.dialects.flux.helmchart import is_current, read, version_metadata


def chart(**spec: Any) -> dict[str, Any]:
    source = {"kind": "GitRepository", "name": "app"}
    return {"metadata": {"generation": 3}, "spec": {"chart": "app", "interval": "1h", "sourceRef": source, **spec}}


def test_the_version_tells_revision_and_values_files() -> None:
    revision = "main@sha1:7f17d4d9465ced889a9bd7bb77a9bbd491859135"
    assert version_metadata(read(chart()), revision) == ""
    assert version_metadata(read(chart(reconcileStrategy="Revision")), revision) == "7f17d4d9465c"
    both = read(chart(reconcileStrategy="Revision", valuesFiles=["a"]))
    assert version_metadata(both, revision) == "7f17d4d9465c.3"


def test_an_artifact_is_current_while_declaration_name_and_version_are_the_same() -> None:
    status = {"observedGeneration": 3, "observedChartName": "app", "artifact": {"revision": "1.0.0"}}
    assert is_current(read(chart()), status, "app", "1.0.0")
    assert not is_current(read(chart()), status, "app", "1.0.1")
    assert not is_current(read(chart()), {**status, "observedGeneration": 2}, "app", "1.0.0")


def test_a_helm_repository_has_an_interval_even_where_none_is_given() -> None:
    found = helmrepository.read({"spec": {"url": "https://x", "type": "oci"}})
    assert (found.interval, found.timeout, found.oci) == (60.0, 60.0, True)
