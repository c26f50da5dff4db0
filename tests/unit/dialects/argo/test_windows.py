"""Sync windows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.dialects.argo.windows import WindowError, can_sync, matching, next_change, read_windows

NOON = datetime(2024, 1, 1, 12, 0, tzinfo=UTC)
OPEN = {"schedule": "0 11 * * *", "duration": "2h"}
CLOSED = {"schedule": "0 15 * * *", "duration": "1h"}
NEVER = {"schedule": "0 0 30 2 *", "duration": "1h"}


def windows(*specs: dict[str, Any]) -> Any:
    return read_windows([{"applications": ["*"], **s} for s in specs])


@pytest.mark.parametrize(
    ("specs", "manual", "allowed"),
    [
        ([], False, True),
        ([{"kind": "allow", **OPEN}], False, True),
        ([{"kind": "allow", **CLOSED}], False, False),
        ([{"kind": "allow", **CLOSED, "manualSync": True}], True, True),
        ([{"kind": "allow", **CLOSED}, {"kind": "allow", **OPEN}], False, True),
        ([{"kind": "deny", **OPEN}], False, False),
        ([{"kind": "deny", **CLOSED}], False, True),
        ([{"kind": "deny", **OPEN}, {"kind": "allow", **OPEN}], False, False),
        ([{"kind": "deny", **OPEN, "manualSync": True}], True, True),
        ([{"kind": "deny", **OPEN, "manualSync": True}, {"kind": "deny", **OPEN}], True, False),
        ([{"kind": "deny", **NEVER}], False, False),
        ([{"kind": "allow", **NEVER}], False, True),
    ],
)
def test_deny_beats_allow_and_a_window_that_never_comes_is_open(
    specs: list[dict[str, Any]], manual: bool, allowed: bool
) -> None:
    assert can_sync(windows(*specs), NOON, manual=manual) is allowed


def test_a_zone_moves_the_window() -> None:
    tokyo = {"kind": "allow", "schedule": "0 20 * * *", "duration": "2h", "timeZone": "Asia/Tokyo"}
    assert can_sync(windows(tokyo), NOON, manual=False)
    assert not can_sync(windows({**tokyo, "timeZone": "Europe/Berlin"}), NOON, manual=False)


def test_a_zone_that_is_none_is_utc() -> None:
    assert can_sync(windows({"kind": "allow", **OPEN, "timeZone": "Nowhere/At_All"}), NOON, manual=False)


def test_a_running_sync_may_overrun_where_every_window_in_the_way_says_so() -> None:
    started = datetime(2024, 1, 1, 10, 30, tzinfo=UTC)
    deny = {"kind": "deny", **OPEN, "syncOverrun": True}
    assert can_sync(windows(deny), NOON, manual=False, started=started)
    assert not can_sync(windows(deny), NOON, manual=False, started=NOON)
    assert not can_sync(windows(deny, {"kind": "deny", **OPEN}), NOON, manual=False, started=started)


def test_a_schedule_that_is_none_is_told() -> None:
    with pytest.raises(WindowError, match="invalid sync windows: cannot parse schedule 'never': expected exactly 5"):
        can_sync(windows({"kind": "allow", "schedule": "never", "duration": "1h"}), NOON, manual=False)
    with pytest.raises(WindowError, match="cannot parse duration '1x'"):
        can_sync(windows({"kind": "deny", **OPEN, "duration": "1x"}), NOON, manual=False)


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({"applications": ["web-*"]}, True),
        ({"applications": ["api-*"]}, False),
        ({"applications": ["api-*"], "namespaces": ["prod"]}, True),
        ({"applications": ["api-*"], "namespaces": ["prod"], "andOperator": True}, False),
        ({"applications": ["web-*"], "namespaces": ["prod"], "andOperator": True}, True),
        ({"clusters": ["eu-*"]}, True),
        ({"clusters": ["https://one"], "applications": ["web-1"], "andOperator": True}, False),
        ({}, False),
        ({"andOperator": True}, False),
    ],
)
def test_a_window_is_about_applications_clusters_and_namespaces(spec: dict[str, Any], fits: bool) -> None:
    found = matching(read_windows([{"kind": "deny", **OPEN, **spec}]), "web-1", {"name": "eu-1", "namespace": "prod"})
    assert bool(found) is fits


def test_the_next_change_is_when_the_first_window_opens_or_closes() -> None:
    both = windows({"kind": "deny", **OPEN}, {"kind": "allow", **CLOSED}, {"kind": "deny", **NEVER})
    assert next_change(both, NOON) == datetime(2024, 1, 1, 13, 0, tzinfo=UTC)
    assert next_change(windows({"kind": "allow", **CLOSED}), NOON) == datetime(2024, 1, 1, 15, 0, tzinfo=UTC)
    assert next_change(windows({"kind": "allow", **NEVER}), NOON) is None
