"""Rules survive objects of any shape: what the API server would refuse ends no run."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.base.tree import MemoryTree
from holdfast.kube import yaml
from holdfast.offline.findings import check
from holdfast.offline.rules import RULES
from holdfast.offline.survey import survey
from tests.unit.offline.test_survey import SOURCE, unit

KINDS = [
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    ("notification.toolkit.fluxcd.io/v1beta3", "Alert"),
    ("image.toolkit.fluxcd.io/v1", "ImagePolicy"),
    ("cert-manager.io/v1", "Certificate"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
]
FIELDS = [
    *(
        "spec",
        "data",
        "selector",
        "template",
        "metadata",
        "labels",
        "containers",
        "env",
        "ports",
        "rules",
        "http",
        "paths",
    ),
    *(
        "volumes",
        "sourceRef",
        "chart",
        "values",
        "valuesFrom",
        "postBuild",
        "substituteFrom",
        "ref",
        "webhooks",
        "subjects",
    ),
    *("scaleTargetRef", "metrics", "tls", "healthChecks", "dependsOn", "patches", "images", "name", "kind", "versions"),
]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.sampled_from(["", "web", "a b", "${X}", "1d"]))
VALUES = st.recursive(
    SCALARS, lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(st.sampled_from(FIELDS), v, max_size=4))
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(KINDS), VALUES, VALUES), max_size=4))
def test_no_rule_fails_on_an_object_of_a_strange_shape(objects: list[tuple[tuple[str, str], Any, Any]]) -> None:
    files = {"clusters/prod/sync.yaml": (SOURCE + "---\n" + unit("apps", "./apps")).encode()}
    for number, ((version, kind), spec, data) in enumerate(objects):
        obj = {"apiVersion": version, "kind": kind, "metadata": {"name": f"o{number}"}, "spec": spec, "data": data}
        files[f"apps/o{number}.yaml"] = yaml.dump(obj).encode()
    for found in survey(MemoryTree(files)):
        assert [f for f in check(found, RULES) if "unexpected shape" in f.message] == []
