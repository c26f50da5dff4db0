"""The clusters generator and clusters that other controllers choose."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.argo.appset.facts import ConfigMap, Objects, Question
from holdfast.dialects.argo.appset.generate import GenerationFailed
from tests.unit.dialects.argo.appset.world import applications, cluster, declared, go, names, notes

EU = cluster("eu_1", "https://eu", env="dev", region="eu")
US = cluster("us", "https://us", env="prod")


def test_without_a_selector_the_local_cluster_is_one_of_them() -> None:
    assert names(applications(go([{"clusters": {}}], "{{ .nameNormalized }}"), clusters=[US, EU])) == [
        "eu-1",
        "us",
        "in-cluster",
    ]


def test_a_local_cluster_that_is_registered_is_not_added_again() -> None:
    local = cluster("here", "https://kubernetes.default.svc")
    assert names(applications(go([{"clusters": {}}], "{{ .name }}"), clusters=[local])) == ["here"]


def test_a_selector_leaves_the_local_cluster_out() -> None:
    generator = {
        "clusters": {"selector": {"matchLabels": {"env": "dev"}}, "values": {"v": "{{ .metadata.labels.region }}-x"}}
    }
    text = '{{ .server }} {{ .metadata.annotations.an }} {{ .values.v }} [{{ index .metadata.labels "no" }}] [{{ .project }}]'
    (app,) = applications(go([generator], "{{ .nameNormalized }}", {"a": text}), clusters=[US, EU])
    assert notes(app) == {"a": "https://eu x eu-x [] []"}


def test_without_go_templates_labels_are_flat() -> None:
    generator = {"clusters": {"selector": {"matchLabels": {"env": "dev"}}, "values": {"v": "{{name}}"}}}
    obj = declared(
        [generator], "{{nameNormalized}}", {"a": "{{metadata.labels.region}} {{metadata.annotations.an}} {{values.v}}"}
    )
    assert notes(applications(obj, clusters=[EU])[0]) == {"a": "eu x eu_1"}


def test_a_flat_list_is_one_set_of_all_clusters() -> None:
    generator = {
        "clusters": {"flatList": True, "selector": {"matchExpressions": [{"key": "env", "operator": "Exists"}]}}
    }
    (app,) = applications(
        go([generator], "all", {"a": "{{ range .clusters }}{{ .name }} {{ end }}"}), clusters=[US, EU]
    )
    assert notes(app) == {"a": "eu_1 us "}


CONFIG = {
    "apiVersion": "mine.example/v1",
    "kind": "placements",
    "statusListKey": "decisions",
    "matchKey": "clusterName",
}
PLACEMENT = {
    "metadata": {"name": "x"},
    "status": {"decisions": [{"clusterName": "eu_1", "n": 2}, {"clusterName": "gone"}]},
}


def decided(config: dict[str, str], objects: list[Any]) -> Any:
    def answer(question: Question) -> Any:
        if isinstance(question, ConfigMap):
            assert question == ConfigMap("argocd", "cm")
            return config
        assert isinstance(question, Objects)
        assert (question.group, question.version, question.resource, question.namespace) == (
            "mine.example",
            "v1",
            "placements",
            "argocd",
        )
        return objects

    return answer


def test_clusters_are_those_that_an_objects_status_names() -> None:
    generator = {"clusterDecisionResource": {"configMapRef": "cm", "name": "x", "values": {"v": "1"}}}
    obj = go([generator], "{{ .name | normalize }}", {"a": "{{ .server }} {{ .n }} {{ .values.v }}"})
    (app,) = applications(obj, decided(CONFIG, [PLACEMENT]), clusters=[EU, US])
    assert (app["metadata"]["name"], notes(app)) == ("eu-1", {"a": "https://eu 2 1"})


@pytest.mark.parametrize(
    ("config", "spec", "objects", "message"),
    [
        (CONFIG, {"name": "x"}, [], "no clusterDecisionResources found"),
        (CONFIG, {}, [PLACEMENT], "there is a problem with the definition of the ClusterDecisionResource generator"),
        (
            {**CONFIG, "apiVersion": "v1"},
            {"name": "x"},
            [],
            "there is a problem with the apiVersion, kind or resourceName provided",
        ),
    ],
)
def test_a_decision_that_cannot_be_found_is_told(config: Any, spec: Any, objects: Any, message: str) -> None:
    generator = {"clusterDecisionResource": {"configMapRef": "cm", **spec}}
    with pytest.raises(GenerationFailed) as caught:
        applications(go([generator], "x"), decided(config, objects), clusters=[EU])
    assert caught.value.message == message
