"""Pages, revisions and selectors of lists."""

from __future__ import annotations

from typing import Any

import pytest


async def _five(api: Any, maps: str, make_map: Any) -> None:
    for name in "abcde":
        await api.call("POST", maps, make_map(name, metadata={"labels": {"odd": str(name in "ace").lower()}}))


def _names(body: dict[str, Any]) -> list[str]:
    return [i["metadata"]["name"] for i in body["items"]]


async def test_pages_show_the_state_of_the_first_page(api: Any, maps: str, make_map: Any) -> None:
    await _five(api, maps, make_map)
    first = (await api.call("GET", f"{maps}?limit=2")).body
    assert _names(first) == ["a", "b"] and first["metadata"]["remainingItemCount"] == 3
    await api.call("DELETE", f"{maps}/c")
    await api.call("POST", maps, make_map("cc"))
    second = (await api.call("GET", f"{maps}?limit=2&continue={first['metadata']['continue']}")).body
    assert _names(second) == ["c", "d"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_an_exact_revision_shows_the_past(api: Any, maps: str, make_map: Any) -> None:
    revision = (await api.call("POST", maps, make_map("a"))).body["metadata"]["resourceVersion"]
    await api.call("POST", maps, make_map("b"))
    await api.call("DELETE", f"{maps}/a")
    past = await api.call("GET", f"{maps}?resourceVersion={revision}&resourceVersionMatch=Exact")
    assert _names(past.body) == ["a"]


async def test_a_page_with_a_selector_counts_nothing(api: Any, maps: str, make_map: Any) -> None:
    await _five(api, maps, make_map)
    page = (await api.call("GET", f"{maps}?limit=1&labelSelector=odd%3Dtrue")).body
    assert _names(page) == ["a"] and "remainingItemCount" not in page["metadata"]
    rest = (await api.call("GET", f"{maps}?labelSelector=odd%3Dtrue&continue={page['metadata']['continue']}")).body
    assert _names(rest) == ["c", "e"]


async def test_a_revision_that_has_not_happened_times_out(api: Any, maps: str) -> None:
    answer = await api.call("GET", f"{maps}?resourceVersion=999999")
    assert (answer.code, answer.reason) == (504, "Timeout")
    assert answer.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("resourceVersion=abc", 400),
        ("limit=x", 400),
        ("resourceVersionMatch=Exact", 422),
        ("labelSelector=a%3Db%3Dc", 400),
        ("fieldSelector=data.k%3Dv", 400),
        ("continue=nonsense", 400),
    ],
)
async def test_options_that_mean_nothing_are_refused(api: Any, maps: str, query: str, code: int) -> None:
    assert (await api.call("GET", f"{maps}?{query}")).code == code


async def test_fields_that_a_kind_registers_select(api: Any) -> None:
    pods = "/api/v1/namespaces/default/pods"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    await api.call("POST", "/api/v1/namespaces/default/serviceaccounts", account)
    for name in ("a", "b"):
        await api.call(
            "POST", pods, {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        )
    await api.call(
        "PATCH", f"{pods}/b/status", {"status": {"phase": "Running"}}, content_type="application/merge-patch+json"
    )
    found = await api.call("GET", f"{pods}?fieldSelector=status.phase%3DRunning")
    assert _names(found.body) == ["b"]
