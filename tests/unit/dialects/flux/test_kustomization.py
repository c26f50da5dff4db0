from __future__ import annotations

from typing import Any

from holdfast.dialects.flux.kustomization import read
from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import DeletionPolicy, Dependency, Image, Patch, Selector, UnitKey, ValuesRef


def kustomization(**spec: Any) -> dict[str, Any]:
    defaults = {"interval": "10m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "repo"}}
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "web", "namespace": "apps", "generation": 3},
        "spec": {**defaults, **spec},
    }


def test_names_without_a_namespace_mean_the_units_own() -> None:
    found = read(kustomization(dependsOn=[{"name": "a"}, {"name": "b", "namespace": "n", "readyExpr": "true"}]))
    assert found.key == UnitKey("Kustomization", "apps", "web")
    assert found.source == UnitKey("GitRepository", "apps", "repo")
    assert found.policy.depends_on == (
        Dependency(UnitKey("Kustomization", "apps", "a")),
        Dependency(UnitKey("Kustomization", "n", "b"), "true"),
    )


def test_the_timeout_is_the_interval_less_half_a_minute_and_never_below_that() -> None:
    assert read(kustomization()).policy.timeout == 570
    assert read(kustomization(interval="40s")).policy.timeout == 30
    assert read(kustomization(timeout="3s")).policy.timeout == 30
    assert read(kustomization(timeout="5m")).policy.timeout == 300


def test_a_retry_comes_after_the_interval_unless_said_otherwise() -> None:
    assert read(kustomization()).policy.retry_interval == 600
    assert read(kustomization(retryInterval="2s")).policy.retry_interval == 2


def test_what_a_unit_adds_to_the_build_is_taken_over() -> None:
    build = read(
        kustomization(
            path="./deploy",
            targetNamespace="t",
            namePrefix="p-",
            nameSuffix="-s",
            components=["../c"],
            ignoreMissingComponents=True,
            commonMetadata={"labels": {"a": "b"}, "annotations": {"c": "d"}},
            images=[{"name": "i", "newTag": "2"}],
            patches=[{"patch": "x", "target": {"kind": "Deployment", "labelSelector": "l=m"}}],
            postBuild={"substitute": {"x": "1"}, "substituteFrom": [{"kind": "Secret", "name": "s", "optional": True}]},
        )
    ).build
    assert (build.path, build.target_namespace, build.name_prefix, build.name_suffix) == ("./deploy", "t", "p-", "-s")
    assert (build.components, build.ignore_missing_components) == (("../c",), True)
    assert (build.common_labels, build.common_annotations) == ({"a": "b"}, {"c": "d"})
    assert build.images == (Image("i", new_tag="2"),)
    assert build.patches == (Patch("x", Selector(kind="Deployment", label_selector="l=m")),)
    assert build.substitution is not None
    assert build.substitution.inline == {"x": "1"} and build.substitution.strict and not build.substitution.always
    assert build.substitution.references == (ValuesRef("Secret", "s", True),)


def test_health_checks_deletion_and_target_are_policy() -> None:
    check = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "n"}
    policy = read(
        kustomization(
            healthChecks=[check],
            deletionPolicy="WaitForTermination",
            serviceAccountName="deployer",
            kubeConfig={"secretRef": {"name": "kc", "key": "k"}},
        )
    ).policy
    assert policy.health_checks == (("apps/v1", ObjectRef("apps", "Deployment", "n", "web")),)
    assert policy.deletion is DeletionPolicy.WAIT_FOR_TERMINATION
    assert policy.target.impersonates and policy.target.kubeconfig_secret == "kc"


def test_older_lists_of_patches_are_patches() -> None:
    found = read(
        kustomization(patchesStrategicMerge=[{"kind": "X"}], patchesJson6902=[{"patch": [], "target": {"kind": "Y"}}])
    )
    assert found.build.patches == (Patch('{"kind": "X"}'), Patch("[]", Selector(kind="Y")))
