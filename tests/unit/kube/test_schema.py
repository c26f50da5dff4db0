from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.kube import schema_data
from holdfast.kube.refs import GroupVersionKind
from holdfast.kube.schema import Schema, UnknownVersionError, builtin, custom_resource, versions

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")


def walk(node: Schema | None, *names: str) -> Schema:
    for name in names:
        assert node is not None
        node = node.items if name == "[]" else node.properties[name]
    assert node is not None
    return node


def test_every_release_from_1_25_to_1_37_has_schemas() -> None:
    assert versions() == tuple(f"1.{minor}" for minor in range(25, 38))


@pytest.mark.parametrize("version", ["1.25", "1.30", "1.37"])
def test_a_list_of_containers_merges_by_name_in_every_release(version: str) -> None:
    containers = walk(builtin(version).lookup(DEPLOYMENT), "spec", "template", "spec", "containers")
    assert (containers.type, containers.list_type, containers.list_map_keys) == ("array", "map", ("name",))
    assert (containers.patch_merge_key, containers.patch_strategies) == ("name", {"merge"})


def test_a_patch_release_and_a_vendor_suffix_name_the_same_schemas() -> None:
    assert builtin("v1.36.3+k3s1") is builtin("1.36")


def test_a_version_without_schemas_is_told_with_what_is_known() -> None:
    with pytest.raises(UnknownVersionError, match=r"no schemas for Kubernetes 1\.2\.7") as caught:
        builtin("1.2.7")
    assert "1.25 to 1.37" in caught.value.hint


def test_a_kind_that_is_not_built_in_has_no_schema() -> None:
    assert builtin().lookup(GroupVersionKind("example.com", "v1", "Widget")) is None


def test_named_types_are_shared_and_carry_their_published_text() -> None:
    pod = walk(builtin().lookup(GroupVersionKind("", "v1", "Pod")), "spec")
    template = walk(builtin().lookup(DEPLOYMENT), "spec", "template", "spec")
    assert pod is template
    assert pod.name == "io.k8s.api.core.v1.PodSpec"
    assert pod.description == "PodSpec is a description of a pod."


def test_values_of_special_types_are_what_the_api_takes() -> None:
    container = builtin().named("io.k8s.api.core.v1.Container")
    limits = walk(container, "resources").properties["limits"]
    assert limits.additional is not None
    assert (limits.additional.type, limits.additional.format) == ("string", "quantity")
    assert walk(builtin().lookup(DEPLOYMENT), "spec", "strategy", "rollingUpdate", "maxSurge").int_or_string


def test_the_kind_pins_of_the_data_package_are_taken_out() -> None:
    deployment = builtin().lookup(DEPLOYMENT)
    assert deployment is not None
    assert deployment.properties["kind"].enum == ()
    assert builtin().full("io.k8s.api.apps.v1.Deployment")["properties"]["metadata"]["$ref"] == (
        "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    )


def test_what_publication_loses_is_put_back() -> None:
    ports = builtin().named("io.k8s.api.core.v1.ContainerPort")
    assert ports.properties["protocol"].default == "TCP"
    claim = builtin().named("io.k8s.api.core.v1.PersistentVolumeSpec").properties["claimRef"]
    assert (claim.name, claim.map_type) == ("io.k8s.api.core.v1.ObjectReference", "granular")


def test_a_custom_resource_has_the_metadata_of_every_object() -> None:
    widget = custom_resource(
        {"type": "object", "properties": {"spec": {"type": "object"}, "metadata": {"type": "object"}}}
    )
    assert walk(widget, "metadata", "ownerReferences").list_map_keys == ("uid",)
    assert set(widget.properties) == {"apiVersion", "kind", "metadata", "spec"}


def test_a_definition_without_a_schema_keeps_everything() -> None:
    assert custom_resource(None).preserve_unknown


def test_an_embedded_resource_has_metadata_even_if_its_schema_does_not_say_so() -> None:
    embedded = Schema.from_openapi({"type": "object", "x-kubernetes-embedded-resource": True})
    assert walk(embedded, "metadata", "labels").additional is not None


def test_the_compact_form_is_read_again_and_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    file, stamp = tmp_path / "schemas" / "1.36.bin", (1, 2, 3)
    made: list[int] = []

    def make() -> schema_data.Compact:
        made.append(1)
        return {"A": b"x"}, {("", "v1", "A"): "A"}

    for _ in range(2):
        assert schema_data.cached(file, stamp, tmp_path, make).names() == ["A"]
    assert len(made) == 1
    file.write_bytes(file.read_bytes()[:-1])
    schema_data.cached(file, stamp, tmp_path, make)
    schema_data.cached(file, (1, 2, 4), tmp_path, make)
    assert len(made) == 3


def test_a_folder_that_cannot_be_written_only_costs_the_cache(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    found = schema_data.cached(blocker / "1.36.bin", (1,), tmp_path, lambda: ({"A": b"x"}, {}))
    assert found.names() == ["A"]
    assert os.listdir(tmp_path) == ["file"]
