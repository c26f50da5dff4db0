"""``helm lint`` beside the ``helm`` on PATH: charts with one fault each, and every chart below the directories of ``HELM_CHARTS``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HELM = shutil.which("helm")
OURS = [sys.executable, "-m", "holdfast", "helm"]
ROOTS = [Path(p) for p in os.environ.get("HELM_CHARTS", "").split(":") if p]
HEAD = "apiVersion: v2\nname: app\nversion: 0.1.0\n"
CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

pytestmark = pytest.mark.skipif(HELM is None, reason="no helm on PATH")

CASES: dict[str, dict[str, str]] = {
    "fine": {"Chart.yaml": HEAD + "icon: https://a/b.png\n", "values.yaml": "a: 1\n", "templates/a.yaml": CM},
    "bare": {"Chart.yaml": HEAD},
    "nothing said": {"Chart.yaml": "{}\n", "values.yaml": ""},
    "an array": {"Chart.yaml": "[a]\n"},
    "broken yaml": {"Chart.yaml": "a: b: c\n"},
    "unknown fields": {"Chart.yaml": HEAD + "foo: 1\nmaintainers: [{name: a, phone: 1}]\n"},
    "a field twice": {"Chart.yaml": HEAD + "version: 1.0.0\n"},
    "v1 with new fields": {"Chart.yaml": "apiVersion: v1\nname: app\nversion: 1.0.0\ntype: application\ndependencies: [{name: a}]\n"},
    "v3": {"Chart.yaml": "apiVersion: v3\nname: app\nversion: 1.0.0\n"},
    "odd types": {"Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.2\nappVersion: 1.10\n"},
    "no types": {"Chart.yaml": "apiVersion: v2\nname: app\nversion: null\nappVersion: [a]\n"},
    "a name with a slash": {"Chart.yaml": "apiVersion: v2\nname: a/b\nversion: 1.0.0\n"},
    "a version that is none": {"Chart.yaml": "apiVersion: v2\nname: app\nversion: one\n"},
    "a loose version": {"Chart.yaml": "apiVersion: v2\nname: app\nversion: v1.2\n"},
    "a small version": {"Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.0.0-0\n"},
    "maintainers": {"Chart.yaml": HEAD + "maintainers: [{name: a, email: a@b.c, url: a.b}, {name: b, email: nope}]\n"},
    "maintainers without names": {"Chart.yaml": HEAD + "maintainers: [{email: a@b.c}]\n"},
    "no maintainer": {"Chart.yaml": HEAD + "maintainers: [null]\n"},
    "a maintainer's address": {"Chart.yaml": HEAD + "maintainers: [{name: a, url: 'no address'}]\n"},
    "sources": {"Chart.yaml": HEAD + "sources: ['https://a.b/c', 'a.b/c']\nicon: x.png\n"},
    "a wrong type": {"Chart.yaml": HEAD + "type: other\n", "templates/a.yaml": CM},
    "a library": {"Chart.yaml": HEAD + "type: library\n", "templates/a.yaml": CM, "templates/_h.tpl": "{{ define \"x\" }}{{ end }}"},
    "values that are no map": {"Chart.yaml": HEAD, "values.yaml": "[a]\n", "templates/a.yaml": CM},
    "values that are no yaml": {"Chart.yaml": HEAD, "values.yaml": "a: b: c\n", "templates/a.yaml": CM},
    "a schema": {"Chart.yaml": HEAD, "values.yaml": "a: 1\n", "values.schema.json": '{"properties": {"a": {"type": "string"}}}', "templates/a.yaml": CM},
    "no schema": {"Chart.yaml": HEAD, "values.yaml": "a: 1\n", "values.schema.json": "{", "templates/a.yaml": CM},
    "a template that fails": {"Chart.yaml": HEAD, "templates/a.yaml": "{{ .Values.a.b.c }}"},
    "a template that does not parse": {"Chart.yaml": HEAD, "templates/a.yaml": "{{ if }}"},
    "required and fail": {"Chart.yaml": HEAD, "templates/a.yaml": "a: {{ required \"give a\" .Values.a }}\nb: {{ fail \"no\" }}\n"},
    "extensions": {"Chart.yaml": HEAD, "templates/a.json": "{}", "templates/b": "", "templates/c.txt": "", "templates/d.YAML": "a: 1\n"},
    "no yaml": {"Chart.yaml": HEAD, "templates/a.yaml": "a: b: c\n", "templates/b.yaml": "x: [\n"},
    "an array of objects": {"Chart.yaml": HEAD, "templates/a.yaml": "- a\n"},
    "a text": {"Chart.yaml": HEAD, "templates/a.yaml": "only text\n"},
    "odd metadata": {"Chart.yaml": HEAD, "templates/a.yaml": "kind: A\nmetadata: [a]\n"},
    "an odd name": {"Chart.yaml": HEAD, "templates/a.yaml": "kind: A\nmetadata: {name: [a]}\n"},
    "json": {"Chart.yaml": HEAD, "templates/a.yaml": '{"kind": "ConfigMap", "metadata": {"name": "A"}}\n'},
    "indented": {"Chart.yaml": HEAD, "templates/a.yaml": "\n  kind: ConfigMap\n  metadata: {name: a}\n"},
    "names": {"Chart.yaml": HEAD, "templates/a.yaml": "\n---\n".join(
        f"kind: {k}\nmetadata: {{name: '{n}'}}" for k in ("ConfigMap", "Service", "Namespace", "Role", "ServiceAccount", "CertificateSigningRequest")
        for n in ("A_b", "1a", "a/b%", "..", "", "a" * 260, "x:y"))},
    "deprecated": {"Chart.yaml": HEAD, "templates/a.yaml": "\n---\n".join(
        f"apiVersion: {a}\nkind: {k}\nmetadata: {{name: a}}\nspec: {{selector: {{matchLabels: {{}}}}}}" for a, k in (
            ("apps/v1beta1", "Deployment"), ("policy/v1beta1", "PodDisruptionBudget"), ("v1", "Endpoints"), ("v1", "ComponentStatusList"),
            ("extensions/v1beta1", "Ingress"), ("networking.k8s.io/v1beta1", "IngressClass"), ("policy/v1beta1", "PodSecurityPolicy"),
            ("batch/v1beta1", "CronJobList"), ("a.b/v1", "X"), ("storage.k8s.io/v1beta1", "CSINodeList")))},
    "selectors": {"Chart.yaml": HEAD, "templates/a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"},
    "a list": {"Chart.yaml": HEAD, "templates/a.yaml": "kind: List\nmetadata: {name: a}\nitems: [{metadata: {annotations: {helm.sh/resource-policy: keep}}}]\n"},
    "separators": {"Chart.yaml": HEAD, "templates/a.yaml": "---\n" + CM + "--- # next\n" + CM + "--- next\n" + CM},
    "numbers as names": {"Chart.yaml": HEAD, "templates/a.yaml": "kind: 5\nmetadata: {name: 7, namespace: true}\n"},
    "missing dependency": {"Chart.yaml": HEAD + "dependencies: [{name: x, version: '1', repository: ''}]\n", "templates/a.yaml": CM},
    "dependency twice": {"Chart.yaml": HEAD + "dependencies: [{name: x, version: '1'}, {name: x, version: '2'}]\n", "templates/a.yaml": CM},
    "stranger in charts": {"Chart.yaml": HEAD, "templates/a.yaml": CM, "charts/x/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n"},
    "broken subchart": {"Chart.yaml": HEAD, "templates/a.yaml": CM, "charts/x/Chart.yaml": "apiVersion: v2\nname: x\n"},
    "crds": {"Chart.yaml": HEAD, "templates/a.yaml": CM, "crds/a.yaml": CM, "crds/b.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"},
    "crds that are none": {"Chart.yaml": HEAD, "templates/a.yaml": CM, "crds/a.yaml": "a: {{ b }}\n"},
    "crds is a file": {"Chart.yaml": HEAD, "templates/a.yaml": CM, "crds": "x"},
    "templates is a file": {"Chart.yaml": HEAD, "templates": "x"},
}  # fmt: skip


def _compare(chart: Path, *flags: str) -> None:
    assert HELM is not None
    told = []
    for program in ([HELM], OURS):
        words = [*program, "lint", str(chart), *flags]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=chart.parent)
        told.append((done.returncode, done.stdout, done.stderr))
    assert told[1][1] == told[0][1]
    assert told[1] == told[0]


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_told_as_helm_tells_it(case: str, tmp_path: Path) -> None:
    chart = tmp_path / "app"
    for name, text in CASES[case].items():
        path = chart / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _compare(chart)


@pytest.mark.parametrize(
    "flags",
    [
        "--strict",
        "--quiet",
        "--kube-version 1.20",
        "--set a=1",
        "--with-subcharts",
        "--skip-schema-validation",
        "--namespace x",
        "--kube-version x",
    ],
)
def test_flags_mean_what_they_mean_to_helm(flags: str, tmp_path: Path) -> None:
    chart = tmp_path / "app"
    files = {**CASES["deprecated"], **CASES["a schema"], "templates/b.yaml": "a: {{ .Release.Namespace }}{{ required \"x\" .Values.a }}\n"}  # fmt: skip
    for name, text in {**files, **{f"charts/x/{n}": t for n, t in CASES["names"].items()}}.items():
        path = chart / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _compare(chart, *flags.split())


@pytest.mark.skipif(not ROOTS, reason="HELM_CHARTS names no directory of charts")
@pytest.mark.parametrize("chart", sorted({p.parent for r in ROOTS for p in r.rglob("Chart.yaml")}), ids=str)
def test_a_public_chart_is_linted_as_helm_lints_it(chart: Path) -> None:
    _compare(chart)
