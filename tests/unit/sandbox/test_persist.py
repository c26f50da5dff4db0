"""What was acknowledged is there after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.base.errors import Stop
from holdfast.sandbox.persist import SqliteJournal
from holdfast.sandbox.store import Expired, Store


def _open(folder: Path) -> tuple[Store, SqliteJournal]:
    journal = SqliteJournal(folder)
    store = Store(journal)
    journal.restore(store)
    return store, journal


def _object(name: str, **labels: str) -> dict[str, object]:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "labels": labels}, "data": {"k": "v"}}


def test_objects_come_back_with_their_revision_and_labels(tmp_path: Path) -> None:
    store, journal = _open(tmp_path)
    written = store.create("configmaps", ("ns", "a"), _object("a", tier="web"), "v1")
    journal.close()

    again, _ = _open(tmp_path)
    found = again.table("configmaps").get(("ns", "a"))
    assert found is not None
    assert (found.revision, found.uid, found.labels, found.raw) == (
        written.revision,
        "uid-a",
        {"tier": "web"},
        written.raw,
    )


def test_a_revision_spent_on_a_deletion_is_not_given_out_again(tmp_path: Path) -> None:
    store, journal = _open(tmp_path)
    store.create("configmaps", ("ns", "a"), _object("a"), "v1")
    gone = store.delete("configmaps", ("ns", "a"))
    journal.close()

    again, _ = _open(tmp_path)
    assert again.table("configmaps").get(("ns", "a")) is None
    assert again.revision == gone.revision


def test_watches_from_before_a_restart_have_to_list_again(tmp_path: Path) -> None:
    store, journal = _open(tmp_path)
    first = store.create("configmaps", ("ns", "a"), _object("a"), "v1")
    store.update("configmaps", ("ns", "a"), _object("a"), "v1")
    journal.close()

    again, _ = _open(tmp_path)
    with pytest.raises(Expired):
        again.table("configmaps").since(first.revision)


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    _open(tmp_path)
    with pytest.raises(Stop, match="in use by another sandbox"):
        _open(tmp_path)
