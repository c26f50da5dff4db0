"""Charts from trees and archives: what is taken, what is refused."""

from __future__ import annotations

import io
import tarfile

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.helm import HelmError, load_chart
from holdfast.helm.chart.archive import read_archive, write_archive

CHART = b"apiVersion: v2\nname: app\nversion: 1.0.0\n"


def tgz(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_an_archive_and_its_directory_are_the_same_chart() -> None:
    files = {
        "Chart.yaml": CHART,
        "values.yaml": b"a: 1\n",
        "templates/a.yaml": b"x",
        "charts/sub/Chart.yaml": CHART.replace(b"app", b"sub"),
    }
    packed, plain = load_chart(write_archive("app", files)), load_chart(MemoryTree(files))
    assert packed.digest == plain.digest
    assert [c.name for c in packed.dependencies] == ["sub"]
    assert packed.values == {"a": 1.0}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("app/../../etc/x", "parent directory"),
        ("app//abs", "absolute paths"),
        ("Chart.yaml", "outside the base directory"),
        ("app/C:/x", "illegally named"),
    ],
)
def test_names_that_leave_the_chart_are_refused(name: str, words: str) -> None:
    with pytest.raises(HelmError, match=words):
        read_archive(tgz({"app/Chart.yaml": CHART, name: b"x"}))


def test_a_bomb_is_refused() -> None:
    with pytest.raises(HelmError, match="larger than the maximum size"):
        read_archive(tgz({"app/Chart.yaml": CHART, "app/zeros": bytes(101 << 20)}))


def test_helmignore_hides_files_and_its_negation_everything_else() -> None:
    files = {"Chart.yaml": CHART, ".helmignore": b"*.log\ndoc/\n", "a.log": b"", "doc/x": b"", "keep": b""}
    assert sorted(load_chart(MemoryTree(files)).files) == [".helmignore", "keep"]
    with pytest.raises(HelmError, match=r"Chart.yaml file is missing"):
        load_chart(MemoryTree({"x": b""}))


@pytest.mark.parametrize(
    ("chart", "words"),
    [
        (b"name: a\n", "chart.metadata.version is required"),
        (b"version: 1.0.0\n", "chart.metadata.name is required"),
        (b"name: a\nversion: abc\n", 'chart.metadata.version "abc" is invalid'),
        (b"name: a\nversion: 1.0.0\ntype: x\n", "must be application or library"),
        (b"name: [a]\nversion: 1.0.0\n", "json: cannot unmarshal array into Go struct field"),
    ],
)
def test_a_bad_chart_yaml_is_told_in_helms_words(chart: bytes, words: str) -> None:
    with pytest.raises(HelmError) as caught:
        load_chart(MemoryTree({"Chart.yaml": chart}))
    assert words in caught.value.message
