"""A whole sandbox without sockets: requests in, answers out."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from holdfast.sandbox.httpd import Request
from holdfast.sandbox.identity import AUTHENTICATED, Authenticator, User
from holdfast.sandbox.machine import build

RBAC = "/apis/rbac.authorization.k8s.io/v1"
POLICIES = "/apis/admissionregistration.k8s.io/v1"
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Answer:
    def __init__(self, code: int, body: Any, warnings: list[str]) -> None:
        self.code = code
        self.body = body
        self.warnings = warnings

    @property
    def message(self) -> str:
        return str(self.body["message"])


class Cluster:
    """``root`` may do everything; others are acted as."""

    def __init__(self, authorization: str = "RBAC") -> None:
        self.now = NOW
        tokens = {"root": User("root", ("system:masters", AUTHENTICATED)), "al": User("al", (AUTHENTICATED,))}
        authenticator = Authenticator(tokens)
        self.machine = build(
            clock=lambda: self.now, authenticator=authenticator, data=None, authorization=authorization
        )

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        as_: str = "",
        token: str = "root",
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        media: str = "application/json",
    ) -> Answer:
        found = {"authorization": f"Bearer {token}", "content-type": media, "user-agent": "tests", **(headers or {})}
        if as_:
            found["impersonate-user"] = as_
        data = b"" if body is None else orjson.dumps(body)
        request = Request(method, path, urlencode(query or {}), found, list(found.items()), data)
        response = asyncio.run(self.machine.server.handle(request))
        value = orjson.loads(response.body) if response.content_type.startswith("application/json") else response.body
        return Answer(response.code, value, [v for k, v in response.headers if k == "Warning"])

    def made(self, path: str, body: Any, **more: Any) -> Any:
        answer = self.send("POST", path, body, **more)
        assert answer.code == 201, answer.body
        return answer.body

    def grant(self, user: str, *rules: dict[str, Any], name: str = "r", namespace: str = "default") -> None:
        """A role in the namespace, or a cluster role where that is empty, bound to the user."""
        place = f"{RBAC}/namespaces/{namespace}/" if namespace else f"{RBAC}/cluster"
        kind = "Role" if namespace else "ClusterRole"
        self.made(f"{place}roles", {"metadata": {"name": name}, "rules": list(rules)})
        subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        self.made(f"{place}rolebindings", {"metadata": {"name": name}, "subjects": [subject], "roleRef": reference})


def rule(verbs: str, resources: str, group: str = "", **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources.split(","), "verbs": verbs.split(","), **more}
