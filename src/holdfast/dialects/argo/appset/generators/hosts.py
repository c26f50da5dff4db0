"""Talking to source hosts: how GitHub, GitLab and Gitea are asked, page by page, and how they refuse.

Every request is a question to the facts; nothing is sent from here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from holdfast.dialects.argo.appset.facts import ConfigMap, GeneratorError, Http, NotThere, Reply, Secret
from holdfast.dialects.argo.appset.generators.context import Context, wrapped

GITHUB, GITLAB, GITEA = "github", "gitlab", "gitea"
_NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="next"')
_PAGES = 1000
_PAGE = 100
_GITEA_PAGE = 50


@dataclass(frozen=True, slots=True)
class Host:
    """One API. ``base`` ends with a slash."""

    kind: str
    base: str
    headers: tuple[tuple[str, str], ...]
    ca: str = ""
    insecure: bool = False

    def get(self, path: str, query: Mapping[str, str], context: Context) -> Any:
        """The JSON of one answer. Raises NotThere for 404, GeneratorError otherwise."""
        return _read(self._question(path, query), context)[0]

    def exists(self, path: str, query: Mapping[str, str], context: Context) -> bool:
        try:
            self.get(path, query, context)
        except NotThere:
            return False
        return True

    def pages(self, path: str, query: Mapping[str, str], context: Context) -> Iterator[Any]:
        """The items of all pages of a listing."""
        size = {"limit": str(_GITEA_PAGE), "page": "1"} if self.kind == GITEA else {"per_page": str(_PAGE)}
        asked = {**query, **size}
        for _ in range(_PAGES):
            question = self._question(path, asked)
            items, reply = _read(question, context)
            yield from items or ()
            following = self._following(reply, asked, len(items or ()))
            if following is None:
                return
            asked = following

    def _following(self, reply: Reply, asked: Mapping[str, str], count: int) -> dict[str, str] | None:
        if self.kind == GITLAB:
            page = reply.headers.get("x-next-page", "")
        elif self.kind == GITHUB:
            link = _NEXT.search(reply.headers.get("link", ""))
            number = re.search(r"[?&]page=(\d+)", link[1]) if link else None
            page = number[1] if number else ""
        else:
            page = str(int(asked["page"]) + 1) if count >= int(asked["limit"]) else ""
        return {**asked, "page": page} if page else None

    def _question(self, path: str, query: Mapping[str, str]) -> Http:
        url = self.base + path + (f"?{urlencode(sorted(query.items()))}" if query else "")
        return Http(url, self.headers, ca=self.ca, insecure=self.insecure)


def _read(question: Http, context: Context) -> tuple[Any, Reply]:
    reply: Reply = context.facts.ask(question)
    if not 200 <= reply.status < 300:
        message = f"{question.method} {question.url}: {reply.status} {_said(reply.body)}"
        raise (NotThere if reply.status == 404 else GeneratorError)(message)
    try:
        return json.loads(reply.body), reply
    except ValueError as error:
        raise GeneratorError(f"{question.method} {question.url}: {error}") from error


def _said(body: bytes) -> str:
    try:
        found = json.loads(body)
        return str(found.get("message") or found.get("error") or "") + " []"
    except (ValueError, AttributeError):
        return body.decode("utf-8", "replace")[:200]


def host(kind: str, spec: Mapping[str, Any], context: Context) -> Host:
    """The API that a provider's specification names, with its token and authorities. Raises GeneratorError and Pending."""
    if spec.get("appSecretName"):
        raise GeneratorError("GitHub App secrets are not supported by Holdfast yet; use a tokenRef")
    api = str(spec.get("api") or "")
    token = _token(spec.get("tokenRef"), context)
    ca = _authorities(spec.get("caRef"), context)
    insecure = bool(spec.get("insecure"))
    if kind == GITHUB:
        headers = [("Accept", "application/vnd.github+json")]
        headers += [("Authorization", f"Bearer {token}")] if token else []
        return Host(kind, _github_base(api), tuple(headers), ca, insecure)
    if kind == GITLAB:
        base = (api or "https://gitlab.com").rstrip("/") + "/"
        base = base if base.endswith("/api/v4/") else f"{base}api/v4/"
        return Host(kind, base, (("Authorization", f"Bearer {token}"),) if token else (), ca, insecure)
    base = f"{api.rstrip('/')}/api/v1/"
    return Host(kind, base, (("Authorization", f"token {token}"),) if token else (), ca, insecure)


def _github_base(api: str) -> str:
    """GitHub's own, or an enterprise server's, whose API is below /api/v3 unless its name says that it is the API."""
    if not api:
        return "https://api.github.com/"
    base = api.rstrip("/") + "/"
    name = base.partition("://")[2].partition("/")[0]
    if base.endswith("/api/v3/") or name.startswith("api.") or ".api." in name:
        return base
    return f"{base}api/v3/"


def _token(reference: Mapping[str, Any] | None, context: Context) -> str:
    if not reference:
        return ""
    name, key = str(reference.get("secretName") or ""), str(reference.get("key") or "")
    namespace = context.set.namespace
    try:
        data: Mapping[str, bytes] = context.facts.ask(Secret(namespace, name))
    except NotThere as error:
        raise GeneratorError(
            f'error fetching Secret token: error fetching secret {namespace}/{name}: Secret "{name}" not found'
        ) from error
    except GeneratorError as error:
        raise wrapped(f"error fetching Secret token: error fetching secret {namespace}/{name}", error) from error
    if key not in data:
        raise GeneratorError(f'error fetching Secret token: key "{key}" in secret {namespace}/{name} not found')
    return data[key].decode("utf-8", "replace").strip()


def _authorities(reference: Mapping[str, Any] | None, context: Context) -> str:
    if not reference:
        return ""
    doing = "error fetching CA certificates from ConfigMap"
    name, key = str(reference.get("configMapName") or ""), str(reference.get("key") or "")
    try:
        data: Mapping[str, str] = context.facts.ask(ConfigMap(context.set.namespace, name))
    except GeneratorError as error:
        raise wrapped(doing, error) from error
    if key not in data:
        raise GeneratorError(f"{doing}: key {key} not found in ConfigMap {name}")
    return str(data[key])


def provider(spec: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, str]:
    """(field, kind of host) of the provider that is configured; ("", "") for none that is known at all."""
    return next(((field, kind) for field, kind in names.items() if spec.get(field) is not None), ("", ""))
