"""``pullRequest``: one parameter set for every open pull or merge request that fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from holdfast.dialects.argo.appset.facts import GeneratorError, NotThere
from holdfast.dialects.argo.appset.generators.context import Context, wrapped
from holdfast.dialects.argo.appset.generators.hosts import GITEA, GITHUB, GITLAB, Host, host, provider
from holdfast.dialects.argo.appset.params import Params, slug

_PROVIDERS = {
    "github": GITHUB, "gitlab": GITLAB, "gitea": GITEA,
    "bitbucketServer": "", "bitbucket": "", "azuredevops": "",
}  # fmt: skip
_FILTERS = {"branchMatch": "BranchMatch", "targetBranchMatch": "TargetBranchMatch", "titleMatch": "TitleMatch"}


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    title: str
    branch: str
    target: str
    sha: str
    labels: tuple[str, ...]
    author: str


def generate(spec: Mapping[str, Any], context: Context) -> list[Params]:
    field, kind = provider(spec, _PROVIDERS)
    doing = "failed to select pull request service provider"
    if not field:
        raise GeneratorError(f"{doing}: no Pull Request provider implementation configured")
    if not kind:
        raise GeneratorError(f"{doing}: {field} is not supported by Holdfast yet")
    try:
        api = host(kind, spec[field], context)
    except GeneratorError as error:
        raise wrapped(doing, error) from error
    filters = _filters(spec.get("filters") or ())
    try:
        found = list(_LISTS[kind](spec[field], api, context))
    except NotThere as error:
        if spec.get("continueOnRepoNotFoundError"):
            return []
        raise wrapped("error listing repos", error) from error
    except GeneratorError as error:
        raise wrapped("error listing repos", error) from error
    return [_parameters(p, spec, context) for p in found if not filters or any(_fits(p, f) for f in filters)]


def repositories(spec: Mapping[str, Any]) -> set[str]:
    """The address of the repository whose pull requests are asked for: what a webhook tells of is compared with it."""
    github, gitlab, gitea = (spec.get(k) for k in ("github", "gitlab", "gitea"))
    if github is not None:
        server = str(github.get("api") or "https://github.com").replace("://api.", "://")
        return {f"{_top(server)}/{github.get('owner')}/{github.get('repo')}"}
    if gitlab is not None:
        return {f"{_top(str(gitlab.get('api') or 'https://gitlab.com'))}/{gitlab.get('project')}"}
    return (
        {f"{_top(str(gitea.get('api') or ''))}/{gitea.get('owner')}/{gitea.get('repo')}"}
        if gitea is not None
        else set()
    )


def _top(server: str) -> str:
    scheme, _, rest = server.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _filters(specs: Sequence[Mapping[str, Any]]) -> list[dict[str, re.Pattern[str]]]:
    found = []
    for spec in specs:
        compiled = {}
        for field, shown in _FILTERS.items():
            if spec.get(field) is None:
                continue
            try:
                compiled[field] = re.compile(spec[field])
            except re.error as error:
                raise GeneratorError(
                    f'error listing repos: error compiling {shown} regexp "{spec[field]}": {error}'
                ) from error
        found.append(compiled)
    return found


def _fits(pull: PullRequest, patterns: Mapping[str, re.Pattern[str]]) -> bool:
    texts = {"branchMatch": pull.branch, "targetBranchMatch": pull.target, "titleMatch": pull.title}
    return all(p.search(texts[field]) for field, p in patterns.items())


def _github(spec: Mapping[str, Any], api: Host, context: Context) -> Iterator[PullRequest]:
    owner, repo = spec.get("owner"), spec.get("repo")
    try:
        for p in api.pages(f"repos/{owner}/{repo}/pulls", {}, context):
            found = _common(p, p.get("user") or {})
            if set(spec.get("labels") or ()) <= set(found.labels):
                yield found
    except NotThere:
        raise
    except GeneratorError as error:
        raise wrapped(f"error listing pull requests for {owner}/{repo}", error) from error


def _gitea(spec: Mapping[str, Any], api: Host, context: Context) -> Iterator[PullRequest]:
    for p in api.pages(f"repos/{spec.get('owner')}/{spec.get('repo')}/pulls", {"state": "open"}, context):
        found = _common(p, p.get("user") or {})
        if set(spec.get("labels") or ()) <= set(found.labels):
            yield found


def _common(p: Mapping[str, Any], user: Mapping[str, Any]) -> PullRequest:
    head, base = p.get("head") or {}, p.get("base") or {}
    return PullRequest(
        number=int(p.get("number") or 0),
        title=str(p.get("title") or ""),
        branch=str(head.get("ref") or ""),
        target=str(base.get("ref") or ""),
        sha=str(head.get("sha") or ""),
        labels=tuple(str(label.get("name") or "") for label in p.get("labels") or ()),
        author=str(user.get("login") or user.get("username") or ""),
    )


def _gitlab(spec: Mapping[str, Any], api: Host, context: Context) -> Iterator[PullRequest]:
    project = str(spec.get("project") or "")
    query = {"labels": ",".join(spec.get("labels") or ()), "state": str(spec.get("pullRequestState") or "")}
    path = f"projects/{quote(project, safe='')}/merge_requests"
    try:
        for m in api.pages(path, {k: v for k, v in query.items() if v}, context):
            yield PullRequest(
                number=int(m.get("iid") or 0),
                title=str(m.get("title") or ""),
                branch=str(m.get("source_branch") or ""),
                target=str(m.get("target_branch") or ""),
                sha=str(m.get("sha") or ""),
                labels=tuple(m.get("labels") or ()),
                author=str((m.get("author") or {}).get("username") or ""),
            )
    except NotThere:
        raise
    except GeneratorError as error:
        raise wrapped(f"error listing merge requests for project '{project}'", error) from error


_LISTS = {GITHUB: _github, GITLAB: _gitlab, GITEA: _gitea}


def _parameters(pull: PullRequest, spec: Mapping[str, Any], context: Context) -> Params:
    params: Params = {
        "number": str(pull.number),
        "title": pull.title,
        "branch": pull.branch,
        "branch_slug": slug(pull.branch, underscores=False),
        "target_branch": pull.target,
        "target_branch_slug": slug(pull.target, underscores=False),
        "head_sha": pull.sha,
        "head_short_sha": pull.sha[:8],
        "head_short_sha_7": pull.sha[:7],
        "author": pull.author,
    }
    if context.go:
        params["labels"] = list(pull.labels)
    try:
        context.renderer.add_values(spec.get("values"), params)
    except GeneratorError as error:
        raise wrapped("failed to append templated values", error) from error
    return params
