"""The real kustomize and kubectl judge how we read and print YAML. Skipped where they are not on the PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from holdfast.kube.yaml import Dialect, dump, load

KUSTOMIZE = shutil.which("kustomize") or shutil.which("kustomize", path=os.path.expanduser("~/go/bin"))
KUBECTL = shutil.which("kubectl")
needs_kustomize = pytest.mark.skipif(KUSTOMIZE is None, reason="kustomize is not on the PATH")
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on the PATH")

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: judged\n"
SCALARS = [
    "y",
    "yes",
    "On",
    "n",
    "No",
    "OFF",
    "true",
    "TRUE",
    "~",
    "null",
    "0777",
    "0o17",
    "0b11",
    "0x1F",
    "-0x1f",
    "1_000",
    "1:30",
    "08",
    "09.5",
    "1e3",
    "1E-3",
    "1.",
    ".5",
    "-.5",
    "._5",
    ".5_0",
    "+1",
    "-0",
    "1.0",
    "1.50",
    "1.2.3",
    "12e03",
    "2024-01-01",
    "2024-1-2",
    "2024-02-30",
    "2024-1-1T1:2:3.500+02:00",
    "2024-01-01T00:00:00Z",
    "9223372036854775808",
    "18446744073709551616",
    "123456789012345678901234567890",
    "1e400",
    "0o-7",
    "0b-1",
    "<<",
    "=",
    "-a",
    "a:b",
    "!!str&12",
    "!!float&1",
    "!mine&12",
    "'yes'",
    '"\\u00e9"',
]
STRINGS = (
    "", "y", "n", "on", "~", "null", "0", "0777", "0o17", "1_000", "1e3", ".5", "12:30", "12:60", "2024-01-01", "1.2.3", "<<", "=", "a: b", "a:", "a #b", "- a", "-",
    "?", "@a", "it's", "'a", " a", "a ", "---", "a\tb", "\u00e9", "\u00a0", "😀", "\x07", "a\nb", "a\nb\n", "a\n\n", "\na", "  a\nb", "a \nb", "\n", "{{ x }}",
    "word " * 40, "x: " + "word " * 40, "\t" + "word  " * 40,
)  # fmt: skip


def document() -> str:
    lines = [f"  k{number:03}: {scalar.replace('&', ' ')}" for number, scalar in enumerate(SCALARS)]
    return HEAD + "data:\n" + "\n".join(lines) + "\n"


def kustomize(text: str, folder: Path) -> str:
    assert KUSTOMIZE is not None
    (folder / "kustomization.yaml").write_text("resources: [judged.yaml]\n")
    (folder / "judged.yaml").write_text(text)
    done = subprocess.run([KUSTOMIZE, "build", str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kubectl(text: str) -> Any:
    assert KUBECTL is not None
    command = [KUBECTL, "patch", "--local", "-f", "-", "--type=merge", "-p", "{}", "-o", "json"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


@needs_kustomize
def test_kustomize_reads_scalars_as_we_do(tmp_path: Path) -> None:
    text = document()
    ours = dump(load(text, dialect=Dialect.KYAML))
    assert kustomize(text, tmp_path) == ours


@needs_kustomize
def test_kustomize_prints_strings_as_we_do(tmp_path: Path) -> None:
    value = load(HEAD) | {"data": {f"k{number}": text for number, text in enumerate(STRINGS)}}
    assert kustomize(json.dumps(value, ensure_ascii=False), tmp_path) == dump(value)


@needs_kubectl
def test_kubectl_reads_what_we_print() -> None:
    data = {f"k{number}": text for number, text in enumerate(STRINGS)}
    assert kubectl(dump(load(HEAD) | {"data": data}))["data"] == data


@needs_kubectl
def test_kubectl_reads_scalars_as_we_do() -> None:
    # The data of a ControllerRevision is the one field of a built-in kind that may hold anything.
    text = document().replace("v1\nkind: ConfigMap", "apps/v1\nkind: ControllerRevision")
    # kubectl prints what is beyond 64 signed bits rounded as floats are, in digits.
    assert _rounded(kubectl(text)["data"]) == _rounded(load(text)["data"])


def _rounded(data: dict[str, Any]) -> dict[str, Any]:
    return {key: float(item) if type(item) is int and abs(item) >= 1 << 63 else item for key, item in data.items()}
