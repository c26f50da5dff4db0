"""Digests of records and values, which have to be those that Flux computes."""

from __future__ import annotations

import hashlib

from holdfast.reconcile.helm_digest import go_time, hook_runs, record_digest, same_values, snapshot, values_digest


def sha(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_of_values_is_that_of_their_sorted_yaml_and_of_none_that_of_nothing() -> None:
    assert values_digest({}) == sha("")
    assert values_digest({"b": 1.0, "a": {"d": True, "c": "x"}}) == sha("a:\n  c: x\n  d: true\nb: 1\n")


def test_digests_of_the_old_kind_are_compared_in_their_own_algorithm() -> None:
    assert same_values("sha1:" + hashlib.sha1(b"a: 1\n", usedforsecurity=False).hexdigest(), {"a": 1.0})
    assert not same_values("crc32:1", {"a": 1.0})


def test_the_digest_of_a_record_is_of_gos_json_of_it() -> None:
    record = {
        "name": "app",
        "namespace": "team",
        "version": 2,
        "info": {"first_deployed": "2026-01-01T00:00:00.500000+00:00", "deleted": "", "status": "deployed"},
        "chart": {"metadata": {"version": "1", "name": "a<b", "unknown": 1}, "templates": [{"name": "x"}]},
        "config": {"z": 1.0, "a": None},
        "manifest": "m",
        "hooks": [
            {"name": "t", "events": ["test"]},
            {"name": "h", "events": ["pre-install"], "last_run": {"phase": "", "started_at": ""}, "weight": 0},
        ],
        "apply_method": "ssa",
    }
    expected = (
        '{"name":"app","version":2,"info":{"first_deployed":"2026-01-01T00:00:00.5Z","status":"deployed"},'
        '"chartMetadata":{"name":"a\\u003cb","version":"1"},"config":{"a":null,"z":1},"manifest":"m",'
        '"hooks":[{"name":"h","events":["pre-install"],"last_run":{"phase":""}}],"namespace":"team"}\n'
    )
    assert record_digest(record) == sha(expected)
    with_digest = expected.replace('"team"}', '"team","ociDigest":"sha256:1"}')
    assert record_digest(record, "sha256:1") == sha(with_digest)


def test_runs_of_tests_do_not_change_the_digest_of_a_record() -> None:
    before = {"name": "app", "hooks": [{"name": "t", "events": ["test"], "last_run": {"phase": ""}}]}
    after = {"name": "app", "hooks": [{"name": "t", "events": ["test"], "last_run": {"phase": "Failed"}}]}
    assert record_digest(before) == record_digest(after)
    assert hook_runs(after, lambda name: True)["t"].phase == "Failed"  # type: ignore[union-attr]
    assert hook_runs(after, lambda name: False) == {}


def test_times_are_written_as_go_writes_them() -> None:
    assert go_time("2026-01-01T00:00:00.120000Z") == "2026-01-01T00:00:00.12Z"
    assert go_time("2026-01-01T00:00:00.000000+02:00") == "2026-01-01T00:00:00+02:00"
    assert go_time("0001-01-01T00:00:00Z") == go_time(None) == ""


def test_a_snapshot_has_its_times_in_utc_and_whole_seconds() -> None:
    found = snapshot({"name": "a", "info": {"first_deployed": "2026-01-01T01:00:00.9+01:00", "status": "failed"}})
    assert (found.first_deployed, found.status, found.config_digest) == ("2026-01-01T00:00:00Z", "failed", sha(""))
