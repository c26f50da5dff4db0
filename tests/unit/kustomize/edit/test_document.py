"""A kustomization file before and after an edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from holdfast.kustomize import KustomizeError
from holdfast.kustomize.edit import Document, commands

Change = Callable[[dict[str, Any]], Any]


def edited(text: str, change: Change, encoding: str = "utf-8") -> str:
    document = Document(text.encode(encoding), "kustomization.yaml")
    change(document.fields)
    return document.saved().decode(encoding)


def set_image(fields: dict[str, Any]) -> None:
    commands.set_images(fields, ["web:2"])


def add_resource(fields: dict[str, Any]) -> None:
    commands.add_entries(fields, "resources", ["b.yaml"])


IMAGES = "images:\n- name: web\n  newTag: '1' # CI\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# c\n" + IMAGES, id="block style"),
        pytest.param("bases:\n- ../base # ours\n" + IMAGES, id="another field is deprecated"),
        pytest.param(IMAGES.replace("\n", "\r\n"), id="carriage returns"),
        pytest.param("\ufeff" + IMAGES, id="a byte order mark"),
        pytest.param("---\n" + IMAGES + "---\nother: document\n", id="more documents"),
        pytest.param("".join("   " + line for line in IMAGES.splitlines(True)), id="indented"),
        pytest.param(IMAGES.replace("images", "Images").replace("newTag", "NEWTAG"), id="names in another case"),
        pytest.param("resources: []\nnamePrefix: ''\n" + IMAGES, id="empty fields"),
        pytest.param("imageTags: # old\n" + IMAGES[8:], id="the field itself is deprecated"),
        pytest.param("namespace: &n x\nnamePrefix: *n\n" + IMAGES, id="an alias elsewhere"),
        pytest.param('namespace: "a \u2028 b"\n' + IMAGES, id="a line break that only YAML knows"),
    ],
)
def test_one_value_changes_and_nothing_else(text: str) -> None:
    wanted = text.replace("'1'", "'2'").replace("imageTags", "images").replace("NEWTAG", "NEWTAG")
    assert edited(text, set_image) == wanted


def test_an_encoding_stays() -> None:
    assert edited("\ufeff" + IMAGES, set_image, "utf-16-le") == "\ufeff" + IMAGES.replace("'1'", "'2'")


def test_a_list_takes_over_its_deprecated_half_when_it_has_to_change() -> None:
    text = "resources:\n- a.yaml # one\nbases:\n- ../base\nnamespace: x # two\n"
    assert edited(text, add_resource) == "resources:\n- a.yaml # one\n- ../base\n- b.yaml\nnamespace: x # two\n"
    assert edited("bases:\n# theirs\n- ../base\n", add_resource) == "resources:\n# theirs\n- ../base\n- b.yaml\n"


def test_a_new_field_comes_before_the_next_document() -> None:
    text = "resources:\n- a.yaml\n...\n---\nother: document\n"
    wanted = "resources:\n- a.yaml\nnamespace: prod\n...\n---\nother: document\n"
    assert edited(text, lambda fields: commands.set_text(fields, "namespace", "prod")) == wanted


def test_a_field_that_comes_first_in_its_entry_leaves_the_others_where_they_are() -> None:
    text = "images:\n# ours\n- digest: sha256:a\n  name: web # the site\n"
    assert edited(text, set_image) == 'images:\n# ours\n- name: web # the site\n  newTag: "2"\n'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"images": [{"name": "web", "newTag": "1"}], "namespace": "x"}\n', id="JSON"),
        pytest.param("images: &i\n- name: web\n  newTag: '1'\nimageTags: *i\nnamespace: x\n", id="aliases"),
        pytest.param("namespace: y\nnamespace: x\nimages: []\nimages: []\n", id="a field twice"),
    ],
)
def test_what_cannot_be_edited_line_by_line_is_written_anew(text: str) -> None:
    after = Document(edited(text, set_image).encode(), "k").fields
    assert after["images"] == [{"name": "web", "newTag": "2"}]
    assert after["namespace"] == "x"


def test_comments_stay_above_their_fields_when_everything_is_written_anew() -> None:
    text = "# one\nnamespace: &n x\n# two\nnamePrefix: *n\n# three\n"
    after = edited(text, lambda fields: commands.set_text(fields, "namespace", "prod"))
    assert after.index("# one") < after.index("namespace: prod") < after.index("# two") < after.index("namePrefix: x")
    assert after.index("namePrefix: x") < after.index("# three")


def test_nothing_deprecated_is_left_by_a_migration() -> None:
    text = "bases: # theirs\n- ../base\nconfigMapGenerator:\n- name: c # c\n  env: x.env\nnamespace: x # here\n"
    document = Document(text.encode(), "kustomization.yaml")
    assert document.saved().decode() == text
    after = document.saved(migrate=True).decode()
    assert after.startswith("resources: # theirs\n- ../base\nconfigMapGenerator:\n- name: c # c\n")
    assert "envs:\n  - x.env\n" in after
    assert after.endswith("namespace: x # here\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")


def test_what_is_no_kustomization_is_refused_with_its_place() -> None:
    with pytest.raises(KustomizeError, match='unknown field "resourcs"') as caught:
        Document(b"resourcs: []\n", "here.yaml")
    assert caught.value.place is not None
    assert caught.value.place.path == "here.yaml"


BRACKETS = """\
resources: [ # ours
  a.yaml, # first
  # second
  b.yaml
]
images: [
  {name: web, newTag: '1'}, # CI
]
"""


def test_a_list_in_brackets_keeps_a_line_for_each_item() -> None:
    assert edited(BRACKETS, set_image) == BRACKETS.replace("'1'", "'2'")
    added = edited(BRACKETS, lambda fields: commands.add_entries(fields, "resources", ["c.yaml", "d, e.yaml"]))
    assert added == BRACKETS.replace("  b.yaml\n", '  b.yaml,\n  c.yaml,\n  "d, e.yaml",\n')
    removed = edited(BRACKETS, lambda fields: commands.remove_entries(fields, "resources", ["b.yaml"]))
    assert removed == BRACKETS.replace("  b.yaml\n", "")
