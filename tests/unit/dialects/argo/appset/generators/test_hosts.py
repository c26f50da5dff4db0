"""Pull requests, repositories and plugins, from recorded answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from holdfast.dialects.argo.appset.facts import ConfigMap, Http, Problem, Question, Reply, Secret
from holdfast.dialects.argo.appset.generate import GenerationFailed
from tests.unit.dialects.argo.appset.world import Recorded, applications, declared, go, names, notes


def pull(number: int, branch: str, *labels: str) -> dict[str, Any]:
    return {
        "number": number,
        "title": f"Pull {number}",
        "head": {"ref": branch, "sha": f"{number:040x}"},
        "base": {"ref": "main"},
        "labels": [{"name": label} for label in labels],
        "user": {"login": "octo"},
    }


GITHUB = Recorded(
    "https://api.github.com/",
    {"repos/o/r/pulls": [[pull(1, "feature/One_1", "preview"), pull(2, "two")], [pull(3, "three", "preview", "x")]]},
    lambda q: {"token": b"t0ken\n"} if isinstance(q, Secret) else None,
)
FIELDS = "{{ .number }} {{ .branch }} {{ .branch_slug }} {{ .target_branch }} {{ .head_short_sha }} {{ .head_short_sha_7 }} {{ .author }}"


def test_open_pull_requests_of_all_pages_with_the_labels_asked_for() -> None:
    github = {"owner": "o", "repo": "r", "labels": ["preview"], "tokenRef": {"secretName": "s", "key": "token"}}
    apps = applications(
        go([{"pullRequest": {"github": github}}], "pr-{{ .number }}", {"a": FIELDS, "l": "{{ .labels }}"}), GITHUB
    )
    assert names(apps) == ["pr-1", "pr-3"]
    assert notes(apps[0]) == {"a": "1 feature/One_1 feature-one-1 main 00000000 0000000 octo", "l": "[preview]"}
    assert all(("Authorization", "Bearer t0ken") in q.headers for q in GITHUB.asked)


def test_filters_are_alternatives_of_conditions() -> None:
    github = {
        "github": {"owner": "o", "repo": "r"},
        "filters": [{"branchMatch": "^t", "titleMatch": "2"}, {"branchMatch": "One"}],
    }
    assert names(applications(go([{"pullRequest": github}], "pr-{{ .number }}"), GITHUB)) == ["pr-1", "pr-2"]


def test_merge_requests_of_gitlab() -> None:
    mr = {
        "iid": 7,
        "title": "T",
        "source_branch": "f",
        "target_branch": "main",
        "sha": "abc",
        "labels": ["x"],
        "author": {"username": "u"},
    }
    gitlab = Recorded(
        "https://gitlab.example/api/v4/",
        {"projects/g%2Fp/merge_requests?labels=x%2Cy&state=opened": [[mr], [{**mr, "iid": 8}]]},
    )
    spec = {"api": "https://gitlab.example", "project": "g/p", "labels": ["x", "y"], "pullRequestState": "opened"}
    apps = applications(
        declared(
            [{"pullRequest": {"gitlab": spec}}], "mr-{{number}}", {"a": "{{head_sha}} {{author}} {{branch_slug}}"}
        ),
        gitlab,
    )
    assert names(apps) == ["mr-7", "mr-8"]
    assert notes(apps[0]) == {"a": "abc u f"}


def test_pull_requests_of_gitea() -> None:
    gitea = Recorded("https://gitea.example/api/v1/", {"repos/o/r/pulls?state=open": [[pull(4, "four")]]})
    spec = {"api": "https://gitea.example/", "owner": "o", "repo": "r"}
    assert names(applications(go([{"pullRequest": {"gitea": spec}}], "pr-{{ .number }}"), gitea)) == ["pr-4"]


def test_a_repository_that_is_not_there_is_an_error_unless_told_otherwise() -> None:
    github = {"github": {"owner": "o", "repo": "gone"}}
    with pytest.raises(
        GenerationFailed, match=r"error listing repos: GET https://api.github.com/repos/o/gone/pulls.*: 404 Not Found"
    ):
        applications(go([{"pullRequest": github}], "x"), GITHUB)
    assert applications(go([{"pullRequest": {**github, "continueOnRepoNotFoundError": True}}], "x"), GITHUB) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "failed to select pull request service provider: no Pull Request provider implementation configured"),
        (
            {"bitbucket": {}},
            "failed to select pull request service provider: bitbucket is not supported by Holdfast yet",
        ),
        (
            {"github": {"owner": "o", "repo": "r", "tokenRef": {"secretName": "s", "key": "no"}}},
            'failed to select pull request service provider: error fetching Secret token: key "no" in secret argocd/s not found',
        ),
        (
            {"github": {"owner": "o", "repo": "r"}, "filters": [{"branchMatch": "["}]},
            'error listing repos: error compiling BranchMatch regexp "[": ',
        ),
    ],
)
def test_what_cannot_be_asked_is_told(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(GenerationFailed) as caught:
        applications(go([{"pullRequest": spec}], "x"), GITHUB)
    assert caught.value.message.startswith(message)


def repository(name: str, *topics: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "id": 5, "owner": {"login": "org"}, "default_branch": "main", "topics": list(topics),
        "ssh_url": f"git@h:org/{name}.git", "clone_url": f"https://h/org/{name}.git", "html_url": f"https://h/org/{name}", **more,
    }  # fmt: skip


def branch(name: str) -> dict[str, Any]:
    return {"name": name, "commit": {"sha": "0123456789abcdef"}}


def test_repositories_of_an_organisation_with_their_default_branch() -> None:
    host = Recorded(
        "https://api.github.com/",
        {
            "orgs/org/repos": [
                [repository("one", "gitops", "x")],
                [repository("two"), repository("old", archived=True)],
            ],
            "repos/org/one/branches/main": [branch("main")],
            "repos/org/two/branches/main": [branch("main")],
        },
    )
    spec = {"github": {"organization": "org", "excludeArchivedRepos": True}, "cloneProtocol": "https"}
    text = "{{ .organization }} {{ .url }} {{ .branch }} {{ .short_sha }} {{ .labels }} {{ .repository_id }}"
    apps = applications(go([{"scmProvider": spec}], "{{ .repository }}", {"a": text}), host)
    assert names(apps) == ["one", "two"]
    assert notes(apps[0]) == {"a": "org https://h/org/one.git main 01234567 gitops,x 5"}


def test_filters_choose_repositories_by_name_and_label_and_branches_by_name_and_path() -> None:
    host = Recorded(
        "https://git.example/api/v3/",
        {
            "orgs/org/repos": [[repository("one", "gitops"), repository("two"), repository("three", "gitops")]],
            "repos/org/one/branches": [[branch("main"), branch("dev")]],
            "repos/org/three/branches": [[branch("main")]],
            "repos/org/one/contents/deploy?ref=dev": [[]],
        },
    )
    filters = [
        {"repositoryMatch": "one|three", "labelMatch": "^gitops$"},
        {"pathsExist": ["deploy/"], "pathsDoNotExist": ["no"]},
    ]
    spec = {"github": {"organization": "org", "api": "https://git.example", "allBranches": True}, "filters": filters}
    apps = applications(go([{"scmProvider": spec}], "{{ .repository }}-{{ .branch }}", {"u": "{{ .url }}"}), host)
    assert names(apps) == ["one-dev"]
    assert notes(apps[0]) == {"u": "git@h:org/one.git"}


def test_projects_of_a_gitlab_group() -> None:
    project = {
        "id": 9, "path": "p", "namespace": {"full_path": "g/sub"}, "default_branch": "main", "topics": ["t"],
        "ssh_url_to_repo": "git@h:g/p.git", "http_url_to_repo": "https://h/g/p.git",
    }  # fmt: skip
    host = Recorded(
        "https://gitlab.com/api/v4/",
        {
            "groups/g/projects?include_subgroups=true&topic=&with_shared=true": [[project]],
            "projects/9/repository/branches/main": [{"name": "main", "commit": {"id": "fedcba98765"}}],
            "projects/9/repository/tree?path=deploy&ref=main": [[{"name": "x"}]],
        },
    )
    spec = {"gitlab": {"group": "g", "includeSubgroups": True}, "filters": [{"pathsExist": ["deploy"]}]}
    apps = applications(go([{"scmProvider": spec}], "{{ .repository }}", {"a": "{{ .organization }} {{ .sha }}"}), host)
    assert notes(apps[0]) == {"a": "g/sub fedcba98765"}


def plugin(reply: Reply) -> Any:
    def answer(question: Question) -> Any:
        match question:
            case ConfigMap("argocd", "cm"):
                return {"baseUrl": "http://plugin/", "token": "$plugin:key"}
            case Secret("argocd", "plugin"):
                return {"key": b"secret"}
            case Http():
                assert (question.url, question.method) == ("http://plugin/api/v1/getparams.execute", "POST")
                assert ("Authorization", "Bearer secret") in question.headers
                assert json.loads(question.body) == {"applicationSetName": "s", "input": {"parameters": {"k": "v"}}}
                return reply
        return Problem("not found", absent=True)

    return answer


def test_a_plugin_gives_parameters_and_its_input_is_one_of_them() -> None:
    body = json.dumps({"output": {"parameters": [{"n": "one", "deep": {"x": 1}}]}}).encode()
    spec = {"configMapRef": {"name": "cm"}, "input": {"parameters": {"k": "v"}}, "values": {"v": "{{ .n }}-x"}}
    obj = go([{"plugin": spec}], "{{ .n }}", {"a": "{{ .deep.x }} {{ .generator.input.parameters.k }} {{ .values.v }}"})
    (app,) = applications(obj, plugin(Reply(200, {}, body)))
    assert notes(app) == {"a": "1 v one-x"}


def test_a_plugin_that_fails_is_told() -> None:
    spec = {"configMapRef": {"name": "cm"}, "input": {"parameters": {"k": "v"}}}
    with pytest.raises(
        GenerationFailed, match="error listing params: error get api 's': API error with status code 500: boom"
    ):
        applications(go([{"plugin": spec}], "x"), plugin(Reply(500, {}, b"boom")))
    with pytest.raises(
        GenerationFailed,
        match='error getting plugin from generator: error fetching ConfigMap: ConfigMap "no" not found',
    ):
        applications(go([{"plugin": {"configMapRef": {"name": "no"}}}], "x"), plugin(Reply(200, {}, b"")))
