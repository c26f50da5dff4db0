"""A world for ApplicationSets in tests: a set written in short, what is known, and the applications that come out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from holdfast.base.tree import MemoryTree
from holdfast.dialects.argo.appset import spec
from holdfast.dialects.argo.appset.facts import Facts, GitTree, Http, Pending, Problem, Question, Reply
from holdfast.dialects.argo.appset.generate import generate
from holdfast.dialects.argo.appset.params import FUNCTIONS
from holdfast.helm.text import TextTemplates
from holdfast.kube.refs import Manifest

Answers = Callable[[Question], Any]
STRICT = ("missingkey=error",)


ENGINE = TextTemplates(FUNCTIONS)


def declared(generators: list[Any], name: str, annotations: Mapping[str, str] | None = None, **more: Any) -> Manifest:
    """A set whose applications are named so."""
    template = {
        "metadata": {"name": name, **({"annotations": dict(annotations)} if annotations else {})},
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://r", "path": "p"},
            "destination": {"namespace": "n"},
        },
    }
    return {
        "metadata": {"name": "s", "namespace": "argocd", "uid": "u"},
        "spec": {"generators": generators, "template": template, **more},
    }


def go(generators: list[Any], name: str, annotations: Mapping[str, str] | None = None, **more: Any) -> Manifest:
    return declared(generators, name, annotations, goTemplate=True, goTemplateOptions=list(STRICT), **more)


def applications(
    obj: Manifest, answer: Answers | None = None, clusters: list[Manifest] | None = None, projects: Any = None
) -> list[Manifest]:
    """Asks until everything is known. Raises GenerationFailed."""
    wanted, known = spec.read(obj), dict[Question, Any]()
    while True:
        facts = Facts(clusters or [], projects, known)
        try:
            return generate(wanted, facts, ENGINE, "argocd")
        except Pending:
            assert answer is not None, f"nobody answers {list(facts.wanted)}"
            known.update({q: answer(q) for q in facts.wanted})


def names(apps: list[Manifest]) -> list[str]:
    return [a["metadata"]["name"] for a in apps]


def notes(app: Manifest) -> dict[str, str]:
    found: dict[str, str] = app["metadata"].get("annotations") or {}
    return found


def files(**content: str) -> Answers:
    """One repository with these files, for any address and revision."""
    tree = MemoryTree({k: v.encode() for k, v in content.items()})

    def answer(question: Question) -> Any:
        assert isinstance(question, GitTree)
        return tree

    return answer


def cluster(name: str, server: str, **labels: str) -> Manifest:
    meta = {"name": name, "labels": labels, "annotations": {"an": "x"}}
    return {"metadata": meta, "data": {"name": name, "server": server}}


class Recorded:
    """A source host that was recorded: (path and query without paging) to the pages of its answer."""

    def __init__(
        self, base: str, pages: Mapping[str, list[Any]], more: Callable[[Question], Any] | None = None
    ) -> None:
        self.base = base
        self.pages = pages
        self.asked: list[Http] = []
        self._more = more

    def __call__(self, question: Question) -> Any:
        if not isinstance(question, Http):
            return self._more(question) if self._more else Problem("not found", absent=True)
        self.asked.append(question)
        assert question.url.startswith(self.base), question.url
        path, _, query = question.url[len(self.base) :].partition("?")
        asked = dict(p.split("=") for p in query.split("&") if p)
        number = int(asked.pop("page", "1"))
        for size in ("per_page", "limit"):
            asked.pop(size, None)
        key = path + ("?" + "&".join(f"{k}={v}" for k, v in sorted(asked.items())) if asked else "")
        if key not in self.pages:
            return Reply(404, {}, b'{"message": "Not Found"}')
        found = self.pages[key]
        headers = {}
        if number < len(found):
            following = f"{self.base}{path}?page={number + 1}"
            headers = {"link": f'<{following}>; rel="next", <x?page=9>; rel="last"', "x-next-page": str(number + 1)}
        body = found[number - 1] if number <= len(found) else []
        return Reply(200, headers, json.dumps(body).encode())
