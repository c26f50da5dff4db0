"""The smallest change of a text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube import yaml
from holdfast.kustomize.edit import update
from holdfast.kustomize.edit.commands import set_images

TEXT = """\
# head
resources:   # what we have
  - a.yaml # first

  # second
  - b.yaml
images:
- name: web   # the site
  newTag: "1.0"  # bumped by CI
- {name: api, newTag: v1}
namePrefix: 'dev-'
"""


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in after.splitlines() if line not in before.splitlines()]


def test_setting_an_image_changes_its_line_only() -> None:
    data = yaml.load(TEXT)
    set_images(data, ["web=web:1.1"])
    assert changed_lines(TEXT, update(TEXT, data)) == ['  newTag: "1.1"  # bumped by CI', "  newName: web"]
    data = yaml.load(TEXT)
    set_images(data, ["web:1.1"])
    assert changed_lines(TEXT, update(TEXT, data)) == ['  newTag: "1.1"  # bumped by CI']


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        pytest.param({"namePrefix": "x-"}, ["namePrefix: 'x-'"], id="quotes stay"),
        pytest.param(
            {"resources": ["a.yaml", "b.yaml", "c.yaml"]}, ["  - c.yaml"], id="an item takes the list's indent"
        ),
        pytest.param({"resources": ["b.yaml"]}, [], id="an item goes with its line"),
        pytest.param({"namespace": "prod"}, ["namespace: prod"], id="a new field goes to the end"),
        pytest.param(
            {"images": [{"name": "web", "newTag": "1.0"}, {"name": "api", "newTag": "v2"}]},
            ["- {name: api, newTag: v2}"],
            id="a flow mapping keeps its style",
        ),
    ],
)
def test_a_change_touches_nothing_else(change: dict[str, Any], lines: list[str]) -> None:
    data = {**yaml.load(TEXT), **change}
    after = update(TEXT, data)
    assert yaml.load(after) == data
    assert changed_lines(TEXT, after) == lines


def test_a_field_that_goes_away_takes_its_lines_along() -> None:
    data = yaml.load(TEXT)
    del data["images"]
    after = update(TEXT, data)
    assert yaml.load(after) == data
    assert "# head" in after
    assert "newTag" not in after


def test_an_empty_list_becomes_a_block() -> None:
    assert update("resources: []\nnamePrefix: a\n", {"resources": ["x"], "namePrefix": "a"}) == (
        "resources:\n- x\nnamePrefix: a\n"
    )


names = st.sampled_from(("a", "b", "c", "d"))
entries = st.fixed_dictionaries({"name": names}, optional={"newTag": st.sampled_from(("1", "v2")), "newName": names})
kustomizations = st.fixed_dictionaries(
    {},
    optional={
        "resources": st.lists(names, min_size=1, unique=True),
        "images": st.lists(entries, min_size=1, unique_by=lambda e: e["name"]),
        "namespace": names,
        "commonLabels": st.dictionaries(names, names, min_size=1),
    },
)


@given(kustomizations, kustomizations)
def test_whatever_the_change_the_text_means_the_data_afterwards(before: Any, after: Any) -> None:
    text = yaml.dump(before) if before else "# nothing yet\n"
    assert (yaml.load(update(text, after)) or {}) == after
