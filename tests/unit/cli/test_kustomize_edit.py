"""``holdfast kustomize edit`` as a command: the file before and after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.cli.main import main

TEXT = """\
# our site
resources:
  - a.yaml   # first
images:
  # bumped by CI
  - name: registry.example.com/web
    newTag: "1.0"   # the version
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "kustomization.yaml"
    path.write_text(TEXT)
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("")
    return path


def edit(*arguments: str) -> int:
    return main(["kustomize", "edit", *arguments])


def test_set_image_changes_one_line_of_a_commented_file(file: Path) -> None:
    assert edit("set", "image", "registry.example.com/web:1.1") == 0
    assert file.read_text() == TEXT.replace('"1.0"', '"1.1"')


def test_add_and_remove_a_resource(file: Path) -> None:
    assert edit("add", "resource", "b.yaml") == 0
    assert file.read_text() == TEXT.replace("# first\n", "# first\n  - b.yaml\n")
    assert edit("remove", "resource", "b.yaml") == 0
    assert file.read_text() == TEXT


@pytest.mark.parametrize(
    ("arguments", "added"),
    [
        (["set", "namespace", "prod"], "namespace: prod\n"),
        (["set", "nameprefix", "dev-"], "namePrefix: dev-\n"),
        (["add", "label", "a:b"], "commonLabels:\n  a: b\n"),
        (["add", "label", "a:b", "--without-selector"], "labels:\n- pairs:\n    a: b\n"),
        (["set", "replicas", "web=3"], "replicas:\n- count: 3\n  name: web\n"),
        (["add", "patch", "--path", "p.yaml", "--kind", "Pod"], "patches:\n- path: p.yaml\n  target:\n    kind: Pod\n"),
        (["add", "configmap", "c", "--from-literal=a=b"], "configMapGenerator:\n- literals:\n  - a=b\n  name: c\n"),
        (["add", "buildmetadata", "originAnnotations"], "buildMetadata:\n- originAnnotations\n"),
    ],
)
def test_new_fields_are_added_at_the_end(file: Path, arguments: list[str], added: str) -> None:
    assert edit(*arguments) == 0
    assert file.read_text() == TEXT + added


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["add", "resource", "gone.yaml"], "gone.yaml has no match"),
        (["set", "image", "web"], "invalid format of image"),
        (["set", "buildmetadata", "odd"], "invalid buildMetadata option: odd"),
        (["remove", "configmap", "c"], "no specified configmap(s) were found"),
    ],
)
def test_a_refused_edit_leaves_the_file_alone(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    assert edit(*arguments) == 1
    assert problem in capsys.readouterr().err
    assert file.read_text() == TEXT


def test_a_kustomization_that_is_not_valid_is_not_edited(file: Path) -> None:
    file.write_text("resourcs: []\n")
    assert edit("set", "namespace", "prod") == 1
    assert file.read_text() == "resourcs: []\n"


def test_fix_turns_vars_into_replacements_that_build_the_same(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(
        "# ours\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- a.yaml\nvars:\n- name: NAME\n  objref: {kind: ConfigMap, name: c, apiVersion: v1}\n"
    )
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations:\n    a: x/{}/y # why\n"
    a = file.parent / "a.yaml"
    a.write_text(text.format("$(NAME)"))
    assert edit("fix", "--vars") == 0
    assert a.read_text() == text.format("NAME_PLACEHOLDER")
    assert "\nresources:\n- a.yaml\nreplacements:\n- source:\n    kind: ConfigMap\n" in file.read_text()
    assert "Warning" not in capsys.readouterr().out


def test_fix_says_so_when_a_build_gives_something_else(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("resources: [a.yaml]\nvars:\n- name: NAME\n  objref: {kind: ConfigMap, name: c, apiVersion: v1}\n")
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations:\n    a: x/$(NAME)\ndata:\n  b: $(NAME)\n"
    )
    (file.parent / "a.yaml").write_text(text)
    assert edit("fix", "--vars") == 0
    assert "now produces different output" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["set", "namespace"], "must specify exactly one namespace value"),
        (["set", "nameprefix", "a", "b"], "must specify exactly one prefix value"),
        (["set", "label"], "must specify label"),
        (["set", "annotation", "a b:c"], "invalid annotation key"),
        (["remove", "label", "a,,b"], "name is empty"),
        (["remove", "label", "a", "b"], "labels must be comma-separated"),
        (["add", "base", "gone"], "gone does not exist"),
        (["add", "configmap", "c"], "at least from-env-file, or from-file or from-literal must be set"),
        (
            ["add", "configmap", "c", "--from-file=gone"],
            "at least from-env-file, or from-file or from-literal must be set",
        ),
        (["add", "configmap", "c", "--from-literal=a"], "invalid literal source a, expected key=value"),
        (["add", "configmap", "c", "--from-env-file=gone.env"], "gone.env"),
        (["add", "configmap", "c", "--from-literal=a=b", "--behavior=odd"], "invalid behavior"),
        (["add", "configmap", "c", "--from-literal=a=b", "--from-env-file=x"], "cannot be combined"),
        (["add", "secret", "s", "--from-file=k=*.yaml"], "should catch only one"),
        (["set", "configmap", "c", "--from-literal=a=b"], 'unable to find ConfigMap with name "c"'),
        (["add", "buildmetadata", "originAnnotations", "managedByLabel"], "separate options by comma"),
        (["remove", "patch", "--path=a", "--patch=b"], "patch and path can't be set at the same time"),
        (["set", "replicas", "web=99999999999999999999"], "invalid format of replica"),
    ],
)
def test_wrong_arguments_are_told_in_kustomizes_words(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    assert edit(*arguments) == 1
    assert problem in capsys.readouterr().err
    assert file.read_text() == TEXT


def test_patterns_name_files_and_hidden_ones_only_by_a_dot(file: Path) -> None:
    for name in (".hidden.yaml", "c.yml", "sub"):
        (file.parent / name).mkdir() if name == "sub" else (file.parent / name).write_text("")
    (file.parent / "sub/d.yaml").write_text("")
    assert edit("add", "resource", "./*.yaml", "sub/*") == 0
    assert "  - b.yaml\n  - sub/d.yaml\n" in file.read_text()
    assert ".hidden" not in file.read_text()
    assert edit("add", "resource", ".*.yaml") == 0
    assert "  - .hidden.yaml\n" in file.read_text()


def test_generators_and_transformers_without_a_match_are_told_and_no_more(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edit("add", "transformer", "gone.yaml") == 0
    assert "gone.yaml has no match" in capsys.readouterr().err
    assert file.read_text() == TEXT


def test_a_refusal_names_the_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("namespace: x\nresources: [\n")
    assert edit("set", "namespace", "prod") == 1
    assert "kustomization.yaml" in capsys.readouterr().err


def test_a_file_that_is_no_text_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(b"# caf\xe9\nresources: []\n")
    assert edit("set", "namespace", "prod") == 1
    assert "invalid Kustomization" in capsys.readouterr().err
    file.unlink()
    file.mkdir()
    assert edit("set", "namespace", "prod") == 1
    assert "kustomization.yaml should be a file" in capsys.readouterr().err


def test_create_lists_what_is_there_in_the_order_of_a_walk(file: Path) -> None:
    file.unlink()
    (file.parent / "a").mkdir()
    for name in ("a/z.yaml", "a.yaml", "bad.yaml"):
        (file.parent / name).write_text(
            "a: b: c" if "bad" in name else "apiVersion: v1\nkind: X\nmetadata: {name: x}\n"
        )
    os.mkfifo(file.parent / "pipe.yaml")
    assert main(["kustomize", "init", "--autodetect", "--recursive", "--labels", "a:b"]) == 0
    assert "resources:\n- a/z.yaml\n- a.yaml\n- b.yaml\n" in file.read_text()
    assert main(["kustomize", "create"]) == 1


def test_fix_tells_of_vars_that_stay(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("bases: [b]\nvars:\n- name: NAME\n  objref: {kind: ConfigMap, name: c, apiVersion: v1}\n")
    assert edit("fix") == 0
    assert "edit fix --vars" in capsys.readouterr().out
    assert file.read_text().startswith("resources: [b]\n")


def test_builtin_plugins_are_listed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edit("alpha-list-builtin-plugin") == 0
    assert " * PatchTransformer\n" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["localize a --scope b", "cfg tree", "fn run", "openapi info", "completion bash"])
def test_what_is_not_there_is_said_in_words(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main(["kustomize", *command.split()]) == 1
    assert f"holdfast has no 'kustomize {command.split()[0]}'" in capsys.readouterr().err


def test_the_version_is_that_of_the_kustomize_whose_builds_these_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kustomize", "version"]) == 0
    assert capsys.readouterr().out == "v5.8.1\n"
