"""A chart to what a release applies: labels of the owner, post-renderers, hooks in or out of them."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.helm.cache import RenderCache
from holdfast.helm.chart.capabilities import default_capabilities
from holdfast.helm.chart.load import load_chart
from holdfast.helm.engine import ReleaseOptions
from holdfast.helm.errors import HelmError
from holdfast.kube import yaml
from holdfast.model.delivery import Image, Patch, Selector
from holdfast.model.release import PostRenderer, PostRendering
from holdfast.render.helm_release import RenderedRelease, render_release

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
    "templates/b.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - {name: c, image: nginx:1}\n",
    "templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata: {open: 'yes'}\n",
    "templates/hook.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: h\n  annotations: {helm.sh/hook: pre-install}\nspec:\n  containers:\n  - {name: c, image: nginx:1}\n",
}
OWNER = {"helm.toolkit.fluxcd.io/name": "app"}


def rendered(
    post: PostRendering, files: dict[str, str] | None = None, cache: RenderCache | None = None
) -> RenderedRelease:
    tree = MemoryTree({p: t.encode() for p, t in {**CHART, **(files or {})}.items()})
    options = ReleaseOptions("rel", "team")
    return render_release(cache or RenderCache(), load_chart(tree), {}, options, default_capabilities(), post)


def objects(found: RenderedRelease) -> list[dict[str, Any]]:
    return [d.value for d in yaml.load_all(found.manifest)]


def test_the_manifest_is_in_helms_order_with_sources_and_the_owners_labels() -> None:
    found = rendered(PostRendering(owner_labels=OWNER))
    assert [o["kind"] for o in objects(found)] == ["ConfigMap", "Pod"]
    assert all(o["metadata"]["labels"] == OWNER for o in objects(found))
    assert found.manifest.startswith("---\n# Source: app/templates/a.yaml\napiVersion: v1\n")
    assert objects(found)[0]["data"] == {"open": "yes"}


def test_patches_and_images_come_first_and_common_metadata_after_them() -> None:
    patch = Patch(
        '[{"op": "add", "path": "/metadata/labels", "value": {"team": "patched"}}]', Selector(kind="ConfigMap")
    )
    post = PostRendering(
        (PostRenderer((patch,), (Image("nginx", new_tag="9"),)),), labels={"team": "common"}, owner_labels=OWNER
    )
    config, pod = objects(rendered(post))
    assert config["metadata"]["labels"] == {"team": "common", **OWNER}
    assert pod["spec"]["containers"][0]["image"] == "nginx:9"


@pytest.mark.parametrize(
    ("strategy", "image"), [("combined", "nginx:9"), ("separate", "nginx:9"), ("nohooks", "nginx:1")]
)
def test_hooks_are_post_rendered_as_the_strategy_says(strategy: str, image: str) -> None:
    post = PostRendering((PostRenderer(images=(Image("nginx", new_tag="9"),)),), strategy=strategy)
    (hook,) = rendered(post).hooks
    assert yaml.load(hook.text)["spec"]["containers"][0]["image"] == image
    assert hook.events == ("pre-install",)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"templates/c.yaml": CHART["templates/a.yaml"]}, "error while running post render on files: may not add resource with an already registered id: ConfigMap.v1.[noGrp]/rel.[noNs]"),
        ({"templates/c.yaml": "a: b: c\n"}, "error merging manifests: parsing app/templates/c.yaml: MalformedYAMLError: yaml: mapping values are not allowed in this context"),
        ({"templates/c.yaml": "apiVersion: v1\nmetadata: {name: x}\n"}, "error while running post render on files: missing kind in object {{v1 } {{x } map[] map[postrenderer.helm.sh/postrender-filename:app/templates/c.yaml]}}"),
    ],
    ids=["two objects of one name", "a file that is no YAML", "an object without a kind"],
)  # fmt: skip
def test_what_cannot_be_post_rendered_is_told_in_helms_words(files: dict[str, str], message: str) -> None:
    with pytest.raises(HelmError) as raised:
        rendered(PostRendering(owner_labels=OWNER), files)
    assert raised.value.message == message


def test_the_same_chart_and_values_are_rendered_once() -> None:
    cache = RenderCache()
    first = rendered(PostRendering(owner_labels=OWNER), cache=cache)
    again = rendered(PostRendering(owner_labels=OWNER), cache=cache)
    assert first.manifest == again.manifest
    assert cache.renders == 1
