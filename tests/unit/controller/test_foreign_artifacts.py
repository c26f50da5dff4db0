"""Artifacts that others serve: fetched once, and only what their digest says."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.clock import VirtualClock
from holdfast.controller import foreign_artifacts
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.foreign_artifacts import ForeignArtifactError, ForeignArtifacts
from holdfast.kube.refs import ObjectRef
from tests.charts import Site, served, sha256

REF = ObjectRef("source.toolkit.fluxcd.io", "ExternalArtifact", "ns", "app")


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    with served(found):
        yield found


def artifact(site: Site, data: bytes, **more: Any) -> dict[str, Any]:
    site.files["/a.tar.gz"] = data
    url = f"{site.url}/a.tar.gz"
    return {
        "url": url,
        "path": "gitrepository/other/x.tar.gz",
        "digest": f"sha256:{sha256(data)}",
        "revision": "1",
        **more,
    }


def store(root: Path) -> ArtifactStore:
    return ArtifactStore(root, VirtualClock())


async def test_a_file_is_fetched_once_and_only_the_newest_is_kept(site: Site, tmp_path: Path) -> None:
    foreign = ForeignArtifacts(store(tmp_path))
    one = artifact(site, gzip.compress(b"1", mtime=0))
    found = await foreign.brought(REF, one)
    assert (tmp_path / found["path"]).read_bytes() == gzip.compress(b"1", mtime=0) and found["revision"] == "1"
    assert found["path"].startswith("externalartifact/ns/app/")
    assert await foreign.brought(REF, one) == found
    assert await ForeignArtifacts(store(tmp_path)).brought(REF, one) == found
    assert site.asked == ["/a.tar.gz"]
    await foreign.brought(REF, artifact(site, gzip.compress(b"2", mtime=0)))
    assert [p.name for p in (tmp_path / "externalartifact/ns/app").iterdir()] != [Path(found["path"]).name]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"digest": "sha256:" + "0" * 64}, "failed to verify archive"),
        ({"digest": "blake3:00"}, "none that can be checked"),
        ({"digest": "sha256:../../x"}, "none that can be checked"),
        ({"digest": ""}, "none that can be checked"),
        ({"url": "file:///etc/passwd"}, "none of HTTP"),
        ({"url": ""}, "none of HTTP"),
    ],
)
async def test_what_cannot_be_trusted_is_refused(site: Site, tmp_path: Path, change: dict[str, str], told: str) -> None:
    foreign = ForeignArtifacts(store(tmp_path))
    with pytest.raises(ForeignArtifactError, match=told):
        await foreign.brought(REF, artifact(site, gzip.compress(b"1", mtime=0), **change))


async def test_an_answer_that_is_no_archive_or_too_long_or_missing_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = ForeignArtifacts(store(tmp_path))
    with pytest.raises(ForeignArtifactError, match="cannot be unpacked"):
        await foreign.brought(REF, artifact(site, b"plain"))
    monkeypatch.setattr(foreign_artifacts, "_UNPACKED", 10)
    with pytest.raises(ForeignArtifactError, match="longer than 10 bytes unpacked"):
        await foreign.brought(REF, artifact(site, gzip.compress(b"x" * 11)))
    gone = artifact(site, b"")
    site.files.clear()
    with pytest.raises(ForeignArtifactError, match="status: 404"):
        await foreign.brought(REF, gone)
