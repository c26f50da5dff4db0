"""Charts under the digest of their bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from holdfast.source.chart_store import ChartStore


def test_what_is_put_is_had_under_its_digest(tmp_path: Path) -> None:
    digest = ChartStore(tmp_path).put(b"chart")
    assert digest == "sha256:" + hashlib.sha256(b"chart").hexdigest()
    assert ChartStore(tmp_path).get(digest) == ChartStore(tmp_path).get(digest.removeprefix("sha256:")) == b"chart"


def test_a_spoilt_file_is_as_good_as_absent(tmp_path: Path) -> None:
    store = ChartStore(tmp_path)
    digest = store.put(b"chart")
    next(tmp_path.rglob("*.chart")).write_bytes(b"another")
    assert store.get(digest) is None


@pytest.mark.parametrize("digest", ["", "sha256:", "../../etc/passwd", "md5:" + "0" * 64, "sha256:" + "0" * 64])
def test_what_is_not_there_or_no_digest_is_nothing(tmp_path: Path, digest: str) -> None:
    assert ChartStore(tmp_path).get(digest) is None


def test_a_store_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert ChartStore(tmp_path / "file").put(b"chart").startswith("sha256:")
