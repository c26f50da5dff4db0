"""Which webhook calls count."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from holdfast.dialects.flux.receiver import Refused, check, path, read

TOKEN, BODY = "s3cret", b'{"ref":"refs/heads/main"}'


def signed(algorithm: str = "sha256", token: str = TOKEN) -> str:
    return f"{algorithm}={hmac.new(token.encode(), BODY, algorithm).hexdigest()}"


def declared(type: str, *, events: tuple[str, ...] = ()) -> Any:
    spec = {"type": type, "events": list(events), "resources": [{"kind": "GitRepository", "name": "app"}]}
    return read({"metadata": {"name": "hook", "namespace": "ns"}, "spec": spec})


@pytest.mark.parametrize(
    ("type", "headers"),
    [
        ("generic", {}),
        ("dockerhub", {}),
        ("generic-hmac", {"X-Signature": signed()}),
        ("generic-hmac", {"x-signature": signed("sha512")}),
        ("github", {"X-Hub-Signature-256": signed()}),
        ("github", {"X-Hub-Signature": signed("sha1")}),
        ("bitbucket", {"X-Hub-Signature": signed()}),
        ("gitlab", {"X-Gitlab-Token": TOKEN}),
        ("harbor", {"Authorization": TOKEN}),
        ("nexus", {"X-Nexus-Webhook-Signature": signed("sha1").removeprefix("sha1=")}),
    ],
)
def test_a_genuine_call_is_taken(type: str, headers: dict[str, str]) -> None:
    check(declared(type), TOKEN, BODY, headers)


@pytest.mark.parametrize(
    ("type", "headers"),
    [
        ("generic-hmac", {}),
        ("generic-hmac", {"X-Signature": signed(token="other")}),
        ("generic-hmac", {"X-Signature": "crc32=00"}),
        ("github", {"X-Hub-Signature-256": "sha256="}),
        ("gitlab", {"X-Gitlab-Token": "other"}),
        ("gitlab", {"X-Gitlab-Token": "\udce9"}),
        ("github", {"X-Hub-Signature-256": "sha256=\udce9"}),
        ("gitlab", {}),
        ("gcr", {}),
    ],
)
def test_a_call_that_does_not_know_the_token_is_refused(type: str, headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        check(declared(type), TOKEN, BODY, headers)


def test_only_the_events_that_were_asked_for_count() -> None:
    headers = {"X-Hub-Signature-256": signed(), "X-GitHub-Event": "push"}
    check(declared("github", events=("ping", "push")), TOKEN, BODY, headers)
    with pytest.raises(Refused, match=r"'push' is not among spec\.events"):
        check(declared("github", events=("ping",)), TOKEN, BODY, headers)


def test_the_path_is_made_of_token_name_and_namespace() -> None:
    assert path("t", "n", "ns") == "/hook/" + hashlib.sha256(b"tnns").hexdigest()


def test_a_target_without_version_is_of_the_flux_group_of_its_kind() -> None:
    target = declared("generic").targets[0]
    assert (target.group, target.namespace) == ("source.toolkit.fluxcd.io", "ns")
