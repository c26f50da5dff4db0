from __future__ import annotations

from typing import Any

from tests.unit.sandbox.auth.cluster import RBAC, Cluster, rule

GROUP = "rbac.authorization.k8s.io"
ROLES = f"{RBAC}/namespaces/default/roles"
BINDINGS = f"{RBAC}/namespaces/default/rolebindings"


def binding(name: str, role: str, kind: str = "Role") -> dict[str, Any]:
    reference = {"apiGroup": GROUP, "kind": kind, "name": role}
    subjects = [{"kind": "User", "apiGroup": GROUP, "name": "al"}]
    return {"metadata": {"name": name}, "subjects": subjects, "roleRef": reference}


def test_roles_may_hold_no_more_than_their_writer() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("create,update,patch", "roles", GROUP), rule("get", "configmaps"))
    cluster.made(ROLES, {"metadata": {"name": "a"}, "rules": [rule("get", "configmaps")]}, as_="al")
    answer = cluster.send("POST", ROLES, {"metadata": {"name": "b"}, "rules": [rule("get", "pods")]}, as_="al")
    assert answer.code == 403
    assert answer.message == (
        'roles.rbac.authorization.k8s.io "b" is forbidden: user "al" (groups=["system:authenticated"]) is attempting to '
        'grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'
    )
    patch = {"rules": [rule("list", "configmaps")]}
    media = "application/merge-patch+json"
    assert cluster.send("PATCH", f"{ROLES}/a", patch, as_="al", media=media).code == 403


def test_escalate_lets_through() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("create,escalate", "roles", GROUP))
    cluster.made(ROLES, {"metadata": {"name": "b"}, "rules": [rule("*", "*")]}, as_="al")


def test_binding_needs_the_rights_of_the_role_or_the_verb_bind() -> None:
    cluster = Cluster()
    cluster.made(ROLES, {"metadata": {"name": "big"}, "rules": [rule("*", "secrets")]})
    cluster.made(ROLES, {"metadata": {"name": "free"}, "rules": [rule("*", "pods")]})
    cluster.grant("al", rule("create", "rolebindings", GROUP), rule("bind", "roles", GROUP, resourceNames=["free"]))
    assert cluster.send("POST", BINDINGS, binding("x", "big"), as_="al").code == 403
    assert cluster.send("POST", BINDINGS, binding("y", "free"), as_="al").code == 201
    missing = cluster.send("POST", BINDINGS, binding("z", "ghost"), as_="al")
    assert (missing.code, missing.message) == (404, 'rolebindings.rbac.authorization.k8s.io "ghost" not found')


def test_aggregation_rules_are_for_administrators() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("create", "clusterroles", GROUP), name="c", namespace="")
    body = {"metadata": {"name": "x"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
    answer = cluster.send("POST", f"{RBAC}/clusterroles", body, as_="al")
    assert answer.message.endswith("must have cluster-admin privileges to use the aggregationRule")
