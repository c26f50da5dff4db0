"""The namespace transformer."""

from __future__ import annotations

from typing import Any


def test_namespaced_objects_get_it_and_cluster_scoped_ones_do_not(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [all.yaml]\nnamespace: prod\n")
    repo.write(
        "all.yaml",
        """
        {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
        ---
        {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: old}}
        """,
    )
    found = {r.kind: r for r in repo.result().resources}
    assert found["ConfigMap"].namespace == "prod"
    assert found["ClusterRole"].namespace == ""
    assert found["Namespace"].name == "prod"


def test_only_the_default_service_account_in_a_binding_moves(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [b.yaml]\nnamespace: prod\n")
    repo.write(
        "b.yaml",
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: b}
        subjects:
        - {kind: ServiceAccount, name: default}
        - {kind: ServiceAccount, name: other, namespace: there}
        """,
    )
    subjects = repo.result().resources[0].manifest["subjects"]
    assert [s.get("namespace") for s in subjects] == ["prod", "there"]


def test_two_objects_that_become_one_are_refused(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [all.yaml]\nnamespace: prod\n")
    repo.write(
        "all.yaml",
        """
        {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: a}}
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: b}}
        """,
    )
    assert "namespace transformation produces ID conflict" in repo.fails()


def test_references_follow_a_service_account_into_its_namespace(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [all.yaml]\nnamespace: prod\nnamePrefix: p-\n")
    repo.write(
        "all.yaml",
        """
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: sa, namespace: here}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: b}
        subjects: [{kind: ServiceAccount, name: sa, namespace: here}]
        """,
    )
    binding = next(r for r in repo.result().resources if r.kind == "ClusterRoleBinding")
    assert binding.manifest["subjects"] == [{"kind": "ServiceAccount", "name": "p-sa", "namespace": "prod"}]


def test_a_subject_that_is_no_mapping_is_refused(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [r.yaml]\nnamespace: prod\n")
    repo.write(
        "r.yaml",
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: r}
        subjects: [null, default]
        """,
    )
    assert "looking up name on (cluster)role binding subject: wrong node kind: expected MappingNode" in repo.fails()
