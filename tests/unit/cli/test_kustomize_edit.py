"""``holdfast kustomize edit`` as a command: the file before and after."""

from __future__ import annotations

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
