"""``holdfast kustomize build`` and ``create`` as commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.main import main

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kustomization.yaml").write_text("resources: [c.yaml]\n")
    (tmp_path / "c.yaml").write_text(CM)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_build_prints_the_resources(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kustomize", "build", str(app)]) == 0
    assert capsys.readouterr().out == CM


def test_build_writes_a_file_or_one_file_per_object(app: Path) -> None:
    assert main(["kustomize", "build", "-o", "out.yaml"]) == 0
    assert (app / "out.yaml").read_text() == CM
    (app / "out").mkdir()
    assert main(["kustomize", "build", "-o", "out"]) == 0
    assert [p.name for p in (app / "out").iterdir()] == ["v1_configmap_c.yaml"]


def test_a_failure_is_one_line_and_an_exit_code(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "c.yaml").unlink()
    assert main(["kustomize", "build"]) == 1
    assert capsys.readouterr().err.startswith("Error: accumulating resources: ")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--reorder", "odd"], "illegal flag value --reorder odd; legal values: [legacy none]"),
        (["--load-restrictor", "odd"], "illegal flag value --load-restrictor odd"),
        (["a", "b"], "specify one path to kustomization.yaml"),
    ],
)
def test_wrong_usage_is_refused(
    app: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    assert main(["kustomize", "build", *arguments]) == 1
    assert problem in capsys.readouterr().err


def test_a_function_runs_as_an_executable_when_allowed(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = app / "fn.sh"
    script.write_text("#!/bin/sh\nsed 's/name: c/name: changed/'\n")
    script.chmod(0o755)
    (app / "fn.yaml").write_text(
        "apiVersion: example.com/v1\nkind: Fn\nmetadata:\n  name: f\n  annotations:\n"
        "    config.kubernetes.io/function: 'exec: {path: ./fn.sh}'\n"
    )
    (app / "kustomization.yaml").write_text("resources: [c.yaml]\ntransformers: [fn.yaml]\n")
    assert main(["kustomize", "build", "--enable-alpha-plugins"]) == 1
    assert "must specify --enable-exec" in capsys.readouterr().err
    assert main(["kustomize", "build", "--enable-alpha-plugins", "--enable-exec"]) == 0
    assert "name: changed" in capsys.readouterr().out


def test_create_lists_what_it_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(CM)
    (tmp_path / "readme.md").write_text("# not: a resource\n- x\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "kustomization.yaml").write_text("resources: []\n")
    assert main(["kustomize", "create", "--autodetect", "--recursive", "--namespace", "prod"]) == 0
    assert (tmp_path / "kustomization.yaml").read_text() == (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "resources:\n- c.yaml\n- sub\nnamespace: prod\n"
    )
    assert main(["kustomize", "create"]) == 1


CHART = {
    "Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
    "values.yaml": "text: own\nmore: 1\n",
    "templates/c.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
        "data:\n  text: {{ .Values.text }} {{ .Values.more }} {{ .Release.Namespace }}\n"
    ),
    "templates/tests/t.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: t\n  annotations: {helm.sh/hook: test}\n"
    ),
    "crds/x.yaml": (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: xs.example.com\n"
    ),
}


@pytest.fixture
def chart(app: Path) -> Path:
    for path, text in CHART.items():
        file = app / "charts" / "app" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return app


def test_a_chart_is_rendered_without_a_helm_binary(
    chart: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    (chart / "kustomization.yaml").write_text(
        "helmCharts:\n- name: app\n  nameTemplate: 'a-{{ lower \"B\" }}'\n  namespace: ns\n"
        "  valuesInline: {text: mine}\n  skipTests: true\n"
    )
    assert main(["kustomize", "build", "--enable-helm"]) == 0
    assert capsys.readouterr().out == (
        "apiVersion: v1\ndata:\n  text: mine 1 ns\nkind: ConfigMap\nmetadata:\n  name: a-b\n"
    )


def test_a_chart_brings_its_types_and_hooks(chart: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (chart / "kustomization.yaml").write_text("helmCharts: [{name: app, releaseName: r, includeCRDs: true}]\n")
    assert main(["kustomize", "build", "--enable-helm"]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("  name:")] == [
        "  name: xs.example.com",
        "  name: r",
        "  name: t",
    ]


def test_what_is_wrong_with_a_chart_is_said(chart: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (chart / "kustomization.yaml").write_text("helmCharts: [{name: app, releaseName: Not_Valid}]\n")
    assert main(["kustomize", "build", "--enable-helm"]) == 1
    assert capsys.readouterr().err.startswith("Error: helm chart 'app': release name \"Not_Valid\": invalid")


def test_no_directory_is_refused(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kustomize", "build", ""]) == 1
    assert "directory path cannot be empty" in capsys.readouterr().err


def test_a_failure_names_the_line(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "kustomization.yaml").write_text("resources:\n- c.yaml\nimages:\n- name: x\n  newTag: 1\n")
    assert main(["kustomize", "build", "--stack-trace", "--enable-helm=true"]) == 1
    assert capsys.readouterr().err.endswith("\n  in kustomization.yaml:5\n")
    (app / "c.yaml").write_text("a: b: c")
    (app / "kustomization.yaml").write_text("resources:\n- c.yaml\n")
    assert main(["kustomize", "build"]) == 1
    assert "\n  in c.yaml:1:" in capsys.readouterr().err


def test_documents_of_many_levels_are_built(app: Path) -> None:
    (app / "c.yaml").write_text(CM + "x: " + "[" * 390 + "]" * 390 + "\n")
    assert main(["kustomize", "build"]) == 0


@pytest.mark.parametrize("output", ["gone/out.yaml", "c.yaml/out.yaml"])
def test_an_output_that_cannot_be_written_is_told(app: Path, capsys: pytest.CaptureFixture[str], output: str) -> None:
    assert main(["kustomize", "build", "-o", output]) == 1
    assert capsys.readouterr().err.startswith(f"Error: open {output}: no")


def test_shortened_flags_are_none(app: Path) -> None:
    with pytest.raises(SystemExit):
        main(["kustomize", "build", "--out", "x.yaml"])
    assert not (app / "x.yaml").exists()


def test_a_name_alone_hands_the_environment_on(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "there")
    (app / "kustomization.yaml").write_text("resources: [c.yaml]\ntransformers: [t.yaml]\n")
    (app / "t.yaml").write_text(
        "apiVersion: x/v1\nkind: F\nmetadata:\n  name: f\n  annotations:\n"
        "    config.kubernetes.io/function: 'exec: {path: ./fn.sh}'\n"
    )
    (app / "fn.sh").write_text(
        '#!/bin/sh\ncat >/dev/null\necho "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n'
        '- apiVersion: v1\n  kind: X\n  metadata: {name: $HERE-$SET}"\n'
    )
    (app / "fn.sh").chmod(0o755)
    flags = ["--enable-alpha-plugins", "--enable-exec", "-e", "HERE", "--env", "SET=on"]
    assert main(["kustomize", "build", "-o", "out.yaml", *flags]) == 0
    assert "name: there-on" in (app / "out.yaml").read_text()
