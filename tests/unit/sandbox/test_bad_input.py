"""Any request whatever gets an answer of the API's own: no input meets a defect."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.sandbox.httpd import Request

SEEDS: dict[str, dict[str, Any]] = {
    "/api/v1/namespaces/default/pods": {
        "metadata": {"name": "a", "labels": {"a": "b"}},
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "image": "i",
                    "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                    "ports": [{"containerPort": 80}],
                    "resources": {"requests": {"cpu": "1m"}},
                    "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                }
            ],
            "volumes": [{"name": "v", "emptyDir": {}}],
            "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "z"}]}},
            "tolerations": [{"operator": "Exists"}],
        },
    },
    "/api/v1/namespaces/default/services": {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}},
    "/api/v1/namespaces/default/configmaps": {"metadata": {"name": "a", "finalizers": ["a.b/c"]}, "data": {"k": "v"}},
    "/apis/apps/v1/namespaces/default/deployments": {
        "metadata": {"name": "a"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "strategy": {"rollingUpdate": {"maxSurge": "25%"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        },
    },
    "/apis/batch/v1/namespaces/default/jobs": {
        "metadata": {"name": "a"},
        "spec": {
            "completionMode": "Indexed",
            "completions": 2,
            "podFailurePolicy": {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}]},
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}},
        },
    },
    "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers": {
        "metadata": {"name": "a"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            "maxReplicas": 2,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}],
            "behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 1}]}},
        },
    },
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": {
        "metadata": {"name": "ws.ex.com"},
        "spec": {
            "group": "ex.com",
            "scope": "Namespaced",
            "names": {"plural": "ws", "kind": "W"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"s": {"type": "string"}}}},
                    "additionalPrinterColumns": [{"name": "S", "type": "string", "jsonPath": ".s"}],
                }
            ],
        },
    },
    "/apis/rbac.authorization.k8s.io/v1/clusterroles": {
        "metadata": {"name": "a"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    },
    "/apis/networking.k8s.io/v1/namespaces/default/ingresses": {
        "metadata": {"name": "a"},
        "spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {}}}]}}]},
    },
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies": {
        "metadata": {"name": "a"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
                ]
            },
            "validations": [{"expression": "object.spec.x > 1"}],
        },
    },
    "/apis/authorization.k8s.io/v1/subjectaccessreviews": {
        "spec": {"user": "u", "resourceAttributes": {"verb": "get"}}
    },
}
_scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
)
_media = st.sampled_from(
    [
        "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/merge-patch+json",
        "application/strategic-merge-patch+json", "application/json-patch+json", "application/apply-patch+yaml", "text/plain", "", "a/b;;",
    ]
)  # fmt: skip
_accept = st.sampled_from(
    ["application/json", "*/*", "", "application/json;as=Table;v=v1;g=meta.k8s.io", "x", "application/yaml"]
)
_parts = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], max_codepoint=0x2FF), max_size=6
) | st.sampled_from(
    [
        "%2e%2e",
        "..",
        "a%00b",
        "%ff",
        "-",
        "status",
        "scale",
        "log",
        "exec",
        "eviction",
        "binding",
        "proxy",
        "token",
        "resize",
    ]
)
_queries = st.sampled_from(
    [
        "", "limit=1", "limit=x", "continue=abc", "continue=%ff", "resourceVersion=1", "resourceVersion=-1", "resourceVersion=9e9",
        "labelSelector=a%20in", "labelSelector=%00", "fieldSelector=metadata.name", "fieldSelector===", "watch=1&resourceVersion=x",
        "dryRun=All", "dryRun=x", "fieldManager=%07", "fieldValidation=Strict", "force=x", "pretty=1", "gracePeriodSeconds=x",
        "propagationPolicy=x", "timeoutSeconds=x", "resourceVersionMatch=Exact", "sendInitialEvents=true", "includeObject=x", "%=%&&==",
    ]
)  # fmt: skip
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _places(inner, (*path, key))
    return found


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    made = json.loads(json.dumps(value))
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return made


async def _ask(api: Any, method: str, target: str, query: str, media: str, accept: str, body: bytes) -> int:
    """The answer's code; a defect of the server's own is a failure."""
    given = {"content-type": media, "accept": accept, "authorization": "Bearer admin-token", "user-agent": "fuzz"}
    request = Request(method, target, query, given, list(given.items()), body)
    response = await api.machine.server.handle(request)
    assert b"a defect of its own" not in response.body, (method, target, query, media, body)
    if response.stream is not None:
        await response.stream.aclose()
    return int(response.code)


@SLOW
@given(data=st.data())
async def test_a_wrong_value_anywhere_in_an_object_is_refused_or_taken(api: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(SEEDS)))
    place = data.draw(st.sampled_from(_places(SEEDS[path])))
    body = json.dumps(_with(SEEDS[path], place, data.draw(_values))).encode()
    accept = data.draw(_accept)
    await _ask(api, "POST", path, "dryRun=All", "application/json", accept, body)
    media = data.draw(_media)
    await _ask(api, "PATCH", f"{path}/a", "fieldManager=m&dryRun=All", media, accept, body)
    await _ask(api, "PUT", f"{path}/a", "dryRun=All", "application/json", accept, body)


@SLOW
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "X"]),
    base=st.sampled_from([*sorted(SEEDS), "/api", "/apis", "/api/v1", "/openapi/v3", "/openapi/v2", "", "/apis/apps"]),
    parts=st.lists(_parts, max_size=3),
    query=_queries,
    media=_media,
    accept=_accept,
    body=st.binary(max_size=40) | _values.map(lambda v: json.dumps(v).encode()),
)
async def test_any_request_whatever_gets_an_answer(
    api: Any, method: str, base: str, parts: list[str], query: str, media: str, accept: str, body: bytes
) -> None:
    await _ask(api, method, "/".join([base, *parts]), query, media, accept, body)


@pytest.mark.parametrize("size", [0, 1, 4, 5, 40])
async def test_broken_protobuf_is_refused(api: Any, size: int) -> None:
    body = b"k8s\x00\n\x0c\n\x02v1\x12\x06Secret\x12\xff\xff\xff\xff\x0f" + b"\xff" * size
    path = "/api/v1/namespaces/default/secrets"
    for cut in range(len(body)):
        code = await _ask(api, "POST", path, "", "application/vnd.kubernetes.protobuf", "application/json", body[:cut])
        assert 400 <= code < 500, (cut, code)
