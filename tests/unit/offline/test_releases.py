"""HelmReleases rendered without a cluster."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from holdfast.app.charts import Library
from holdfast.base.tree import MemoryTree
from holdfast.kube.refs import Manifest
from holdfast.offline.survey import Options, Survey, Unit, survey
from tests.unit.offline.test_survey import SOURCE, unit

TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: '{{ .Release.Name }}'}
data: {color: '{{ .Values.color }}', size: '{{ .Values.size }}', kube: '{{ .Capabilities.KubeVersion.Version }}'}
"""
CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.0\n",
    "charts/web/values.yaml": "color: red\nsize: small\n",
    "charts/web/templates/c.yaml": TEMPLATE,
    "charts/web/crds/w.yaml": (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: ws.example.com}\n"
        "spec: {group: example.com, scope: Cluster, names: {kind: W, plural: ws}, versions: []}\n"
    ),
}
IN_GIT = (
    "chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}"
)
IN_REPOSITORY = "chart: {spec: {chart: web, version: 1.x, sourceRef: {kind: HelmRepository, name: shop}}}"
REPOSITORY = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: shop, namespace: shop}\n"
    "spec: {url: 'https://charts.example.com/shop', interval: 1h}\n"
)


def release(chart: str, more: str = "") -> str:
    return (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\n"
        f"spec:\n  interval: 5m\n  {chart}\n{more}"
    )


def rendered(files: dict[str, str], options: Options | None = None) -> Survey:
    everything = {"clusters/prod/sync.yaml": SOURCE + "---\n" + unit("apps", "./apps"), **CHART, **files}
    (found,) = survey(MemoryTree({p: t.encode() for p, t in everything.items()}), options)
    return found


def the_release(found: Survey) -> Unit:
    return next(u for u in found.units.values() if u.key.kind == "HelmRelease")


def config(found: Survey) -> Manifest:
    unit = the_release(found)
    assert unit.rendered is not None, unit.problem
    return next(o for o in unit.rendered.objects if o["kind"] == "ConfigMap")


def archive(directory: Path, version: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with tarfile.open(directory / f"web-{version}.tgz", "w:gz") as tar:
        for path, text in CHART.items():
            data = text.replace("1.2.0", version).encode()
            info = tarfile.TarInfo(path.removeprefix("charts/"))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def test_a_chart_in_git_is_rendered_into_the_release_namespace_with_origin_labels_and_its_definitions() -> None:
    found = rendered({"apps/r.yaml": release(IN_GIT)})
    made = config(found)
    assert made["metadata"]["namespace"] == "shop"
    assert made["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"] == "web"
    assert made["data"]["color"] == "red"
    kinds = [o["kind"] for o in the_release(found).rendered.objects]  # type: ignore[union-attr]
    assert kinds == ["CustomResourceDefinition", "ConfigMap"]
    assert "namespace" not in the_release(found).rendered.objects[0]["metadata"]  # type: ignore[union-attr]


def test_definitions_are_left_out_where_the_release_skips_them() -> None:
    found = rendered({"apps/r.yaml": release(IN_GIT, "  install: {crds: Skip}\n")})
    assert [o["kind"] for o in the_release(found).rendered.objects] == ["ConfigMap"]  # type: ignore[union-attr]


def test_values_come_from_objects_of_the_repository_in_order_and_inline_values_win() -> None:
    values = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, namespace: shop}\n"
        "data: {values.yaml: 'color: green\n\n  size: large', one: blue}\n"
    )
    more = "  valuesFrom: [{kind: ConfigMap, name: v}]\n  values: {size: huge}\n"
    data = config(rendered({"apps/r.yaml": release(IN_GIT, more), "apps/v.yaml": values}))["data"]
    assert (data["color"], data["size"]) == ("green", "huge")
    more = "  valuesFrom: [{kind: ConfigMap, name: v, valuesKey: one, targetPath: color}]\n"
    assert config(rendered({"apps/r.yaml": release(IN_GIT, more), "apps/v.yaml": values}))["data"]["color"] == "blue"


def test_values_that_are_nowhere_are_told_and_the_rest_is_rendered() -> None:
    found = rendered({"apps/r.yaml": release(IN_GIT, "  valuesFrom: [{kind: Secret, name: gone}]\n")})
    assert the_release(found).missing_values == ("Secret/shop/gone",)
    assert config(found)["data"]["color"] == "red"


