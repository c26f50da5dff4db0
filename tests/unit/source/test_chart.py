"""Charts packaged out of trees and archives."""

from __future__ import annotations

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.helm import load_chart
from holdfast.source.chart import DEPENDENCIES, REFERENCE, VALUES, BuildFailed, Wanted, from_archive, from_tree

CHART = "apiVersion: v2\nname: app\nversion: 0.1.0 # ours\n"


def tree(**more: str) -> MemoryTree:
    files = {
        "charts/app/Chart.yaml": CHART,
        "charts/app/values.yaml": "color: red\nsize: 1\n",
        "prod.yaml": "color: blue\n",
    }
    return MemoryTree({p: t.encode() for p, t in {**files, **more}.items()})


def test_a_directory_is_packaged_and_the_same_files_give_the_same_bytes() -> None:
    build = from_tree(tree(), "./charts/app", Wanted())
    assert build.summary == "packaged 'app' chart with version '0.1.0'"
    assert build.data == from_tree(tree(), "charts/app/", Wanted()).data
    assert load_chart(build.data).values == {"color": "red", "size": 1}


def test_values_files_replace_the_defaults_and_metadata_makes_another_version() -> None:
    build = from_tree(tree(), "charts/app", Wanted(("charts/app/values.yaml", "prod.yaml"), metadata="2"))
    chart = load_chart(build.data)
    assert chart.values == {"color": "blue", "size": 1}
    assert chart.metadata.version == build.version == "0.1.0+2"
    assert build.summary.endswith(" and merged values files [charts/app/values.yaml prod.yaml]")


def test_a_missing_values_file_is_an_error_unless_it_may_miss() -> None:
    with pytest.raises(BuildFailed) as caught:
        from_tree(tree(), "charts/app", Wanted(("./none.yaml",)))
    assert caught.value.reason == VALUES
    assert caught.value.message.endswith("no values file found at path '/none.yaml' (reference './none.yaml')")
    assert from_tree(tree(), "charts/app", Wanted(("none.yaml", "prod.yaml"), True)).values_files == ("prod.yaml",)


def test_values_files_that_change_nothing_are_not_told_of() -> None:
    same = tree(**{"same.yaml": "color: red\n"})
    build = from_tree(same, "charts/app", Wanted(("charts/app/values.yaml", "same.yaml"), metadata="2"))
    assert build.summary == "packaged 'app' chart with version '0.1.0+2'"
    assert build.values_files == ()


def test_a_broken_chart_yaml_is_an_invalid_reference() -> None:
    words = "cannot load 'Chart.yaml': error unmarshaling JSON: .* cannot unmarshal string into Go value of type v2.Metadata"
    with pytest.raises(BuildFailed, match=words) as caught:
        from_tree(tree(**{"charts/app/Chart.yaml": "nonsense"}), "charts/app", Wanted())
    assert caught.value.reason == REFERENCE


def test_a_path_that_is_not_there_is_an_invalid_reference() -> None:
    with pytest.raises(BuildFailed, match="stat /source/none: no such file or directory") as caught:
        from_tree(tree(), "none", Wanted(), shown_root="/source")
    assert caught.value.reason == REFERENCE


def test_a_path_never_leaves_the_tree() -> None:
    assert from_tree(tree(), "../../charts/app", Wanted()).name == "app"


def test_dependencies_that_are_not_there_are_named() -> None:
    text = CHART + "dependencies:\n- {name: db, version: 1.x, repository: https://x}\n"
    with pytest.raises(BuildFailed, match="db") as caught:
        from_tree(tree(**{"charts/app/Chart.yaml": text}), "charts/app", Wanted())
    assert caught.value.reason == DEPENDENCIES


def test_an_archive_that_nothing_is_asked_of_stays_as_it_came() -> None:
    data = from_tree(tree(), "charts/app", Wanted()).data
    build = from_archive(data, "app", "0.1.0", Wanted())
    assert build.data is data
    assert build.summary == "pulled 'app' chart with version '0.1.0'"
