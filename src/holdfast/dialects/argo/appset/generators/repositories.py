"""``scmProvider``: one parameter set for every branch of every repository of an organisation that fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from holdfast.dialects.argo.appset.facts import GeneratorError, NotThere, Pending
from holdfast.dialects.argo.appset.generators.context import Context, wrapped
from holdfast.dialects.argo.appset.generators.hosts import GITEA, GITHUB, GITLAB, Host, host, provider
from holdfast.dialects.argo.appset.params import Params, normalize

_PROVIDERS = {
    "github": GITHUB, "gitlab": GITLAB, "gitea": GITEA,
    "bitbucketServer": "", "azureDevOps": "", "bitbucket": "", "awsCodeCommit": "",
}  # fmt: skip
_SHOWN = {GITHUB: "GitHub", GITLAB: "Gitlab", GITEA: "GitHub"}


@dataclass(frozen=True, slots=True)
class Repository:
    organization: str
    name: str
    url: str
    branch: str
    id: int
    labels: tuple[str, ...]
    sha: str = ""


@dataclass(frozen=True, slots=True)
class _Filter:
    repository: re.Pattern[str] | None
    label: re.Pattern[str] | None
    branch: re.Pattern[str] | None
    present: tuple[str, ...]
    absent: tuple[str, ...]

    @property
    def about_branches(self) -> bool:
        return bool(self.branch or self.present or self.absent)


def generate(spec: Mapping[str, Any], context: Context) -> list[Params]:
    field, kind = provider(spec, _PROVIDERS)
    if not field:
        raise GeneratorError("no SCM provider implementation configured")
    if not kind:
        raise GeneratorError(f"scm provider {field} is not supported by Holdfast yet")
    api = host(kind, spec[field], context)
    try:
        found = _Search(spec, spec[field], api, context).run()
    except GeneratorError as error:
        raise wrapped("error listing repos", error) from error
    return [_parameters(r, spec, context) for r in found]


class _Search:
    def __init__(self, spec: Mapping[str, Any], config: Mapping[str, Any], api: Host, context: Context) -> None:
        self._config = config
        self._api = api
        self._context = context
        self._protocol = str(spec.get("cloneProtocol") or "ssh")
        self._filters = [_filter(f) for f in spec.get("filters") or ()]

    def run(self) -> list[Repository]:
        if self._protocol not in ("ssh", "https"):
            raise GeneratorError(f"unknown clone protocol for {_SHOWN[self._api.kind]} {self._protocol}")
        about_repositories = [f for f in self._filters if not f.about_branches]
        listed = [r for r in self._list() if not about_repositories or self._any(about_repositories, r)]
        branches = self._each(listed, lambda r: list(self._branches(r)))
        about_branches = [f for f in self._filters if f.about_branches]
        if not about_branches:
            return branches
        return self._each(branches, lambda r: [r] if self._any(about_branches, r) else [])

    @staticmethod
    def _each(repositories: Sequence[Repository], look: Any) -> list[Repository]:
        """All questions about all repositories are asked before anybody waits for the first answer."""
        found: list[Repository] = []
        waiting = False
        for repository in repositories:
            try:
                found += look(repository)
            except Pending:
                waiting = True
        if waiting:
            raise Pending
        return found

    def _any(self, filters: Sequence[_Filter], repository: Repository) -> bool:
        return any(self._fits(f, repository) for f in filters)

    def _fits(self, wanted: _Filter, repository: Repository) -> bool:
        if wanted.repository and not wanted.repository.search(repository.name):
            return False
        if wanted.branch and not wanted.branch.search(repository.branch):
            return False
        if wanted.label and not any(wanted.label.search(label) for label in repository.labels):
            return False
        if not all(self._has(repository, p) for p in wanted.present):
            return False
        return not any(self._has(repository, p) for p in wanted.absent)

    # --- what the hosts tell

    def _list(self) -> Iterator[Repository]:
        config, api = self._config, self._api
        if api.kind == GITHUB:
            owner = config.get("organization")
            yield from self._listed(f"orgs/{owner}/repos", {}, "error listing repositories for", str(owner))
        elif api.kind == GITEA:
            yield from self._listed(f"orgs/{config.get('owner')}/repos", {}, "", "")
        else:
            yield from self._gitlab_projects()

    def _listed(self, path: str, query: Mapping[str, str], doing: str, whose: str) -> Iterator[Repository]:
        try:
            for r in self._api.pages(path, query, self._context):
                if not (self._config.get("excludeArchivedRepos") and r.get("archived")):
                    yield self._repository(r)
        except GeneratorError as error:
            raise (wrapped(f"{doing} {whose}", error) if doing else error) from error

    def _repository(self, r: Mapping[str, Any]) -> Repository:
        gitea = self._api.kind == GITEA
        https = r.get("html_url") if gitea else r.get("clone_url")
        owner = self._config.get("owner") if gitea else (r.get("owner") or {}).get("login")
        return Repository(
            organization=str(owner or ""),
            name=str(r.get("name") or ""),
            url=str((r.get("ssh_url") if self._protocol == "ssh" else https) or ""),
            branch=str(r.get("default_branch") or ""),
            id=int(r.get("id") or 0),
            labels=tuple(r.get("topics") or ()),
        )

    def _gitlab_projects(self) -> Iterator[Repository]:
        config, group = self._config, str(self._config.get("group") or "")
        shared = config.get("includeSharedProjects")
        query = {
            "include_subgroups": "true" if config.get("includeSubgroups") else "false",
            "with_shared": "false" if shared is False else "true",
            "topic": str(config.get("topic") or ""),
        }
        if config.get("includeArchivedRepos"):
            query["archived"] = "true"
        try:
            for p in self._api.pages(f"groups/{quote(group, safe='')}/projects", query, self._context):
                url = p.get("ssh_url_to_repo") if self._protocol == "ssh" else p.get("http_url_to_repo")
                yield Repository(
                    organization=str((p.get("namespace") or {}).get("full_path") or ""),
                    name=str(p.get("path") or ""),
                    url=str(url or ""),
                    branch=str(p.get("default_branch") or ""),
                    id=int(p.get("id") or 0),
                    labels=tuple(p.get("topics") or p.get("tag_list") or ()),
                )
        except GeneratorError as error:
            raise wrapped(f"error listing projects for {group}", error) from error

    def _branches(self, repository: Repository) -> Iterator[Repository]:
        at = self._branches_path(repository)
        every = bool(self._config.get("allBranches"))
        try:
            found = self._api.pages(at, {}, self._context) if every else iter([self._default(at, repository)])
            for b in found:
                commit = b.get("commit") or {}
                yield replace(
                    repository, branch=str(b.get("name") or ""), sha=str(commit.get("sha") or commit.get("id") or "")
                )
        except NotThere as error:
            if self._api.kind == GITEA and not every:
                text = f'got 404 while getting default branch "{repository.branch}" for repo "{repository.name}"'
                raise GeneratorError(f"{text} - check your repo config: {error.message}") from error
        except GeneratorError as error:
            raise wrapped(f"error listing branches for {repository.organization}/{repository.name}", error) from error

    def _default(self, at: str, repository: Repository) -> Any:
        return self._api.get(f"{at}/{quote(repository.branch, safe='')}", {}, self._context)

    def _branches_path(self, repository: Repository) -> str:
        if self._api.kind == GITLAB:
            return f"projects/{repository.id}/repository/branches"
        return f"repos/{repository.organization}/{repository.name}/branches"

    def _has(self, repository: Repository, path: str) -> bool:
        path = path.rstrip("/")
        if self._api.kind != GITLAB:
            where = f"repos/{repository.organization}/{repository.name}/contents/{quote(path)}"
            return self._api.exists(where, {"ref": repository.branch}, self._context)
        top = f"projects/{repository.id}/repository"
        if self._api.exists(f"{top}/files/{quote(path, safe='')}", {"ref": repository.branch}, self._context):
            return True
        return self._api.exists(f"{top}/tree", {"path": path, "ref": repository.branch}, self._context)


def _filter(spec: Mapping[str, Any]) -> _Filter:
    def compiled(field: str, shown: str) -> re.Pattern[str] | None:
        if spec.get(field) is None:
            return None
        try:
            return re.compile(spec[field])
        except re.error as error:
            raise GeneratorError(f'error compiling {shown} regexp "{spec[field]}": {error}') from error

    return _Filter(
        compiled("repositoryMatch", "RepositoryMatch"),
        compiled("labelMatch", "LabelMatch"),
        compiled("branchMatch", "BranchMatch"),
        tuple(spec.get("pathsExist") or ()),
        tuple(spec.get("pathsDoNotExist") or ()),
    )


def _parameters(repository: Repository, spec: Mapping[str, Any], context: Context) -> Params:
    params: Params = {
        "organization": repository.organization,
        "repository": repository.name,
        "repository_id": repository.id,
        "url": repository.url,
        "branch": repository.branch,
        "sha": repository.sha,
        "short_sha": repository.sha[:8],
        "short_sha_7": repository.sha[:7],
        "labels": ",".join(repository.labels),
        "branchNormalized": normalize(repository.branch),
    }
    try:
        context.renderer.add_values(spec.get("values"), params)
    except GeneratorError as error:
        raise wrapped("failed to append templated values", error) from error
    return params
