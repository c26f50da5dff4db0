"""Scalars: one table of how each dialect reads them; the expectations were taken from kubectl's library and from kustomize."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.yaml import Dialect, load

BOTH = Dialect.OBJECT, Dialect.KYAML


@pytest.mark.parametrize("word", ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"])
def test_old_words_for_true_are_strings_to_kustomize_only(word: str) -> None:
    assert load(f"a: {word}\n") == {"a": True}
    assert load(f"a: {word}\n", dialect=Dialect.KYAML) == {"a": word}


@pytest.mark.parametrize("word", ["n", "N", "no", "No", "NO", "off", "Off", "OFF"])
def test_old_words_for_false_are_strings_to_kustomize_only(word: str) -> None:
    assert load(f"a: {word}\n") == {"a": False}
    assert load(f"a: {word}\n", dialect=Dialect.KYAML) == {"a": word}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("TRUE", True), ("tRue", "tRue"), ("~", None), ("Null", None), ("", None), ("nUll", "nUll"),
        ("0777", 511), ("0o777", 511), ("0b101", 5), ("0x1F", 31), ("-0x1f", -31), ("1_000", 1000), ("1:30", "1:30"), ("08", 8), ("09.5", 9.5),
        ("0b2", "0b2"), ("0o8", "0o8"), ("1e3", 1000), ("1E-3", 0.001), ("1.", 1), ("-.5", -0.5), ("._5", "._5"), (".5_0", 0.5), ("+1", 1),
        ("_1", "_1"), ("1.2.3", "1.2.3"), ("-0", 0), ("1e400", "1e400"), ("12e03", 12000), ("1.50", 1.5), ("=", "="), ("<<", "<<"),
        ("9223372036854775808", 9223372036854775808), ("18446744073709551616", 1.8446744073709552e19), ("-9223372036854775809", -9.223372036854776e18),
        ("!!str 12", "12"), ("!!float 1", 1), ("!!int '7'", 7), ("!!binary aGk=", "hi"), ("!mine 12", "12"), ("'yes'", "yes"), ('"\\u00e9"', "é"),
    ],
)  # fmt: skip
def test_both_dialects_read_this_alike(text: str, value: Any) -> None:
    for dialect in BOTH:
        found = load(f"a: {text}\n", dialect=dialect)["a"]
        assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-01", "2024-01-01T00:00:00Z"),
        ("2024-1-2", "2024-01-02T00:00:00Z"),
        ("2024-1-1T1:2:3.500+02:00", "2024-01-01T01:02:03.5+02:00"),
        ("2024-01-01 1:2:3", "2024-01-01T01:02:03Z"),
        ("2024-01-01T00:00:00+00:00", "2024-01-01T00:00:00Z"),
        ("2024-02-30", "2024-02-30"),
        ("2024-01-01T24:00:00Z", "2024-01-01T24:00:00Z"),
        ("2024-01-01T00:00:00", "2024-01-01T00:00:00"),
    ],
)
def test_a_date_is_a_moment_to_kustomize_and_a_string_to_everyone_else(text: str, moment: str) -> None:
    assert load(f"a: {text}\n") == {"a": text}
    assert load(f"a: {text}\n", dialect=Dialect.KYAML) == {"a": moment}


def test_between_brackets_kustomize_keeps_a_moment_as_written() -> None:
    assert load("{a: 2024-1-1T1:2:3Z, b: 2024-1-1}\n", dialect=Dialect.KYAML) == {
        "a": "2024-1-1T1:2:3Z",
        "b": "2024-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("y", "true"),
        ("off", "false"),
        ("True", "true"),
        ("80", "80"),
        ("0x10", "16"),
        ("1.50", "1.5"),
        ("1e7", "1e+07"),
        ("'y'", "y"),
    ],
)
def test_keys_of_objects_become_strings(key: str, name: str) -> None:
    assert load(f"{key}: v\n") == {name: "v"}


def test_kustomize_takes_a_key_by_its_text() -> None:
    assert load("80: v\ny: w\na: {0x10: v, true: w}\n", dialect=Dialect.KYAML) == {
        "80": "v",
        "y": "w",
        "a": {"0x10": "v", "true": "w"},
    }
