"""Paths as the API server reads them."""

from __future__ import annotations

import pytest

from holdfast.sandbox import route


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", ("", "v1", "", "pods", "", "")),
        ("/api/v1/namespaces/n/pods/p/log", ("", "v1", "n", "pods", "p", "log")),
        ("/apis/apps/v1/namespaces/n/deployments/d", ("apps", "v1", "n", "deployments", "d", "")),
        ("/api/v1/namespaces/n", ("", "v1", "n", "namespaces", "n", "")),
        ("/api/v1/namespaces/n/finalize", ("", "v1", "n", "namespaces", "n", "finalize")),
        ("/api/v1/namespaces/n/status", ("", "v1", "n", "namespaces", "n", "status")),
        ("/api/v1/watch/namespaces/n/pods/p", ("", "v1", "n", "pods", "p", "")),
        ("/api/v1", ("", "", "", "", "", "")),
        ("/healthz", ("", "", "", "", "", "")),
    ],
)
def test_a_path_names_its_resource(path: str, expected: tuple[str, ...]) -> None:
    found = route.parse(path)
    assert (found.group, found.version, found.namespace, found.resource, found.name, found.subresource) == expected


@pytest.mark.parametrize(
    ("path", "method", "watch", "verb"),
    [
        ("/api/v1/pods", "GET", False, "list"),
        ("/api/v1/pods", "GET", True, "watch"),
        ("/api/v1/namespaces/n/pods/p", "GET", True, "get"),
        ("/api/v1/watch/pods", "GET", False, "watch"),
        ("/api/v1/namespaces/n/pods", "DELETE", False, "deletecollection"),
        ("/api/v1/namespaces/n/pods/p", "POST", False, ""),
        ("/api/v1/namespaces/n/pods/p/eviction", "POST", False, "create"),
    ],
)
def test_a_method_is_a_verb(path: str, method: str, watch: bool, verb: str) -> None:
    assert route.verb(route.parse(path), method, watch=watch) == verb
