"""Whom a changed cluster Secret concerns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.dialects.argo.clusters import altered, concerns
from holdfast.dialects.argo.settings import KnownCluster
from holdfast.model.app import AppDestination

EU = KnownCluster("https://eu", "eu")
US = KnownCluster("https://us", "us")
HERE = KnownCluster("https://kubernetes.default.svc", "home")


def test_clusters_that_stay_as_they_are_are_no_change() -> None:
    assert altered({EU.server: EU, US.server: US}, {US.server: US, EU.server: EU}) == ()


def test_clusters_come_go_and_are_declared_otherwise() -> None:
    renamed = replace(EU, name="europe")
    assert altered({}, {EU.server: EU}) == (EU,)
    assert altered({EU.server: EU, US.server: US}, {US.server: US}) == (EU,)
    assert altered({EU.server: EU, US.server: US}, {EU.server: renamed, US.server: US}) == (EU, renamed)


@pytest.mark.parametrize(
    ("destination", "concerned"),
    [
        (AppDestination(server="https://eu/"), True),
        (AppDestination(name="eu"), True),
        (AppDestination(server="https://us"), False),
        (AppDestination(name="us"), False),
        (AppDestination(), False),
    ],
)
def test_a_cluster_concerns_who_goes_there(destination: AppDestination, concerned: bool) -> None:
    assert concerns([EU], destination, "default") is concerned


def test_a_cluster_without_a_name_concerns_nobody_by_name() -> None:
    assert not concerns([replace(EU, name="")], AppDestination(server="https://us"), "default")


def test_a_cluster_of_a_project_concerns_all_of_the_project() -> None:
    theirs = [replace(EU, project="team")]
    assert concerns(theirs, AppDestination(name="us"), "team")
    assert not concerns(theirs, AppDestination(name="us"), "default")
    assert not concerns([EU], AppDestination(name="us"), "")


def test_a_secret_for_the_own_cluster_takes_its_usual_name_away() -> None:
    assert concerns([HERE], AppDestination(name="in-cluster"), "default")
    assert concerns([HERE], AppDestination(name="home"), "default")
    assert not concerns([EU], AppDestination(name="in-cluster"), "default")
