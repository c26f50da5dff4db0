"""What a change of a repository does, unit by unit."""

from __future__ import annotations

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.offline.changes import MISSING, Field, compare, differences
from holdfast.offline.diff import UnitDiff, _compared, diff
from holdfast.offline.survey import survey
from tests.unit.offline.test_rules import DEPLOYMENT, GOOD, SYNC
from tests.unit.offline.test_survey import unit


def changed(path: str, old: str, new: str) -> list[UnitDiff]:
    assert old in GOOD[path]
    after = {**GOOD, path: GOOD[path].replace(old, new)}
    return diff(_tree(GOOD), _tree(after))


def _tree(files: dict[str, str]) -> MemoryTree:
    return MemoryTree({p: t.encode() for p, t in files.items()})


def test_the_same_tree_has_no_differences() -> None:
    assert diff(_tree(GOOD), _tree(GOOD)) == []


def test_a_changed_field_is_told_with_both_values_and_what_follows() -> None:
    (unit,) = changed(DEPLOYMENT, "app:1.0", "app:1.1")
    (change,) = unit.changes
    assert unit.key.name == "apps" and unit.risk == "medium"
    assert change.fields == (Field(".spec.template.spec.containers[name=c].image", "app:1.0", "app:1.1"),)
    assert "its pods restart" in change.notes


def test_an_immutable_field_is_called_out() -> None:
    (unit,) = changed(DEPLOYMENT, "app: web}", "app: shop}")
    (change,) = unit.changes
    assert unit.risk == "high" and any("immutable" in n for n in change.notes)


def test_a_removed_namespace_is_a_high_risk() -> None:
    after = {**GOOD, "infra/kustomization.yaml": "resources: []\n"}
    (unit,) = diff(_tree(GOOD), _tree(after))
    assert [c.kind.value for c in unit.changes] == ["removed"] and unit.risk == "high"


def test_a_unit_that_can_no_longer_be_rendered_is_told() -> None:
    (unit,) = changed("apps/kustomization.yaml", "config.yaml", "nope.yaml")
    assert "nope.yaml" in unit.problem and unit.risk == "high"


def test_a_removed_unit_takes_its_objects_along() -> None:
    after = {**GOOD, SYNC: GOOD[SYNC].rpartition("---\n")[0]}
    gone = [d for d in diff(_tree(GOOD), _tree(after)) if d.key.name == "infra"]
    assert [d.notes for d in gone] == [("the unit is removed",)]


def test_values_of_secrets_are_never_shown() -> None:
    def secret(value: str) -> dict[str, object]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"p": value}}

    (change,) = compare([secret("canary-one")], [secret("canary-two")])
    assert "canary" not in repr(change) and change.fields[0].path == ".stringData.p"


def test_list_items_are_matched_by_their_key_whatever_their_order() -> None:
    one = [{"name": "a", "v": 1}, {"name": "b", "v": 2}]
    assert list(differences(one, one[::-1])) == []
    assert list(differences(one, one[:1])) == [Field("[name=b]", {"name": "b", "v": 2}, MISSING)]
    assert list(differences({"a": None}, {})) == []


def test_an_object_that_another_unit_takes_over_is_moved() -> None:
    config = GOOD["apps/config.yaml"]
    after = {k: v for k, v in GOOD.items() if k != "apps/config.yaml"}
    after["apps/kustomization.yaml"] = GOOD["apps/kustomization.yaml"].replace("config.yaml, ", "")
    after["infra/config.yaml"] = config.replace("a: b", "a: c")
    found = {d.key.name: d for d in diff(_tree(GOOD), _tree(after))}
    (here,), (there,) = found["infra"].changes, found["apps"].changes
    assert (here.kind.value, there.kind.value) == ("moved", "moved")
    assert here.fields == (Field(".data.a", "b", "c"),)
    assert "Kustomization/flux-system/apps" in here.notes[0] and "infra" in there.notes[0]


GENERATED = {
    **GOOD,
    "apps/kustomization.yaml": (
        "namespace: shop\nresources: [deployment.yaml, service.yaml, account.yaml]\n"
        "configMapGenerator: [{name: conf, literals: [a=b]}]\n"
    ),
}


def test_a_name_that_follows_its_content_is_a_change_and_not_a_removal() -> None:
    after = dict(GENERATED)
    after["apps/kustomization.yaml"] = GENERATED["apps/kustomization.yaml"].replace("a=b", "a=c")
    (told,) = diff(_tree(GENERATED), _tree(after))
    config = next(c for c in told.changes if c.ref.kind == "ConfigMap")
    assert (config.kind.value, config.fields) == ("changed", (Field(".data.a", "b", "c"),))
    assert any("its pods restart" in c.notes for c in told.changes)
    assert told.verdict == ("medium", "1 workloads restart")


CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "color: red\n",
    "charts/web/templates/c.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: chart}\ndata: {color: '{{ .Values.color }}'}\n"
    ),
}
RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\n"
    "spec:\n  interval: 5m\n  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, "
    "namespace: flux-system}}}\n  values: {size: small}\n"
)
VARIABLES = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata: {tag: '1'}\n"
LARGE = {
    **GENERATED,
    **CHART,
    "apps/kustomization.yaml": GENERATED["apps/kustomization.yaml"].replace(
        "account.yaml]", "account.yaml, r.yaml, ../base]"
    ),
    "apps/r.yaml": RELEASE,
    "base/kustomization.yaml": "resources: [b.yaml]\n",
    "base/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\ndata: {a: '1'}\n",
    "infra/vars.yaml": VARIABLES,
    SYNC: GENERATED[SYNC]
    + "---\n"
    + unit("other", "./other", "  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}\n"),
    "other/o.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: o, namespace: shop}\ndata: {a: '${tag}'}\n",
}
EDITS = [
    ("apps/deployment.yaml", "replicas: 1", "replicas: 2"),
    ("base/b.yaml", "a: '1'", "a: '2'"),
    ("charts/web/values.yaml", "red", "blue"),
    ("charts/web/templates/c.yaml", "name: chart", "name: chart2"),
    ("apps/r.yaml", "size: small", "color: green"),
    ("infra/vars.yaml", "tag: '1'", "tag: '2'"),
    ("other/o.yaml", "a: '${tag}'", "b: '${tag}'"),
    (SYNC, "path: ./other", "path: ./base"),
    (SYNC, "prune: true\n  path: ./infra", "prune: false\n  path: ./infra"),
    ("infra/namespace.yaml", "name: shop", "name: shops"),
    ("apps/kustomization.yaml", "../base]", "]"),
    ("base/kustomization.yaml", "b.yaml", "gone.yaml"),
]


@pytest.mark.parametrize(("path", "old", "new"), EDITS, ids=[f"{e[0]}-{i}" for i, e in enumerate(EDITS)])
def test_rendering_only_what_is_concerned_finds_what_rendering_everything_finds(path: str, old: str, new: str) -> None:
    assert old in LARGE[path]
    before, after = _tree(LARGE), _tree({**LARGE, path: LARGE[path].replace(old, new)})
    whole = _compared(survey(before), survey(after))
    assert diff(before, after) == whole
    assert whole or "prune" in new
