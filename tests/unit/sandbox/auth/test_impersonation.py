from __future__ import annotations

import pytest

from tests.unit.sandbox.auth.cluster import Cluster, rule

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def groups(cluster: Cluster, user: str, **headers: str) -> list[str]:
    named = {f"impersonate-{key}": value for key, value in headers.items()}
    answer = cluster.send("POST", WHO, {}, as_=user, headers=named)
    assert answer.code == 201, answer.body
    found: list[str] = answer.body["status"]["userInfo"]["groups"]
    return found


def test_users_are_authenticated_and_service_accounts_bring_their_groups() -> None:
    cluster = Cluster()
    assert groups(cluster, "al") == ["system:authenticated"]
    assert groups(cluster, "al", group="g") == ["g", "system:authenticated"]
    assert groups(cluster, "system:serviceaccount:ns:sa") == [
        "system:serviceaccounts",
        "system:serviceaccounts:ns",
        "system:authenticated",
    ]


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("group", 'UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)'),
        ("uid", 'UID:"x", Groups:[]string(nil), Extra:map[string][]string(nil)'),
        ("extra-Foo%2fb", 'UID:"", Groups:[]string(nil), Extra:map[string][]string{"foo/b":[]string{"x"}}'),
    ],
)
def test_a_group_without_a_user_is_a_bad_request(header: str, shown: str) -> None:
    answer = Cluster().send("GET", "/api", headers={f"impersonate-{header}".lower(): "x"})
    assert answer.code == 400
    assert answer.message == f'requested &user.DefaultInfo{{Name:"", {shown}}} without impersonating a user name'


def test_who_may_not_impersonate_is_told_so() -> None:
    answer = Cluster().send("GET", "/api/v1/namespaces/default/pods", token="al", as_="bob")
    assert answer.code == 403
    assert 'User "al" cannot impersonate-on:user-info:list resource "pods"' in answer.message


def test_the_right_to_impersonate_one_user_is_no_right_to_others_or_to_groups() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("impersonate", "users", resourceNames=["bob"]), name="i", namespace="")
    assert cluster.send("GET", "/api", token="al", as_="bob").code == 200
    assert cluster.send("GET", "/api", token="al", as_="eve").code == 403
    assert cluster.send("GET", "/api", token="al", as_="bob", headers={"impersonate-group": "g"}).code == 403


def test_constrained_impersonation_needs_the_right_to_the_action_and_to_the_user() -> None:
    cluster = Cluster()
    cluster.grant("bob", rule("list", "pods"))
    on = rule("impersonate-on:user-info:list", "pods")
    who = rule("impersonate:user-info", "users", "authentication.k8s.io", resourceNames=["bob"])
    cluster.grant("al", on, who, name="c", namespace="")
    path = "/api/v1/namespaces/default/pods"
    assert cluster.send("GET", path, token="al", as_="bob").code == 200
    assert cluster.send("GET", f"{path}/x", token="al", as_="bob").code == 403
