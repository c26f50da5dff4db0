"""What an operator wrote into Argo CD's configuration objects."""

from __future__ import annotations

import pytest

from holdfast.dialects.argo.defaults import objects
from holdfast.dialects.argo.settings import (
    KnownRepository,
    Settings,
    read_cluster,
    read_repository,
    read_settings,
    repository_for,
)
from holdfast.model.app import SourceType
from holdfast.model.sync import DiffRule, TrackingMethod


def test_without_anything_written_the_defaults_of_argo_hold() -> None:
    found = read_settings({})
    assert (found.tracking, found.refresh_seconds, found.jitter_seconds) == (TrackingMethod.ANNOTATION, 120.0, 60.0)
    assert found.ignore == (DiffRule("*", "*", json_pointers=("/status",)),)
    assert found.excludes("coordination.k8s.io", "Lease", "s")
    assert not found.excludes("", "ConfigMap", "s")


def test_the_configuration_that_is_installed_leaves_noise_out() -> None:
    config = next(o for o in objects() if o["kind"] == "ConfigMap")
    assert read_settings(config["data"]).excludes("discovery.k8s.io", "EndpointSlice", "s")


@pytest.mark.parametrize(
    ("inclusions", "exclusions", "group", "excluded"),
    [
        ("[{apiGroups: ['apps']}]", "", "apps", False),
        ("[{apiGroups: ['apps']}]", "", "batch", True),
        ("[{apiGroups: ['*']}]", "[{apiGroups: ['b*']}]", "batch", True),
        ("[{apiGroups: ['apps'], clusters: ['https://other*']}]", "", "batch", False),
    ],
)
def test_exclusion_wins_and_inclusion_closes_the_rest(
    inclusions: str, exclusions: str, group: str, excluded: bool
) -> None:
    found = read_settings({"resource.inclusions": inclusions, "resource.exclusions": exclusions})
    assert found.excludes(group, "Job", "https://here") is excluded


def test_customizations_are_read_in_both_forms() -> None:
    found = read_settings(
        {
            "resource.customizations": "example.com/A: {health.lua: return one}\n",
            "resource.customizations.health.example.com_B": "return two",
            "resource.customizations.ignoreDifferences.all": "jsonPointers: [/spec/x]\n",
            "resource.customizations.knownTypeFields.example.com_B": "- {field: spec.a, type: core/v1/PodSpec}\n",
            "resource.compareoptions": "ignoreResourceStatusField: none\nignoreAggregatedRoles: true\n",
        }
    )
    assert found.health == {"example.com/A": "return one", "example.com/B": "return two"}
    assert found.ignore == (DiffRule("*", "*", json_pointers=("/spec/x",)),)
    assert found.known_types == {"example.com/B": {"spec.a": "core/v1/PodSpec"}}
    assert found.ignore_aggregated_roles


def test_tools_may_be_switched_off() -> None:
    assert SourceType.HELM not in read_settings({"helm.enable": "false"}).enabled


def test_durations_may_be_seconds_and_nonsense_is_as_if_it_were_not_there() -> None:
    assert read_settings({"timeout.reconciliation": "90"}).refresh_seconds == 90.0
    assert read_settings({"timeout.reconciliation": "2m"}).refresh_seconds == 120.0
    assert read_settings({"timeout.reconciliation": "soon", "resource.exclusions": "["}) == read_settings({})


def test_applications_of_other_namespaces_are_ours_where_they_are_listed() -> None:
    found = read_settings({}, {"application.namespaces": "team-*, other"})
    assert [found.allows_namespace(n, "argocd") for n in ("argocd", "team-a", "else")] == [True, True, False]
    assert Settings().allows_namespace("any", "argocd")


def test_a_cluster_secret_names_the_server_without_a_slash_at_its_end() -> None:
    found = read_cluster({"server": "https://c/", "name": "c", "config": '{"bearerToken":"t"}', "namespaces": "a, b"})
    assert found is not None
    assert (found.server, found.connection.token, found.namespaces) == ("https://c", "t", ("a", "b"))
    assert read_cluster({"name": "c"}) is None


def test_a_repository_takes_its_own_credentials_then_those_of_the_longest_template() -> None:
    known = tuple(
        filter(
            None,
            (
                read_repository({"url": "https://h/o/r.git", "username": "own", "password": "p"}, template=False),
                read_repository({"url": "https://h/", "username": "short"}, template=True),
                read_repository({"url": "https://h/o", "username": "long"}, template=True),
            ),
        )
    )
    urls = ("https://H/o/r", "https://h/o/other", "https://h/x", "https://else/x")
    assert [repository_for(u, "default", known).username for u in urls] == ["own", "long", "short", ""]


def test_a_repository_of_another_project_is_not_used() -> None:
    known = (KnownRepository("https://h/r", project="a", username="u"),)
    assert repository_for("https://h/r", "b", known).username == ""


def test_where_impersonation_is_on_an_account_is_needed_unless_said_otherwise() -> None:
    on = {"application.sync.impersonation.enabled": "true"}
    assert (read_settings(on).impersonation, read_settings(on).impersonation_enforced) == (True, True)
    assert not read_settings({**on, "application.sync.impersonation.enforced": "false"}).impersonation_enforced


def test_versions_of_kustomize_are_registered_by_their_paths() -> None:
    config = {"kustomize.path.v4.5": "/x", "kustomize.version.v3": "/y", "kustomize.buildOptions": "--enable-helm"}
    assert read_settings(config).kustomize_versions == {"v4.5", "v3"}
