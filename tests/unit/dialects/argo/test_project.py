"""AppProjects: what is permitted, and how a refusal is told."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.argo.project import (
    Cluster,
    Project,
    destination_refusal,
    global_parents,
    inherit,
    read,
    source_refusals,
    with_scoped,
)

ONE = Cluster("https://one", "one")


def project(**spec: Any) -> Project:
    return read({"metadata": {"name": "p", "namespace": "argocd", "labels": {"team": "red"}}, "spec": spec})


@pytest.mark.parametrize(
    ("repos", "url", "permitted"),
    [
        (["*"], "https://git.example/team/app.git", True),
        ([], "https://git.example/team/app.git", False),
        (["https://git.example/team/app"], "https://GIT.example/team/app.git", True),
        (["https://git.example/*"], "https://git.example/app", True),
        (["https://git.example/*"], "https://git.example/team/app", False),
        (["https://git.example/**"], "https://git.example/team/app", True),
        (["git@git.example:team/*"], "ssh://git@git.example/team/app.git", True),
        (["*", "!https://git.example/team/secret.git"], "https://git.example/team/secret", False),
        (["!https://git.example/team/secret.git"], "https://git.example/team/other", True),
        # Addresses are read and written again before they are compared: braces are escaped, what is no address is nothing.
        (["https://git.example/{team,other}/*"], "https://git.example/team/app", False),
        (["https://git.example/te?m/*"], "https://git.example/team/app", True),
        (["https://{git,hub}.example/**"], "https://git.example/team/app", False),
        (["http*://git.example/**"], "https://git.example/team/app", False),
        (["https://git.example/a b"], "https://git.example/a%20b", True),
        (["https://*.example/team/*"], "https://git.example/team/app", True),
        (["*git.example*"], "https://git.example/team/app", False),
        (["**git.example**"], "https://git.example/team/app", True),
        (["oci://reg/*"], "oci://reg/chart", True),
    ],
)
def test_a_source_is_permitted_by_pattern_unless_it_is_forbidden(repos: list[str], url: str, permitted: bool) -> None:
    assert project(sourceRepos=repos).permits_source(url) is permitted


@pytest.mark.parametrize(
    ("destinations", "namespace", "permitted"),
    [
        ([{"server": "*", "namespace": "*"}], "prod", True),
        ([{"name": "one", "namespace": "prod"}], "prod", True),
        ([{"name": "two", "namespace": "prod"}], "prod", False),
        ([{"server": "https://o*", "namespace": "team-*"}], "team-a", True),
        ([{"server": "https://o*", "namespace": "team-*"}], "prod", False),
        ([{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!kube-system"}], "kube-system", False),
        ([{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!kube-system"}], "prod", True),
        ([{"server": "!https://one", "namespace": "*"}, {"server": "*", "namespace": "*"}], "prod", False),
        ([{"server": "*", "namespace": "*"}, {"name": "!one", "namespace": "*"}], "prod", False),
        ([], "prod", False),
    ],
)
def test_a_destination_is_permitted_by_server_or_name_and_namespace(
    destinations: list[dict[str, str]], namespace: str, permitted: bool
) -> None:
    assert project(destinations=destinations).permits_destination(ONE, namespace) is permitted


def test_only_clusters_of_the_project_count_where_it_says_so() -> None:
    found = project(destinations=[{"server": "*", "namespace": "*"}], permitOnlyProjectScopedClusters=True)
    assert not found.permits_destination(ONE, "prod")
    assert found.permits_destination(ONE, "prod", [Cluster("https://one")])


def test_cluster_scoped_kinds_have_to_be_listed_and_namespaced_ones_do_not() -> None:
    found = project()
    assert found.permits_kind("apps", "Deployment", "x", namespaced=True)
    assert not found.permits_kind("", "Namespace", "x", namespaced=False)
    assert not project(namespaceResourceWhitelist=[]).permits_kind("apps", "Deployment", "x", namespaced=True)


def test_lists_of_kinds_are_patterns_and_denials_win() -> None:
    found = project(
        clusterResourceWhitelist=[{"group": "*", "kind": "*"}],
        clusterResourceBlacklist=[{"group": "", "kind": "Namespace", "name": "kube-*"}],
        namespaceResourceBlacklist=[{"group": "", "kind": "Secre?", "name": "only-for-the-cluster's"}],
    )
    assert found.permits_kind("", "Namespace", "team", namespaced=False)
    assert not found.permits_kind("", "Namespace", "kube-system", namespaced=False)
    assert not found.permits_kind("", "Secret", "s", namespaced=True)
    assert (
        found.sync_refusal("", "Secret", "n", "s", ONE, namespaced=True)
        == "resource :Secret is not permitted in project p"
    )
    assert (
        found.sync_refusal("", "ConfigMap", "n", "c", ONE, namespaced=True)
        == "namespace n is not permitted in project 'p'"
    )
    assert found.sync_refusal("", "Namespace", "", "team", ONE, namespaced=False) == ""


def test_a_namespaced_object_that_lives_is_the_projects_only_in_a_permitted_namespace() -> None:
    found = project(destinations=[{"server": "*", "namespace": "prod"}])
    assert found.permits_live("", "ConfigMap", "prod", "c", ONE)
    assert not found.permits_live("", "ConfigMap", "test", "c", ONE)


@pytest.mark.parametrize(
    ("patterns", "namespace", "permitted"),
    [([], "argocd", True), ([], "team", False), (["team*"], "team-a", True), (["/^team-[ab]$/"], "team-b", True), (["/^x/"], "team-b", False)],
)  # fmt: skip
def test_applications_of_other_namespaces_have_to_be_let_in(
    patterns: list[str], namespace: str, permitted: bool
) -> None:
    assert project(sourceNamespaces=patterns).permits_namespace_of_application(namespace, "argocd") is permitted


def test_what_every_namespace_has_is_no_orphan() -> None:
    found = project(orphanedResources={"ignore": [{"group": "", "kind": "Config*", "name": "mine"}]}).orphaned
    assert found is not None and not found.warn
    assert found.ignores("", "ServiceAccount", "n", "default")
    assert found.ignores("", "ConfigMap", "n", "kube-root-ca.crt")
    assert found.ignores("", "ConfigMap", "n", "mine")
    assert not found.ignores("", "ConfigMap", "n", "other")


def test_global_projects_add_to_those_they_select() -> None:
    parent = read(
        {
            "metadata": {"name": "all"},
            "spec": {"sourceRepos": ["https://x"], "namespaceResourceBlacklist": [{"group": "", "kind": "Secret"}]},
        }
    )
    settings = [{"projectName": "all", "labelSelector": {"matchLabels": {"team": "red"}}}]
    other = [{"projectName": "all", "labelSelector": {"matchLabels": {"team": "blue"}}}]
    assert global_parents(project(), other, {"all": parent}) == []
    found = inherit(project(sourceRepos=["https://y"]), global_parents(project(), settings, {"all": parent}))
    assert found.source_repos == ("https://y", "https://x")
    assert found.namespace_whitelist is None
    assert not found.permits_kind("", "Secret", "s", namespaced=True)


def test_secrets_of_a_project_add_repositories_and_clusters_to_it() -> None:
    found = with_scoped(project(), ["https://mine"], [(ONE, ()), (Cluster("https://two"), ("a", "b"))])
    assert found.permits_source("https://mine")
    assert found.permits_destination(ONE, "any")
    assert found.permits_destination(Cluster("https://two"), "b")
    assert not found.permits_destination(Cluster("https://two"), "c")


def test_old_signature_keys_are_a_policy_for_all_repositories() -> None:
    (policy,) = project(signatureKeys=[{"keyID": "4AEE18F83AFDEB23"}]).integrity
    assert (policy.repos, policy.mode, policy.keys) == (("*",), "head", ("4AEE18F83AFDEB23",))


def test_signatures_are_demanded_by_repository() -> None:
    policies = [
        {
            "repos": [{"url": "https://git.example/**"}, {"url": "!https://git.example/open"}],
            "gpg": {"mode": "head", "keys": []},
        },
        {"repos": [{"url": "*"}], "gpg": {"mode": "none", "keys": []}},
    ]
    found = project(sourceIntegrity={"git": {"policies": policies}})
    assert found.demands_signature("https://git.example/team/app.git")
    assert not found.demands_signature("https://git.example/open.git")
    assert not found.demands_signature("https://other/app")


def test_the_first_rule_that_fits_names_the_service_account() -> None:
    found = project(
        destinationServiceAccounts=[
            {"server": "https://two", "namespace": "*", "defaultServiceAccount": "no"},
            {"server": "*", "namespace": "team-*", "defaultServiceAccount": "deployer"},
        ]
    )
    assert found.service_account("https://one", "team-a") == "deployer"
    assert found.service_account("https://one", "prod") is None


@pytest.mark.parametrize(
    ("spec", "refusals"),
    [
        ({"source": {"repoURL": "https://x"}}, ["spec.source.repoURL and either spec.source.path or spec.source.chart are required"]),
        ({"source": {"repoURL": "https://x", "chart": "c"}}, ["spec.source.targetRevision is required if the manifest source is a helm chart"]),
        ({"source": {"repoURL": "https://x", "path": "p"}}, ["application repo https://x is not permitted in project 'p'"]),
        ({"source": {"repoURL": "https://ok", "path": "p"}}, []),
        ({"sources": [{"repoURL": "https://ok", "ref": "v"}, {"repoURL": "https://x", "path": "p"}]}, ["application repo https://x is not permitted in project 'p'"]),
    ],
)  # fmt: skip
def test_sources_are_refused_in_argo_cds_words(spec: dict[str, Any], refusals: list[str]) -> None:
    assert source_refusals(spec, project(sourceRepos=["https://ok"])) == refusals


def test_where_commits_have_to_be_signed_an_application_is_refused() -> None:
    signed = project(sourceRepos=["*"], signatureKeys=[{"keyID": "4AEE18F83AFDEB23"}])
    (refusal,) = source_refusals({"source": {"repoURL": "https://x", "path": "p"}}, signed)
    assert refusal == "project p wants the commits of https://x to be signed: Holdfast does not verify signatures yet"
    assert source_refusals({"source": {"repoURL": "https://x", "chart": "c", "targetRevision": "1"}}, signed) == []


def test_a_destination_is_refused_by_the_name_it_was_given() -> None:
    text = "application destination server 'one' and namespace 'prod' do not match any of the allowed destinations in project 'p'"
    assert destination_refusal({"destination": {"name": "one", "namespace": "prod"}}, project(), ONE) == text
    by_server = destination_refusal({"destination": {"server": "https://one", "namespace": "prod"}}, project(), ONE)
    assert "server 'https://one'" in by_server
