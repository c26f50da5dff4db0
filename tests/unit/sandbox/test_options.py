"""Query parameters as the API server reads them."""

from __future__ import annotations

import pytest

from holdfast.sandbox import options
from holdfast.sandbox.options import Query
from holdfast.sandbox.status import StatusError


@pytest.mark.parametrize(
    ("text", "value"),
    [("watch=abc", True), ("watch=1", True), ("watch=0", False), ("watch=false", False), ("watch=", False), ("", None)],
)
def test_a_flag_is_true_unless_it_says_no(text: str, value: bool | None) -> None:
    assert Query(text).flag("watch") is value


def test_the_first_of_a_repeated_parameter_counts() -> None:
    assert Query("labelSelector=a%3Db&labelSelector=c").text("labelSelector") == "a=b"


@pytest.mark.parametrize("text", ["limit=", "limit=x", "limit=1.5"])
def test_a_number_that_does_not_parse_is_a_bad_request(text: str) -> None:
    with pytest.raises(StatusError) as refused:
        Query(text).integer("limit")
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("query", "apply", "field"),
    [
        ("", True, "fieldManager"),
        ("force=false", False, "force"),
        ("dryRun=", False, "dryRun"),
        ("fieldValidation=X", False, "fieldValidation"),
    ],
)
def test_options_of_a_patch_that_do_not_fit_are_invalid(query: str, apply: bool, field: str) -> None:
    with pytest.raises(StatusError) as refused:
        options.patch_options(Query(query), apply=apply)
    assert refused.value.details is not None
    assert [c["field"] for c in refused.value.details["causes"]] == [field]


def test_delete_options_in_the_body_leave_the_query_aside() -> None:
    found = options.delete_options(
        Query("gracePeriodSeconds=9"), {"gracePeriodSeconds": 3, "preconditions": {"uid": "u"}}
    )
    assert (found.grace, found.uid) == (3, "u")


def test_a_query_carries_preconditions_where_there_is_no_body() -> None:
    found = options.delete_options(Query("uid=u&resourceVersion=7"), None)
    assert (found.uid, found.resource_version) == ("u", "7")
    assert options.delete_options(Query("uid=u&dryRun=All"), {}) == options.DeleteOptions()


def test_a_number_of_more_than_64_bits_is_a_bad_request() -> None:
    with pytest.raises(StatusError, match="value out of range"):
        Query(f"gracePeriodSeconds={1 << 63}").integer("gracePeriodSeconds")
