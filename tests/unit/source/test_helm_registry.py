"""References, versions and pulls of charts in registries, in Helm's words."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message

import pytest

from holdfast.base.errors import HoldfastError, Stop
from holdfast.source.helm_registry import Reference, matching, words_of
from holdfast.source.helm_registry import Registry as Door
from holdfast.source.http import Answer
from holdfast.source.oci_login import Login
from tests.charts import Registry, chart, served


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    found = Registry()
    for version in ("1.0.0", "1.1.0", "1.1.1+meta", "2.0.0-rc.1", "v3"):
        found.add("team/app", version)
    found.push("team/odd", "1.0.0", {"schemaVersion": 2, "config": found.blob(b"{}", "application/x"), "layers": []})
    with served(found):
        yield found


@pytest.fixture
def door(registry: Registry) -> Door:
    return Door(plain=True)


def at(registry: Registry, rest: str = "team/app") -> str:
    return f"oci://{registry.host}/{rest}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("oci://host/team/app", "host/team/app"),
        ("oci://host:5000/app:1.0.0+a", "host:5000/app:1.0.0_a"),
        ("host/app@sha256:abc", "host/app@sha256:abc"),
    ],
)
def test_references_are_read(text: str, shown: str) -> None:
    assert str(Reference.parse(text)) == shown


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("oci://BAD", "missing registry or repository"),
        ("oci://h/B/c", 'invalid repository "B/c"'),
        ("oci://h/a:-x", 'invalid tag "-x"'),
    ],
)
def test_what_is_no_reference_is_refused(text: str, fault: str) -> None:
    with pytest.raises(Stop, match=f"invalid reference: {fault}"):
        Reference.parse(text)


def test_versions_are_the_strict_ones_the_newest_first(door: Door, registry: Registry) -> None:
    assert door.versions(Reference.parse(at(registry))) == ["2.0.0-rc.1", "1.1.1+meta", "1.1.0", "1.0.0"]


@pytest.mark.parametrize(
    ("version", "tag"), [("", "1.1.1+meta"), ("^1", "1.1.1+meta"), ("<1.1", "1.0.0"), (">0-0", "2.0.0-rc.1"), ("9.9.9", "9.9.9")]
)  # fmt: skip
def test_a_range_is_resolved_and_a_version_is_taken_at_its_word(
    door: Door, registry: Registry, version: str, tag: str
) -> None:
    assert door.resolve(at(registry), version).tag == tag


def test_a_chart_is_pulled_with_what_helm_says_about_it(door: Door, registry: Registry) -> None:
    found = door.pull(door.resolve(at(registry), "^1"))
    assert found.file == "app-1.1.1+meta.tgz"
    assert found.data == chart("app", "1.1.1+meta")
    assert found.told.startswith(f"Pulled: {registry.host}/team/app:1.1.1_meta\nDigest: sha256:")
    assert "do not support the plus sign" in found.told


@pytest.mark.parametrize(
    ("rest", "version", "text"),
    [
        ("team/app", ">9", "could not locate a version matching provided version string >9"),
        ("team/app:1.0.0", "1.1.0", "chart reference and version mismatch: 1.1.0 is not 1.0.0"),
        ("team/app", "9.0.0", 'failed to perform "FetchReference" on source: .*/team/app:9.0.0: not found'),
        ("team/none", "", "response status code 404: name unknown: repository name not known to registry"),
        ("team/odd", "1.0.0", "manifest does not contain minimum number of descriptors"),
    ],
)
def test_what_cannot_be_had_is_told_as_helm_tells_it(
    door: Door, registry: Registry, rest: str, version: str, text: str
) -> None:
    with pytest.raises(HoldfastError, match=text):
        door.pull(door.resolve(at(registry, rest), version))


def test_a_login_is_asked_for_when_there_is_none() -> None:
    guarded = Registry()
    guarded.login = "me:secret"
    guarded.add("team/app", "1.0.0")
    with served(guarded) as host:
        where = f"oci://{host}/team/app"
        with pytest.raises(HoldfastError, match="basic credential not found"):
            Door(plain=True).resolve(where, "")
        with pytest.raises(HoldfastError, match="response status code 401: unauthorized: authentication required"):
            Door(Login("me", "wrong"), plain=True).resolve(where, "")
        assert Door(Login("me", "secret"), plain=True).resolve(where, "").tag == "1.0.0"


def test_a_tag_that_is_wanted_word_for_word_is_taken_before_ranges() -> None:
    assert matching(["2.0.0", "1.0.0"], "1.0.0") == "1.0.0"
    with pytest.raises(Stop, match="improper constraint"):
        matching(["1.0.0"], "x.y")


def test_a_refusal_names_the_address_without_the_size_of_a_page() -> None:
    answer = Answer(404, Message(), b'{"errors":[{"code":"NAME_UNKNOWN","message":"not here"}]}')
    url = "http://r/v2/x/tags/list"
    wanted = f'GET "{url}": response status code 404: name unknown: not here'
    assert words_of(Login("u", "p"))("GET", f"{url}?n=1000", answer) == wanted
