"""Which OpenAPI document is served in which form."""

from __future__ import annotations

import asyncio
from typing import Any

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.ex.com"},
    "spec": {
        "group": "ex.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
            }
        ],
    },
}


async def test_the_index_names_every_version_with_a_hash(api: Any) -> None:
    answer = await api.call("GET", "/openapi/v3")
    assert answer.code == 200 and '"apis/apps/v1"' in answer.body and "?hash=" in answer.body


async def test_a_document_holds_the_kinds_and_what_they_refer_to(api: Any) -> None:
    body = (await api.call("GET", "/openapi/v3/apis/apps/v1")).body
    schemas = body["components"]["schemas"]
    assert "io.k8s.api.apps.v1.Deployment" in schemas and "io.k8s.api.core.v1.PodSpec" in schemas
    patch = body["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert {"dryRun", "fieldValidation"} <= {p["name"] for p in patch["parameters"]}


async def test_an_unchanged_document_is_not_sent_twice(api: Any) -> None:
    first = await api.call("GET", "/openapi/v3/apis/batch/v1")
    again = await api.call("GET", "/openapi/v3/apis/batch/v1", if_none_match=first.headers["Etag"])
    assert again.code == 304


async def test_a_definition_gets_a_document_of_its_own(api: Any) -> None:
    await api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    body = (await api.call("GET", "/openapi/v3/apis/ex.com/v1")).body
    assert "com.ex.v1.Widget" in body["components"]["schemas"]


async def test_an_unknown_document_is_an_empty_404(api: Any) -> None:
    answer = await api.call("GET", "/openapi/v3/apis/nope.example.com/v1")
    assert (answer.code, answer.body) == (404, "")
