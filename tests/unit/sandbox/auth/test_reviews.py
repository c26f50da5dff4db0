from __future__ import annotations

import datetime
from typing import Any

from tests.unit.sandbox.auth.cluster import Cluster, rule

AUTH = "/apis/authorization.k8s.io/v1"
TOKENS = "/api/v1/namespaces/default/serviceaccounts/robot/token"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"


def may(cluster: Cluster, verb: str, resource: str, **who: Any) -> dict[str, Any]:
    attributes = {"verb": verb, "resource": resource, "namespace": "default"}
    body = {"spec": {**who, "resourceAttributes": attributes}}
    found: dict[str, Any] = cluster.made(f"{AUTH}/subjectaccessreviews", body)["status"]
    return found


def test_a_review_answers_with_the_binding_that_allows() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("get", "pods"))
    assert may(cluster, "get", "pods", user="al") == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "r/default" of Role "r" to User "al"',
    }
    assert may(cluster, "list", "pods", user="al") == {"allowed": False}
    assert may(cluster, "list", "pods", user="x", groups=["system:masters"]) == {"allowed": True}


def test_a_review_of_nobody_or_of_nothing_is_invalid() -> None:
    cluster = Cluster()
    answer = cluster.send("POST", f"{AUTH}/subjectaccessreviews", {"spec": {"resourceAttributes": {"verb": "get"}}})
    assert answer.code == 422
    assert answer.message.startswith('.authorization.k8s.io "" is invalid: spec.user: Invalid value: ""')
    assert cluster.send("POST", f"{AUTH}/selfsubjectaccessreviews", {"spec": {}}).code == 422


def test_the_rules_of_a_user_are_listed() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("get", "pods", resourceNames=["x"]))
    found = cluster.made(f"{AUTH}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}}, as_="al")["status"]
    assert rule("get", "pods", resourceNames=["x"]) in found["resourceRules"]
    assert found["incomplete"] is False


def robot(cluster: Cluster, **spec: Any) -> str:
    cluster.send("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "robot"}})
    token: str = cluster.made(TOKENS, {"spec": spec})["status"]["token"]
    return token


def test_a_token_acts_as_its_account_until_it_expires_or_the_account_goes() -> None:
    cluster = Cluster()
    token = robot(cluster, expirationSeconds=600)
    answer = cluster.send("GET", "/api/v1/namespaces/default/pods", token=token)
    assert 'User "system:serviceaccount:default:robot" cannot list' in answer.message
    cluster.now += datetime.timedelta(seconds=601)
    assert cluster.send("GET", "/api", token=token).code == 401
    fresh = robot(cluster)
    assert cluster.send("GET", "/api", token=fresh).code == 200
    cluster.send("DELETE", "/api/v1/namespaces/default/serviceaccounts/robot")
    assert cluster.send("GET", "/api", token=fresh).code == 401


def test_a_token_for_others_is_no_credential_here_but_a_review_for_them_knows_it() -> None:
    cluster = Cluster()
    token = robot(cluster, audiences=["vault"])
    assert cluster.send("GET", "/api", token=token).code == 401
    own = cluster.made(REVIEWS, {"spec": {"token": token}})["status"]
    assert own["user"] == {} and "token audiences" in own["error"]
    theirs = cluster.made(REVIEWS, {"spec": {"token": token, "audiences": ["vault", "x"]}})["status"]
    assert theirs["authenticated"] and theirs["audiences"] == ["vault"]


def test_a_token_bound_to_a_secret_dies_with_it() -> None:
    cluster = Cluster()
    cluster.made("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}})
    token = robot(cluster, boundObjectRef={"kind": "Secret", "apiVersion": "v1", "name": "s"})
    assert cluster.send("GET", "/api", token=token).code == 200
    cluster.send("DELETE", "/api/v1/namespaces/default/secrets/s")
    assert cluster.send("GET", "/api", token=token).code == 401
