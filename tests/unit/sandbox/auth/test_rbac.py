from __future__ import annotations

from tests.unit.sandbox.auth.cluster import RBAC, Cluster, rule

PODS = "/api/v1/namespaces/default/pods"


def test_who_has_no_role_is_refused_with_the_servers_words() -> None:
    answer = Cluster().send("GET", PODS, as_="al")
    assert answer.code == 403
    assert answer.message == (
        'pods is forbidden: User "al" cannot list resource "pods" in API group "" in the namespace "default"'
    )
    assert answer.body["details"] == {"kind": "pods"}


def test_a_binding_works_at_once_and_ends_at_once() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("list", "pods"))
    assert cluster.send("GET", PODS, as_="al").code == 200
    assert cluster.send("GET", "/api/v1/namespaces/kube-system/pods", as_="al").code == 403
    cluster.send("DELETE", f"{RBAC}/namespaces/default/rolebindings/r")
    assert cluster.send("GET", PODS, as_="al").code == 403


def test_a_changed_role_counts_from_the_next_request() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("get", "pods"))
    body = {"metadata": {"name": "r"}, "rules": [rule("list", "pods")]}
    assert cluster.send("PUT", f"{RBAC}/namespaces/default/roles/r", body).code == 200
    assert cluster.send("GET", PODS, as_="al").code == 200


def test_a_binding_to_a_role_that_is_not_there_says_so() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("list", "pods"))
    cluster.send("DELETE", f"{RBAC}/namespaces/default/roles/r")
    assert cluster.send("GET", PODS, as_="al").message.endswith('RBAC: role.rbac.authorization.k8s.io "r" not found')


def test_a_list_of_one_name_is_about_that_name() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("list,watch", "pods", resourceNames=["a"]))
    assert cluster.send("GET", PODS, as_="al", query={"fieldSelector": "metadata.name=a"}).code == 200
    assert cluster.send("GET", PODS, as_="al", query={"fieldSelector": "metadata.name=b"}).code == 403


def test_apply_to_what_is_not_there_asks_for_create_too() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("patch", "configmaps"))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    send = {"as_": "al", "query": {"fieldManager": "m"}, "media": "application/apply-patch+yaml"}
    path = "/api/v1/namespaces/default/configmaps/a"
    assert cluster.send("PATCH", path, body, **send).message.startswith(
        'configmaps "a" is forbidden: User "al" cannot create resource "configmaps"'
    )
    cluster.made("/api/v1/namespaces/default/configmaps", body)
    assert cluster.send("PATCH", path, body, **send).code == 200


def test_service_accounts_of_the_namespace_need_no_namespace_in_a_binding() -> None:
    cluster = Cluster()
    cluster.made(f"{RBAC}/namespaces/default/roles", {"metadata": {"name": "r"}, "rules": [rule("list", "pods")]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
    body = {
        "metadata": {"name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot"}],
        "roleRef": reference,
    }
    cluster.made(f"{RBAC}/namespaces/default/rolebindings", body)
    assert cluster.send("GET", PODS, as_="system:serviceaccount:default:robot").code == 200


def test_with_always_allow_everybody_may() -> None:
    assert Cluster("AlwaysAllow").send("GET", PODS, token="al").code == 200
