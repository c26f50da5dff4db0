"""A directory on disk as a tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.cli.disk import QuickDiskTree
from holdfast.kustomize import BuildOptions, KustomizeError, build


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("text")
    tree = QuickDiskTree(str(tmp_path))
    assert tree.read("file") == b"text"
    with pytest.raises(OSError, match="not a regular file"):
        tree.read("pipe")
    device = QuickDiskTree("/dev")
    assert device.read("null") == b""
    with pytest.raises(OSError, match="not a regular file"):
        device.read("zero")


def test_a_build_says_which_file_it_cannot_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "kustomization.yaml").write_text("resources:\n- pipe.yaml\n")
    with pytest.raises(KustomizeError, match=r"open .*pipe\.yaml: not a regular file"):
        build(QuickDiskTree("/"), str(tmp_path).lstrip("/"), BuildOptions(whole_disk=True))