def test_values_files_of_the_reference_replace_the_charts_values() -> None:
    chart = IN_GIT.replace("./charts/web,", "./charts/web, valuesFiles: [charts/web/values.yaml, extra.yaml],")
    found = rendered({"apps/r.yaml": release(chart), "extra.yaml": "color: black\n"})
    assert config(found)["data"]["color"] == "black"
    absent = the_release(rendered({"apps/r.yaml": release(chart)}))
    assert "extra.yaml" in absent.problem
    assert not absent.external


def test_post_renderers_patch_what_the_chart_made() -> None:
    patch = (
        "  postRenderers:\n  - kustomize:\n      patches:\n      - target: {kind: ConfigMap}\n"
        "        patch: |\n          - {op: replace, path: /data/color, value: patched}\n"
    )
    assert config(rendered({"apps/r.yaml": release(IN_GIT, patch)}))["data"]["color"] == "patched"


def test_the_assumed_version_of_kubernetes_reaches_the_templates() -> None:
    found = rendered({"apps/r.yaml": release(IN_GIT)}, Options(kube_version="1.30.2"))
    assert config(found)["data"]["kube"] == "v1.30.2"


def test_a_fault_in_a_template_is_placed_in_the_repository() -> None:
    broken = {**CHART, "charts/web/templates/c.yaml": TEMPLATE.replace(".Values.size", ".Values.size.nope.deep")}
    found = the_release(rendered({"apps/r.yaml": release(IN_GIT), **broken}))
    assert found.problem_place is not None
    assert (found.problem_place.path, found.problem_place.line) == ("charts/web/templates/c.yaml", 4)


def test_a_chart_that_is_not_at_hand_is_named_and_no_failure() -> None:
    found = the_release(rendered({"apps/r.yaml": release(IN_REPOSITORY), "apps/h.yaml": REPOSITORY}))
    assert found.external
    assert "chart web 1.x from https://charts.example.com/shop" in found.problem


def test_vendored_charts_are_taken_by_version_and_an_unknown_version_is_a_mistake(tmp_path: Path) -> None:
    archive(tmp_path / "v", "1.2.0")
    archive(tmp_path / "v", "1.10.0")
    archive(tmp_path / "v", "2.0.0")
    options = Options(charts=Library([str(tmp_path / "v")], tmp_path / "cache", offline=True))
    files = {"apps/r.yaml": release(IN_REPOSITORY), "apps/h.yaml": REPOSITORY}
    found = the_release(rendered(files, options))
    assert found.rendered is not None
    assert found.facts["chart"].chart.metadata.version == "1.10.0"
    files["apps/r.yaml"] = release(IN_REPOSITORY.replace("1.x", "9.9.9"))
    wrong = the_release(rendered(files, options))
    assert (wrong.external, wrong.rule) == (False, "chart-version-unknown")
    assert "1.10.0" in wrong.problem


@pytest.mark.parametrize("ref", ["{tag: 1.2.0}", "{semver: '>=1.0.0 <2.0.0'}"])
def test_a_chart_of_an_oci_repository_is_taken_from_the_cache(tmp_path: Path, ref: str) -> None:
    archive(tmp_path / "v" / "ghcr.io" / "org", "1.2.0")
    (tmp_path / "v" / "ghcr.io" / "org" / "web").mkdir()
    (tmp_path / "v" / "ghcr.io" / "org" / "web-1.2.0.tgz").rename(tmp_path / "v/ghcr.io/org/web/web-1.2.0.tgz")
    source = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: web, namespace: shop}\n"
        f"spec: {{url: 'oci://ghcr.io/org/web', interval: 1h, ref: {ref}}}\n"
    )
    options = Options(charts=Library([str(tmp_path / "v")], tmp_path / "cache", offline=True))
    files = {"apps/r.yaml": release("chartRef: {kind: OCIRepository, name: web}"), "apps/s.yaml": source}
    assert config(rendered(files, options))["data"]["color"] == "red"


def test_a_release_that_only_patches_another_is_no_unit() -> None:
    found = rendered(
        {
            "apps/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
            "apps/patch.yaml": release("values: {color: patched}"),
            "base/kustomization.yaml": "resources: [r.yaml]\n",
            "base/r.yaml": release(IN_GIT),
        }
    )
    assert [u.place.path for u in found.units.values()] == ["clusters/prod/sync.yaml", "base/r.yaml"]
    assert config(found)["data"]["color"] == "patched"


def test_a_release_of_a_wrong_shape_is_a_problem_of_its_own() -> None:
    found = rendered({"apps/r.yaml": release("chart: {spec: [1]}"), "apps/ok.yaml": REPOSITORY})
    assert the_release(found).problem
    assert len(found.units) == 2
