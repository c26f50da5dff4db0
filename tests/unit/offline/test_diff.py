"""What a change of a repository does, unit by unit."""

from __future__ import annotations

from holdfast.base.tree import MemoryTree
from holdfast.offline.changes import MISSING, Field, compare, differences
from holdfast.offline.diff import UnitDiff, diff
from tests.unit.offline.test_rules import DEPLOYMENT, GOOD, SYNC


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
