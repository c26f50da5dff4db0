"""Units that deliver to a cluster which a ConfigMap describes, with the token of a service account."""

from __future__ import annotations

from typing import Any

import pytest
from harness import World

from holdfast.kube.refs import ObjectRef

FILES = {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: '1'}\n"}
AUDIENCE = "https://kubernetes.default.svc"


async def described(here: World, **data: str) -> dict[str, Any]:
    """A service account that may do everything, and the ConfigMap of this very cluster."""
    namespace = here.namespace
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "deployer", "namespace": namespace}}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"deployer-{namespace}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": namespace}],
    }
    config = here.client.config
    wanted = {
        "provider": "generic",
        "address": config.server,
        "ca.crt": config.ca.decode(),
        "audiences": AUDIENCE,
        "serviceAccountName": "deployer",
        **data,
    }
    meta = {"name": "cluster", "namespace": namespace}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": wanted}
    for obj in (account, binding, config_map):
        await here.client.apply(obj, manager="tests", force=True)
    return {"configMapRef": {"name": "cluster"}}


async def test_a_config_map_and_a_service_accounts_token_reach_a_cluster(here: World) -> None:
    if not here.client.config.ca:
        pytest.skip("the kubeconfig at hand names no certificate authority")
    target = await described(here)
    await here.declare(kubeConfig=target)
    await here.until_ready(await here.commit(FILES))
    assert await here.config_map("one") is not None
    await here.client.delete(ObjectRef("", "ConfigMap", here.namespace, "one"))
    await here.until(ObjectRef("", "ConfigMap", here.namespace, "one"), lambda o: o is not None)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param({"provider": "aws"}, "provider 'aws'", id="a cloud"),
        pytest.param({"address": ""}, "cluster address is required", id="no address"),
        pytest.param({"serviceAccountName": ""}, "serviceAccountName is required", id="no account"),
    ],
)
async def test_what_is_missing_is_named(here: World, data: dict[str, str], text: str) -> None:
    target = await described(here, **data)
    await here.commit(FILES)
    await here.declare(kubeConfig=target)
    await here.until_failed(saying=text)


async def test_a_config_map_that_is_absent_is_named(here: World) -> None:
    await here.commit(FILES)
    await here.declare(kubeConfig={"configMapRef": {"name": "nowhere"}})
    await here.until_failed(saying=f"failed to get configmap {here.namespace}/nowhere")
