from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.refs import ObjectRef
from holdfast.model.inventory import Inventory, InventoryEntry

words = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,8}[a-z0-9])?", fullmatch=True)
kinds = st.sampled_from(["ConfigMap", "Deployment", "Widget"])
groups = st.sampled_from(["", "apps", "example.com"])


@given(st.builds(ObjectRef, groups, kinds, st.one_of(st.just(""), words), words))
def test_ids_are_read_back_as_they_were_written(ref: ObjectRef) -> None:
    entry = InventoryEntry(ref, "v1")
    assert InventoryEntry.parse(entry.id, "v1") == entry


def test_colons_in_names_of_rbac_objects_are_written_as_two_underscores() -> None:
    ref = ObjectRef("rbac.authorization.k8s.io", "ClusterRole", "", "system:thing")
    entry = InventoryEntry(ref, "v1")
    assert entry.id == "_system__thing_rbac.authorization.k8s.io_ClusterRole"
    assert InventoryEntry.parse(entry.id, "v1") == entry


def test_an_id_of_another_form_is_no_entry() -> None:
    assert InventoryEntry.parse("nonsense", "v1") is None


def test_what_is_missing_is_told_whatever_the_version() -> None:
    one, two = ObjectRef("", "ConfigMap", "n", "a"), ObjectRef("", "ConfigMap", "n", "b")
    before = Inventory((InventoryEntry(one, "v1"), InventoryEntry(two, "v1")))
    after = Inventory((InventoryEntry(one, "v2"),))
    assert before.missing_from(after) == (InventoryEntry(two, "v1"),)
