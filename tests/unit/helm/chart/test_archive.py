"""Archives of charts: what is in them, and what never leaves them."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.helm import HelmError, load_chart
from holdfast.helm.chart.archive import read_archive, write_archive

HEAD = b"apiVersion: v2\nname: a\nversion: 1.0.0\n"


def tgz(files: Mapping[str, bytes]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), 6)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}(/[a-z.]{1,5}x){0,2}", fullmatch=True), st.binary(max_size=50)))
def test_what_is_written_is_read_again(files: dict[str, bytes]) -> None:
    files = {**files, "Chart.yaml": HEAD}
    assert read_archive(write_archive("a", files)) == {n: d.removeprefix(b"\xef\xbb\xbf") for n, d in files.items()}
    assert write_archive("a", files) == write_archive("a", dict(reversed(files.items())))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a/../../etc/passwd", "chart illegally references parent directory"),
        ("a//etc/passwd", "chart illegally contains absolute paths"),
        ("a/c:/x", "chart contains illegally named files"),
        ("a/.", "chart illegally contains content outside the base directory"),
        ("Chart.yaml", "chart illegally contains content outside the base directory"),
    ],
)
def test_a_member_that_leaves_the_chart_is_refused(name: str, text: str) -> None:
    with pytest.raises(HelmError, match=text):
        read_archive(tgz({name: b"x", "a/Chart.yaml": HEAD}))


def test_a_link_is_an_empty_file() -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w:gz") as tar:
        link = tarfile.TarInfo("a/values.yaml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert read_archive(plain.getvalue()) == {"values.yaml": b""}


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(HelmError, match="larger than the maximum size 1000000"):
        read_archive(tgz({"a/Chart.yaml": HEAD, "a/x": bytes(30_000_000)}), 1_000_000)


def test_archives_in_archives_share_one_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.helm.chart.load.MAX_FAMILY", 3_000_000)
    inner = tgz({"a/Chart.yaml": HEAD, "a/x": bytes(900_000)})
    with pytest.raises(HelmError, match=r"error unpacking subchart x3\.tgz in a: decompressed chart is larger"):
        load_chart(tgz({"a/Chart.yaml": HEAD, **{f"a/charts/x{i}.tgz": inner for i in range(9)}}))


def test_charts_in_charts_end() -> None:
    data = tgz({"a/Chart.yaml": HEAD})
    for _ in range(120):
        data = tgz({"a/Chart.yaml": HEAD, "a/charts/x.tgz": data})
    with pytest.raises(HelmError, match="charts are nested more than 100 deep"):
        load_chart(data)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x1f\x8b\x08", gzip.compress(b"no tar"), gzip.compress(b"")])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(HelmError):
        read_archive(data)
