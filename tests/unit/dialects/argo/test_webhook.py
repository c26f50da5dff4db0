"""Pushes as Git hosts tell of them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from holdfast.dialects.argo.webhook import BadSignature, place, pushed

BODIES: dict[str, dict[str, Any]] = {
    "github": {"ref": "refs/heads/main", "repository": {"html_url": "https://Example.com/Org/Repo", "url": "api://x"}},
    "gitlab": {
        "project": {"git_http_url": "https://example.com/org/repo.git", "web_url": "https://example.com/org/repo"}
    },
    "gitea": {
        "repository": {"clone_url": "https://example.com/org/repo.git", "ssh_url": "git@example.com:org/repo.git"}
    },
    "bitbucket": {"repository": {"links": {"html": {"href": "https://example.com/org/repo"}}}},
    "azure": {"resource": {"repository": {"remoteUrl": "https://example.com/org/repo"}}},
}


@pytest.mark.parametrize("host", BODIES)
def test_the_repository_is_told_as_host_and_path(host: str) -> None:
    assert "example.com/org/repo" in pushed({}, json.dumps(BODIES[host]).encode(), {})


def test_a_signature_is_asked_for_where_a_secret_is_set() -> None:
    body = json.dumps(BODIES["github"]).encode()
    secrets = {"webhook.github.secret": "s3cret"}
    good = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert pushed({"X-GitHub-Event": "push", "X-Hub-Signature-256": good}, body, secrets)
    with pytest.raises(BadSignature):
        pushed({"X-GitHub-Event": "push", "X-Hub-Signature-256": good[:-1] + "x"}, body, secrets)
    with pytest.raises(BadSignature):
        pushed({"X-GitHub-Event": "push"}, body, secrets)


def test_gitlab_sends_its_token_as_it_is() -> None:
    body = json.dumps(BODIES["gitlab"]).encode()
    secrets = {"webhook.gitlab.secret": "t"}
    assert pushed({"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": "t"}, body, secrets)
    with pytest.raises(BadSignature):
        pushed({"X-Gitlab-Event": "Push Hook"}, body, secrets)


@pytest.mark.parametrize("given", ["", "wrong", "h\u00f6lzern", "\udce9"])
def test_a_wrong_token_of_any_letters_is_a_bad_signature(given: str) -> None:
    body = json.dumps(BODIES["gitlab"]).encode()
    with pytest.raises(BadSignature):
        pushed({"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": given}, body, {"webhook.gitlab.secret": "t"})


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(ValueError):
        pushed({}, b"[]", {})


def test_an_address_is_the_same_in_all_of_gits_forms() -> None:
    forms = ("https://u@h.example/a/b.git", "ssh://git@h.example:22/a/b", "git@h.example:a/b.git")
    assert {place(f) for f in forms} == {"h.example/a/b"}
    assert place("nothing") == ""
