"""``holdfast helm``: what people see."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.main import main


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    top = tmp_path / "app"
    (top / "templates").mkdir(parents=True)
    (top / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
    (top / "values.yaml").write_text("a: 1\n")
    (top / "templates/cm.yaml").write_text(
        "kind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata: {a: {{ .Values.a | quote }}}\n"
    )
    return top


def test_a_chart_is_printed_as_helm_prints_it(chart: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["helm", "template", "rel", str(chart), "--set", "a=x"]) == 0
    wanted = b'---\n# Source: app/templates/cm.yaml\nkind: ConfigMap\nmetadata:\n  name: rel\ndata: {a: "x"}\n'
    assert capfdbinary.readouterr().out == wanted


def test_one_template_can_be_shown_and_a_missing_one_is_an_error(
    chart: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["helm", "template", "rel", str(chart), "-s", "templates/cm.yaml"]) == 0
    assert main(["helm", "template", "rel", str(chart), "-s", "templates/no.yaml"]) == 1
    assert capfdbinary.readouterr().err == b"Error: could not find template templates/no.yaml in chart\n"


def test_output_dir_gets_a_file_for_each_template(chart: Path, tmp_path: Path) -> None:
    assert main(["helm", "template", "rel", str(chart), "--output-dir", str(tmp_path / "out")]) == 0
    assert (
        (tmp_path / "out/app/templates/cm.yaml")
        .read_text()
        .startswith("---\n# Source: app/templates/cm.yaml\nkind: ConfigMap\n")
    )


def test_lint_counts_what_it_finds(chart: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["helm", "lint", str(chart)]) == 0
    assert b"1 chart(s) linted, 0 chart(s) failed" in capfdbinary.readouterr().out
    (chart / "templates/bad.yaml").write_text("{{ fail }}")
    assert main(["helm", "lint", str(chart)]) == 1


def test_a_file_dependency_is_packed_into_charts(chart: Path, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    (parent / "Chart.yaml").write_text(
        "apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n- {name: app, version: '*', repository: 'file://../app'}\n"
    )
    assert main(["helm", "template", "rel", str(parent)]) == 1
    assert main(["helm", "dependency", "build", str(parent)]) == 0
    assert (parent / "charts/app-1.0.0.tgz").is_file()
    assert main(["helm", "template", "rel", str(parent)]) == 0


def test_show_prints_the_parts_of_a_chart(chart: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["helm", "show", "values", str(chart)]) == 0
    assert capfdbinary.readouterr().out == b"a: 1\n\n"
