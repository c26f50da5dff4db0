"""OCIRepositories read, and what their status and events say."""

from __future__ import annotations

from holdfast.dialects.flux.ocirepository import content_changed, observations, read, stored_text

SELECTOR = {"mediaType": "application/x", "operation": "copy"}


def test_defaults_are_flux_defaults() -> None:
    found = read({"spec": {"url": "oci://r/a", "interval": "1h"}})
    assert (found.interval, found.timeout, found.provider, found.copies) == (3600.0, 60.0, "generic", False)


def test_another_layer_or_other_ignore_rules_change_the_content() -> None:
    source = read({"spec": {"url": "oci://r/a", "ignore": "x", "layerSelector": SELECTOR}})
    assert content_changed(source, {})
    assert not content_changed(source, observations(source))
    assert content_changed(read({"spec": {"url": "oci://r/a"}}), observations(source))
    assert content_changed(read({"spec": {"ignore": ""}}), {})


def test_the_event_names_the_origin_only_when_both_parts_are_known() -> None:
    metadata = {"org.opencontainers.image.source": "s", "org.opencontainers.image.revision": "r"}
    plain = "stored artifact with revision '1@sha256:a' from 'oci://r/a'"
    artifact = {"revision": "1@sha256:a", "metadata": metadata}
    assert stored_text("oci://r/a", artifact) == f"{plain}, origin source 's', origin revision 'r'"
    del metadata["org.opencontainers.image.source"]
    assert stored_text("oci://r/a", artifact) == plain
