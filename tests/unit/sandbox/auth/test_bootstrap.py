from __future__ import annotations

from tests.unit.sandbox.auth.cluster import RBAC, Cluster


def test_the_well_known_roles_are_there_and_aggregate() -> None:
    cluster = Cluster()
    edit = cluster.send("GET", f"{RBAC}/clusterroles/edit").body
    chosen = {"rbac.authorization.k8s.io/aggregate-to-edit": "true"}
    assert edit["aggregationRule"] == {"clusterRoleSelectors": [{"matchLabels": chosen}]}
    view = cluster.send("GET", f"{RBAC}/clusterroles/view").body
    assert view["metadata"]["labels"] == {"kubernetes.io/bootstrapping": "rbac-defaults", **chosen}
    admin = cluster.send("GET", f"{RBAC}/clusterroles/cluster-admin").body
    assert admin["rules"] == [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
        {"verbs": ["*"], "nonResourceURLs": ["*"]},
    ]


def test_everybody_may_discover_and_only_some_may_see_more() -> None:
    cluster = Cluster()
    assert cluster.send("GET", "/apis/apps/v1", token="al").code == 200
    assert cluster.send("GET", "/metrics", token="al").message == 'forbidden: User "al" cannot get path "/metrics"'
    assert cluster.send("GET", "/version", as_="system:anonymous").code == 200
    assert cluster.send("GET", "/api", as_="system:anonymous").code == 403
