"""Release records as Helm keeps them in Secrets."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.helm import HelmError, load_chart
from holdfast.helm.release import chart_data, from_secret, new_record, to_secret

FILES = {
    "Chart.yaml": b"apiVersion: v2\nname: app\nversion: 1.0.0\n",
    "templates/a.yaml": b"a: 1\n",
    "README.md": b"hi",
}


def record() -> dict[str, object]:
    return new_record(
        load_chart(MemoryTree(FILES)), {"x": 1}, name="rel", namespace="ns", version=3, status="deployed", manifest="---\n", hooks=[],
        notes="", description="Install complete", first_deployed="2026-01-01T00:00:00Z", last_deployed="2026-01-02T00:00:00Z",
    )  # fmt: skip


def test_a_record_goes_into_a_secret_and_comes_back() -> None:
    secret = to_secret(record(), {"team": "a"})
    assert secret["metadata"]["name"] == "sh.helm.release.v1.rel.v3"
    assert secret["metadata"]["labels"] == {
        "team": "a",
        "name": "rel",
        "owner": "helm",
        "status": "deployed",
        "version": "3",
    }
    assert from_secret(secret) == (record(), {"team": "a"})


def test_the_secret_holds_base64_of_gzip_of_json_as_helm_reads_it() -> None:
    inner = base64.b64decode(base64.b64decode(to_secret(record())["data"]["release"]))
    assert json.loads(gzip.decompress(inner))["chart"]["metadata"] == {
        "name": "app",
        "version": "1.0.0",
        "apiVersion": "v2",
    }


def test_the_chart_in_a_record_has_its_templates_and_files() -> None:
    data = chart_data(load_chart(MemoryTree(FILES)))
    assert data["templates"] == [{"name": "templates/a.yaml", "data": base64.b64encode(b"a: 1\n").decode()}]
    assert [f["name"] for f in data["files"]] == ["README.md"]


@pytest.mark.parametrize(
    "data", ["%%%", base64.b64encode(b"%%%").decode(), base64.b64encode(base64.b64encode(b"[]")).decode()]
)
def test_what_is_no_record_is_refused(data: str) -> None:
    with pytest.raises(HelmError):
        from_secret({"type": "helm.sh/release.v1", "data": {"release": data}})
