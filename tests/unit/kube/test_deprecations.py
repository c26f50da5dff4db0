"""Deprecated APIs of Kubernetes."""

from __future__ import annotations

import pytest

from holdfast.kube.deprecations import DEPRECATIONS, warning


@pytest.mark.parametrize(
    ("api", "kind", "minor", "text"),
    [
        ("apps/v1beta1", "Deployment", 37, "apps/v1beta1 Deployment is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 Deployment"),
        ("apps/v1beta1", "Deployment", 7, ""),
        ("v1", "ComponentStatus", 19, "v1 ComponentStatus is deprecated in v1.19+"),
        ("batch/v1beta1", "CronJobList", 37, "batch/v1beta1 CronJobList is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJobList"),
        ("apps/v1", "Deployment", 37, ""),
        ("example.com/v1", "Deployment", 37, ""),
    ],
)  # fmt: skip
def test_what_is_old_for_a_version_is_warned_of(api: str, kind: str, minor: int, text: str) -> None:
    assert warning(api, kind, 1, minor) == text


def test_what_was_removed_was_deprecated_before() -> None:
    assert all(d.removed == 0 or d.removed > d.since for d in DEPRECATIONS.values())
