"""Answers of a trial, asked through the clients that the controller asks with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast.app.trial_registry import FILES, Answers
from holdfast.app.trial_sources import guesses
from holdfast.source import helm_repository as charts
from holdfast.source import oci
from holdfast.source.http import STAND_IN, RequestFailed, request

URL = "https://charts.example.invalid/stable/"


@pytest.fixture
def answers() -> Iterator[Answers]:
    """In place of the network for as long as a test takes."""
    found = Answers(forbidden=True)
    token = STAND_IN.set(found)
    yield found
    STAND_IN.reset(token)


def test_an_artifact_is_pulled_by_tag_and_by_digest(answers: Answers) -> None:
    answers.image("oci://ghcr.io/acme/files", b"content", ["1.0.0", "1.1.0"], FILES)
    registry = oci.Repository(oci.Address.parse("oci://ghcr.io/acme/files"))
    assert registry.tags() == ["1.0.0", "1.1.0"]
    by_digest = registry.artifact(registry.digest("1.1.0"))
    assert [layer.media_type for layer in by_digest.layers] == [FILES]
    assert registry.blob(by_digest.layers[0]) == b"content"


def test_an_image_of_docker_hub_is_found_under_its_long_name(answers: Answers) -> None:
    answers.image("oci://docker.io/thing", b"content", ["latest"], FILES)
    assert oci.Repository(oci.Address.parse("oci://docker.io/thing")).tags() == ["latest"]


def test_a_tag_that_nobody_gave_is_not_found(answers: Answers) -> None:
    answers.image("oci://ghcr.io/acme/files", b"content", ["1.0.0"], FILES)
    with pytest.raises(oci.NotFound):
        oci.Repository(oci.Address.parse("oci://ghcr.io/acme/files")).artifact("2.0.0")


def test_a_chart_is_chosen_from_the_index_and_checked(answers: Answers) -> None:
    answers.chart_repository(URL, {"web": {"1.0.0": b"old", "1.4.2": b"new"}})
    index = charts.parse_index(charts.fetch_index(URL, charts.Access()))
    entry = charts.choose(index, "web", "1.x")
    assert charts.fetch_chart(URL, entry, charts.Access()) == b"new"


def test_the_rest_of_the_network_is_refused_where_it_is_forbidden(answers: Answers) -> None:
    del answers
    with pytest.raises(RequestFailed, match="the network is forbidden"):
        request("https://example.invalid/file")


@pytest.mark.parametrize(
    "wanted", [">=1.2.0 <2.0.0", "~1.4", "^0.3.1", "*", "2.x", "<0.5.0", ">3.1.4", ">=1.0.0-alpha"]
)
def test_some_guess_fits_any_range(wanted: str) -> None:
    assert oci.highest_tag(guesses({"semver": wanted}), wanted)


def test_without_a_range_the_tag_itself_is_the_guess() -> None:
    assert guesses({"tag": "v1"}) == ["v1"]
    assert guesses({}) == ["latest"]
