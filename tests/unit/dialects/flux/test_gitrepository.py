"""A GitRepository read."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.flux.gitrepository import (
    content_changed,
    credentials,
    observations,
    read,
    subject,
)
from holdfast.dialects.flux.secret_data import CredentialsInvalid

URL = "https://example.com/app.git"


def declared(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "app"}, "spec": {"url": URL, "interval": "1h", **spec}}


def test_every_field_of_the_checkout_is_read() -> None:
    source = read(
        declared(
            ref={"branch": "main", "commit": "abc"},
            ignore="",
            sparseCheckout=["a", "./b"],
            recurseSubmodules=True,
            timeout="90s",
            include=[{"repository": {"name": "lib"}}, {"repository": {"name": "x"}, "fromPath": "f", "toPath": "t"}],
            verify={"mode": "TagAndHEAD", "secretRef": {"name": "keys"}},
        )
    )
    assert (source.git.ref.branch, source.git.ref.commit) == ("main", "abc")
    assert (source.git.ignore, source.git.sparse, source.git.timeout) == ("", ("a", "./b"), 90.0)
    assert source.git.recurse_submodules
    assert [(i.name, i.from_path, i.to_path) for i in source.include] == [("lib", "", "lib"), ("x", "f", "t")]
    assert source.verify is not None and source.verify.head and source.verify.tag
    assert source.interval == 3600.0


def test_no_ignore_and_an_empty_one_differ() -> None:
    assert read(declared()).git.ignore is None
    assert read(declared(ignore="")).git.ignore == ""


@pytest.mark.parametrize(
    "spec",
    [
        {"ignore": "*.md"},
        {"sparseCheckout": ["a"]},
        {"recurseSubmodules": True},
        {"verify": {"mode": "HEAD", "secretRef": {"name": "k"}}},
        {"include": [{"repository": {"name": "lib"}}]},
    ],
)
def test_a_setting_that_shapes_the_artifact_asks_for_a_new_one_until_it_was_observed(spec: dict[str, Any]) -> None:
    source = read(declared(**spec))
    included = [{"revision": "r", "digest": "d"}] if source.include else []
    assert content_changed(source, {}, included)
    status = {k: v for k, v in observations(source, included).items() if v is not None}
    if source.verify:
        status["sourceVerificationMode"] = source.verify.mode
    assert not content_changed(source, status, included)


def test_a_new_revision_of_an_included_repository_asks_for_a_new_artifact() -> None:
    source = read(declared(include=[{"repository": {"name": "lib"}}]))
    status = observations(source, [{"revision": "r", "digest": "d"}])
    assert content_changed(source, status, [{"revision": "s", "digest": "d"}])


def test_a_user_with_password_wins_over_a_bearer_token() -> None:
    found = credentials(URL, {"username": b"u", "password": b"p", "bearerToken": b"t"})
    assert (found.username, found.password, found.bearer_token) == ("u", "p", "")


def test_a_user_without_password_is_no_error() -> None:
    assert credentials(URL, {"username": b"u"}).username == "u"


def test_ca_crt_wins_over_the_old_key() -> None:
    assert credentials(URL, {"ca.crt": b"new", "caFile": b"old"}).ca == "new"


@pytest.mark.parametrize(
    ("url", "data", "words"),
    [
        ("https://x/y", {"password": b"p"}, "invalid 'https' auth option: 'password' requires 'username' to be set"),
        ("ssh://x/y", {}, "invalid 'ssh' auth option: 'identity' is required"),
        ("ssh://x/y", {"identity": b"k"}, "invalid 'ssh' auth option: 'known_hosts' is required"),
    ],
)
def test_what_a_transport_needs_is_named(url: str, data: dict[str, bytes], words: str) -> None:
    with pytest.raises(CredentialsInvalid) as caught:
        credentials(url, data)
    assert caught.value.message == words


def test_ssh_logs_in_as_git_unless_the_url_says_otherwise() -> None:
    data = {"identity": b"k", "known_hosts": b"h"}
    assert credentials("ssh://host/x", data).username == "git"
    assert credentials("ssh://me@host/x", data).username == "me"


def test_a_commit_is_told_by_the_start_of_its_first_line() -> None:
    assert subject("short\n\nlong text") == "short"
    assert subject("x" * 60) == "x" * 50 + "..."
