"""What a store holds, written down and put back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdfast.base.errors import Stop
from holdfast.sandbox import snapshot
from holdfast.sandbox.persist import SqliteJournal
from holdfast.sandbox.store import Store


def _object(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "labels": {"a": name}}, "data": {"k": "v\n"}}


def _filled() -> Store:
    store = Store()
    store.create("configmaps", ("ns", "a"), _object("a"), "v1")
    store.create("apps/deployments", ("ns", "b"), _object("b"), "v1")
    store.create("configmaps", ("ns", "gone"), _object("gone"), "v1")
    store.delete("configmaps", ("ns", "gone"))
    return store


def _again(lines: list[bytes]) -> snapshot.Contents:
    return snapshot.read(lines, "file")


def test_everything_comes_back_with_its_revision_and_writes_go_on_above(tmp_path: Path) -> None:
    before = _filled()
    contents = _again(list(snapshot.lines(snapshot.take(before))))
    journal = SqliteJournal(tmp_path)
    store = Store(journal)
    store.fill(contents.records, contents.revision)
    found = store.table("configmaps").get(("ns", "a"))
    assert found is not None and found.load() == before.table("configmaps").get(("ns", "a")).load()  # type: ignore[union-attr]
    assert found.labels == {"a": "a"}
    assert store.create("configmaps", ("ns", "c"), _object("c"), "v1").revision == before.revision + 1
    journal.close()

    journal = SqliteJournal(tmp_path)
    kept = Store(journal)
    journal.restore(kept)
    assert [r.key for r in kept.table("configmaps").scan()] == [("ns", "a"), ("ns", "c")]
    assert [r.key for r in kept.table("apps/deployments").scan()] == [("ns", "b")]
    journal.close()


def test_a_snapshot_is_of_the_moment_at_which_it_was_asked_for() -> None:
    store = _filled()
    taken = snapshot.take(store)
    store.create("configmaps", ("ns", "later"), _object("later"), "v1")
    names = [record.key[1] for _, record in _again(list(snapshot.lines(taken))).records]
    assert sorted(names) == ["a", "b"]


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda lines: lines[:-1], "not a whole snapshot"),
        (lambda lines: [*lines[:1], *lines[2:]], "not a whole snapshot"),
        (lambda lines: [*lines, lines[1]], "behind the end"),
        (lambda lines: [lines[0], lines[1][:20], *lines[2:]], "line 2"),
        (lambda lines: [lines[0], b'{"table":"x"}\n', *lines[2:]], "not a record"),
        (lambda lines: lines[1:], "not a snapshot"),
        (lambda lines: [b'{"format":"holdfast-sandbox-snapshot","version":9}\n', *lines[1:]], "version 9"),
        (lambda _: [], "not a whole snapshot"),
        (lambda _: [b"[]\n"], "not an object"),
    ],
)
def test_a_file_that_is_not_a_whole_snapshot_is_refused_with_the_reason(break_it: Any, told: str) -> None:
    lines = list(snapshot.lines(snapshot.take(_filled())))
    with pytest.raises(Stop, match=told):
        _again(break_it(lines))
