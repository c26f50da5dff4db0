"""Pushes as Git hosts tell of them: GitHub, GitLab, Bitbucket, Gitea and Gogs, Azure DevOps.

In: headers and body, and the secrets of ``argocd-secret``. Out: the addresses of the repository that was pushed to. The
content is never acted on: it only says who should look.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

_ADDRESSES = frozenset(
    {
        "html_url", "clone_url", "ssh_url", "git_url", "web_url", "git_http_url", "git_ssh_url", "http_url", "homepage",
        "url", "remoteUrl", "sshUrl", "webUrl", "href",
    }
)  # fmt: skip
_REPOSITORY = ("repository", "project", "resource")
_SIGNED = (
    ("X-Hub-Signature-256", "webhook.github.secret", "sha256="),
    ("X-Gogs-Signature", "webhook.gogs.secret", ""),
    ("X-Gitea-Signature", "webhook.gogs.secret", ""),
    ("X-Hub-Signature", "webhook.bitbucketserver.secret", "sha256="),
)


class BadSignature(Exception):
    """The push was not signed with the secret that the operator set."""


def pushed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]) -> set[str]:
    """``host/path`` of the repository in lower case, in every form the message has. Raises BadSignature or ValueError."""
    _check({k.lower(): v for k, v in headers.items()}, body, secrets)
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("not an object")
    found: set[str] = set()
    for part in _REPOSITORY:
        found.update(filter(None, map(place, _addresses(message.get(part), 4))))
    return found


def _check(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]) -> None:
    token = secrets.get("webhook.gitlab.secret")
    if token and "x-gitlab-event" in headers and not _same(headers.get("x-gitlab-token"), token):
        raise BadSignature
    for header, key, prefix in _SIGNED:
        secret = secrets.get(key)
        if not secret or not _is_from(header, headers):
            continue
        wanted = prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if not _same(headers.get(header.lower()), wanted):
            raise BadSignature


def _same(given: str | None, wanted: str) -> bool:
    """As bytes: a header may hold any character, and only ASCII texts can be compared."""
    return hmac.compare_digest((given or "").encode("utf-8", "surrogateescape"), wanted.encode())


def _is_from(header: str, headers: Mapping[str, str]) -> bool:
    event = {
        "X-Hub-Signature-256": "x-github-event",
        "X-Gogs-Signature": "x-gogs-event",
        "X-Gitea-Signature": "x-gitea-event",
        "X-Hub-Signature": "x-event-key",
    }[header]
    # Gitea speaks as GitHub and Gogs too; its own signature decides then.
    also = {"x-github-event": "x-gitea-event", "x-gogs-event": "x-gitea-event"}.get(event, "")
    return event in headers and also not in headers


def _addresses(part: Any, depth: int) -> Iterator[str]:
    if depth == 0:
        return
    if isinstance(part, list):
        for item in part:
            yield from _addresses(item, depth - 1)
    if isinstance(part, dict):
        for key, value in part.items():
            if key in _ADDRESSES and isinstance(value, str):
                yield value
            elif isinstance(value, dict | list) and key in ("links", "clone", "html", "ssh", "repository", "project"):
                yield from _addresses(value, depth - 1)


def place(url: str) -> str:
    """``host/path`` of an address in any of Git's forms; "" for what is none."""
    if "://" in url:
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path
    elif ":" in url:
        user_host, _, path = url.partition(":")
        host = user_host.rpartition("@")[2]
    else:
        return ""
    path = path.strip("/").removesuffix(".git").lower()
    return f"{host.lower()}/{path}" if host and path else ""
