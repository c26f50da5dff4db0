"""Finding and rendering the units of whole repositories."""

from __future__ import annotations

import base64

from holdfast.base.tree import MemoryTree
from holdfast.offline.placeholders import PLACEHOLDER
from holdfast.offline.survey import Options, Survey, survey

SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {url: "https://example.com/fleet", interval: 1m}
"""


def unit(name: str, path: str, more: str = "") -> str:
    return f"""\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  interval: 10m
  prune: true
  path: {path}
  sourceRef: {{kind: GitRepository, name: flux-system}}
{more}"""


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: default}\ndata: {region: '${region}'}\n"


def one(files: dict[str, str]) -> Survey:
    (found,) = survey(MemoryTree({p: t.encode() for p, t in files.items()}))
    return found


def names(found: Survey) -> list[str]:
    return [k.name for k in found.units]


def test_units_that_units_render_are_followed_and_rendered_as_patched() -> None:
    found = one(
        {
            "clusters/prod/flux-system/sync.yaml": SOURCE + "---\n" + unit("flux-system", "./clusters/prod"),
            "clusters/prod/apps.yaml": unit("apps", "./apps"),
            "clusters/prod/kustomization.yaml": (
                "resources: [flux-system/sync.yaml, apps.yaml]\n"
                "patches:\n- target: {kind: Kustomization, name: apps}\n"
                "  patch: |\n    - {op: add, path: /spec/postBuild, value: {substitute: {region: north}}}\n"
            ),
            "apps/c.yaml": CONFIG,
        }
    )
    assert names(found) == ["flux-system", "apps"]
    (config,) = [o for _, o in found.objects() if o["kind"] == "ConfigMap"]
    assert config["data"] == {"region": "north"}
    parent = found.units[next(k for k in found.units if k.name == "apps")].parent
    assert parent is not None and parent.name == "flux-system"


def test_variables_come_from_config_maps_of_the_repository() -> None:
    more = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}\n"
    vars_ = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata: {region: south}\n"
    found = one(
        {"sync.yaml": SOURCE + "---\n" + unit("apps", "./apps", more), "vars.yaml": vars_, "apps/c.yaml": CONFIG}
    )
    (config,) = [o for _, o in found.objects() if o["kind"] == "ConfigMap"]
    assert config["data"] == {"region": "south"}


def test_one_broken_unit_spoils_no_other() -> None:
    found = one(
        {
            "sync.yaml": SOURCE + "---\n" + unit("good", "./good") + "---\n" + unit("bad", "./bad"),
            "good/c.yaml": CONFIG,
            "bad/kustomization.yaml": "resources: [nope.yaml]\n",
        }
    )
    by_name = {k.name: u for k, u in found.units.items()}
    assert by_name["good"].rendered is not None
    assert "nope.yaml" in by_name["bad"].problem and not by_name["bad"].external


def test_a_source_that_is_not_here_is_told_and_is_no_mistake() -> None:
    other = SOURCE.replace("name: flux-system, namespace", "name: other, namespace")
    away = unit("away", "./deploy").replace("name: flux-system}", "name: other}")
    found = one({"sync.yaml": SOURCE + "---\n" + other + "---\n" + away})
    (told,) = found.units.values()
    assert told.external and "is not in this repository" in told.problem


def test_encrypted_values_are_placeholders() -> None:
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\n"
        "data: {p: 'ENC[AES256_GCM,data:canary,iv:x,tag:y,type:str]'}\nsops: {version: 3.9.0, mac: x}\n"
    )
    found = one({"sync.yaml": SOURCE + "---\n" + unit("apps", "./apps"), "apps/s.yaml": secret})
    (shown,) = [o for _, o in found.objects() if o["kind"] == "Secret"]
    assert "sops" not in shown and "canary" not in str(shown)
    assert base64.b64decode(shown["data"]["p"]).decode() == PLACEHOLDER


def test_clusters_are_told_apart_by_where_the_same_unit_stands() -> None:
    tree = {
        "clusters/a/apps.yaml": unit("apps", "./apps/a"),
        "clusters/b/apps.yaml": unit("apps", "./apps/b"),
        "apps/a/c.yaml": CONFIG,
        "apps/b/c.yaml": CONFIG.replace("name: c,", "name: d,"),
    }
    found = survey(MemoryTree({p: t.encode() for p, t in tree.items()}))
    assert [s.cluster for s in found] == ["clusters/a", "clusters/b"]
    assert [[o["metadata"]["name"] for _, o in s.objects()] for s in found] == [["c"], ["d"]]


def test_generated_artifacts_are_put_together() -> None:
    generator = """\
apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {name: g, namespace: flux-system}
spec:
  sources: [{alias: mono, kind: GitRepository, name: flux-system}]
  artifacts:
  - name: apps
    copy:
    - {from: "@mono/apps/base/**", to: "@artifact/base/"}
    - {from: "@mono/apps/prod/**", to: "@artifact/prod/", exclude: ["*.md"]}
"""
    made = unit("apps", "./prod").replace(
        "kind: GitRepository, name: flux-system", "kind: ExternalArtifact, name: apps"
    )
    found = one(
        {
            "clusters/artifacts.yaml": SOURCE + "---\n" + generator,
            "clusters/apps.yaml": made,
            "apps/base/c.yaml": CONFIG,
            "apps/base/kustomization.yaml": "resources: [c.yaml]\n",
            "apps/prod/kustomization.yaml": "resources: [../base]\nnamePrefix: prod-\n",
            "apps/prod/notes.md": "kind:",
        }
    )
    assert [o["metadata"]["name"] for _, o in found.objects()] == ["prod-c"]


def test_nonsense_in_units_is_a_problem_of_theirs() -> None:
    found = one(
        {
            "a.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: 3\n",
            "b.yaml": unit("b", "./b").replace("interval: 10m", "interval: soon"),
            "c.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: c}\nspec: {patches: x}\n",
            "d.yaml": "{{ not yaml\n",
            "e.yaml": "kind: [\n",
        }
    )
    assert all(u.problem for u in found.units.values())
    assert [b.place.path for b in found.unreadable] == ["e.yaml"]


def test_what_another_cluster_builds_is_no_unit_of_this_one() -> None:
    files = {}
    for cluster in ("one", "two"):
        files[f"clusters/{cluster}/apps.yaml"] = SOURCE + "---\n" + unit("apps", f"./units/{cluster}")
        files[f"units/{cluster}/kustomization.yaml"] = "resources: [child.yaml]\n"
        files[f"units/{cluster}/child.yaml"] = unit("child", "./base")
    files["base/c.yaml"] = CONFIG
    found = survey(MemoryTree({p: t.encode() for p, t in files.items()}))
    assert [(s.cluster, names(s)) for s in found] == [
        ("clusters/one", ["apps", "child"]),
        ("clusters/two", ["apps", "child"]),
    ]
    assert [u.place.path for u in found[0].units.values()] == ["clusters/one/apps.yaml", "units/one/child.yaml"]


INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec:
  distribution: {version: 2.x}
  sync: {kind: GitRepository, url: "https://example.com/fleet", ref: refs/heads/main, path: clusters/prod}
"""


def test_the_sync_of_a_flux_instance_is_an_entry_point() -> None:
    found = one(
        {
            "bootstrap/instance.yaml": INSTANCE,
            "clusters/prod/apps.yaml": unit("apps", "./apps"),
            "apps/c.yaml": CONFIG,
        }
    )
    assert names(found) == ["flux", "flux-system", "apps"]
    assert [str(u.parent) for u in found.units.values()] == [
        "None",
        "FluxInstance/flux-system/flux",
        "Kustomization/flux-system/flux-system",
    ]


def test_a_repository_without_units_has_one_for_each_overlay() -> None:
    overlay = "namespace: {}\nresources: [../../base]\n"
    files = {
        "base/kustomization.yaml": "resources: [c.yaml]\n",
        "base/c.yaml": CONFIG.replace("${region}", "x"),
        "apps/staging/kustomization.yaml": overlay.format("staging"),
        "apps/production/kustomization.yaml": overlay.format("production"),
    }
    (found,) = survey(MemoryTree({p: t.encode() for p, t in files.items()}), Options(implied=True))
    assert names(found) == ["apps-production", "apps-staging"]
    assert [o["metadata"]["namespace"] for _, o in found.objects()] == ["production", "staging"]


def test_units_written_as_json_in_a_yaml_file_are_found() -> None:
    text = (
        '{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "apps", '
        '"namespace": "flux-system"}, "spec": {"interval": "5m", "prune": true, "path": "./apps", '
        '"sourceRef": {"kind": "GitRepository", "name": "flux-system"}}}\n'
    )
    files = {"clusters/prod/sync.yaml": SOURCE, "clusters/prod/apps.yaml": text, "apps/c.yaml": CONFIG}
    (found,) = survey(MemoryTree({p: t.encode() for p, t in files.items()}))
    assert [k.name for k, u in found.units.items() if u.rendered is not None] == ["apps"]
