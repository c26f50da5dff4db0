"""Every rule finds its planted mistake, and is silent on the corrected twin."""

from __future__ import annotations

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.offline.findings import Finding, check
from holdfast.offline.rules import RULES
from holdfast.offline.survey import survey
from tests.unit.offline.test_survey import SOURCE, unit

GOOD: dict[str, str] = {
    "clusters/prod/sync.yaml": SOURCE
    + "---\n"
    + unit("apps", "./apps", "  dependsOn: [{name: infra}]\n")
    + "---\n"
    + unit("infra", "./infra"),
    "infra/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
    "apps/kustomization.yaml": "resources: [deployment.yaml, service.yaml, config.yaml, account.yaml]\n",
    "apps/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\n",
    "apps/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\ndata: {a: b}\n",
    "apps/service.yaml": (
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
        "spec: {selector: {app: web}, ports: [{port: 80}]}\n"
    ),
    "apps/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - {name: c, image: "app:1.0", envFrom: [{configMapRef: {name: conf}}]}
""",
}

SYNC, DEPLOYMENT = "clusters/prod/sync.yaml", "apps/deployment.yaml"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {p: hunter2}\n"
SCRIPT = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\n"
    "data:\n  run.sh: |\n    #!/bin/sh\n    echo ${HOME}\n"
)
POST_BUILD = (
    "  dependsOn: [{name: infra}]\n  postBuild: {substitute: {HOMEPAGE: x}, substituteStrategy: WithVariables}\n"
)

MISTAKES: list[tuple[str, str, str, str]] = [
    ("yaml-invalid", "apps/extra.yaml", "", "kind: ConfigMap\nmetadata: [\n"),
    ("unit-invalid", "apps/kustomization.yaml", "config.yaml,", "config.yaml, nope.yaml,"),
    ("kustomization-unknown-field", "apps/kustomization.yaml", "resources:", "resourcess:"),
    ("dependency-cycle", SYNC, "path: ./infra\n", "path: ./infra\n  dependsOn: [{name: apps}]\n"),
    ("dependency-missing", SYNC, "[{name: infra}]", "[{name: infrastructure}]"),
    (
        "source-missing",
        SYNC,
        "GitRepository, name: flux-system}\n  dependsOn",
        "GitRepository, name: gone}\n  dependsOn",
    ),
    ("object-owned-twice", "infra/account.yaml", "", GOOD["apps/account.yaml"]),
    ("prune-off", SYNC, "prune: true\n  path: ./apps", "prune: false\n  path: ./apps"),
    ("namespace-missing", "infra/namespace.yaml", "name: shop", "name: shops"),
    ("reference-missing", DEPLOYMENT, "configMapRef: {name: conf}", "configMapRef: {name: config}"),
    ("service-account-missing", DEPLOYMENT, "serviceAccountName: web", "serviceAccountName: robot"),
    ("service-without-pods", "apps/service.yaml", "app: web", "app: shop"),
    ("selector-mismatch", DEPLOYMENT, "labels: {app: web}", "labels: {app: wep}"),
    (
        "substitute-from-missing",
        SYNC,
        "  dependsOn: [{name: infra}]\n",
        "  dependsOn: [{name: infra}]\n  postBuild: {substituteFrom: [{kind: ConfigMap, name: gone}]}\n",
    ),
    ("schema-invalid", DEPLOYMENT, "replicas: 1", "replicas: one"),
    ("schema-invalid", DEPLOYMENT, "envFrom:", "envfrom:"),
    ("api-removed", DEPLOYMENT, "apiVersion: apps/v1", "apiVersion: apps/v1beta2"),
    ("kind-unknown", DEPLOYMENT, "kind: Deployment", "kind: Deploymant"),
    ("secret-in-plain-text", "apps/secret.yaml", "", SECRET),
    ("image-floating", DEPLOYMENT, "app:1.0", "app:latest"),
    ("image-floating", DEPLOYMENT, "app:1.0", "registry:5000/app"),
    ("name-invalid", "apps/account.yaml", "name: web", "name: Web_Server"),
]


def findings(files: dict[str, str]) -> list[Finding]:
    tree = MemoryTree({p: t.encode() for p, t in files.items()})
    return sorted({f for found in survey(tree) for f in check(found, RULES)})


def planted(path: str, old: str, new: str) -> dict[str, str]:
    assert not old or old in GOOD[path], f"{old!r} is not in {path}"
    return {**GOOD, path: GOOD[path].replace(old, new, 1) if old else new}


def test_the_good_repository_is_silent() -> None:
    assert findings(GOOD) == []


@pytest.mark.parametrize(("rule", "path", "old", "new"), MISTAKES, ids=[f"{m[0]}-{i}" for i, m in enumerate(MISTAKES)])
def test_a_planted_mistake_is_found(rule: str, path: str, old: str, new: str) -> None:
    found = findings(planted(path, old, new))
    assert rule in {f.rule for f in found}, [f.rule for f in found]
    assert all(f.place in planted(path, old, new) for f in found)


def test_a_script_that_substitution_would_eat_is_found_with_its_line_and_the_way_out() -> None:
    files = {**GOOD, "apps/config.yaml": SCRIPT, SYNC: GOOD[SYNC].replace("  dependsOn: [{name: infra}]\n", POST_BUILD)}
    lenient = files[SYNC].replace("HOMEPAGE: x}", "HOMEPAGE: x, HOME: y}")
    assert "substitution-eaten" not in {f.rule for f in findings({**files, SYNC: lenient})}
    kept = {**files, "apps/config.yaml": SCRIPT.replace("${HOME}", "$${HOME}")}
    assert findings(kept) == []


@pytest.mark.parametrize("comment", ["# holdfast: ignore image-floating\n", "# holdfast: ignore all\n"])
def test_a_comment_at_the_place_silences_a_finding(comment: str) -> None:
    files = planted(DEPLOYMENT, "app:1.0", "app:latest")
    line = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps"
    assert findings({**files, SYNC: files[SYNC].replace(line, comment + line)}) == []


def test_a_comment_for_the_file_silences_it_everywhere() -> None:
    files = planted(DEPLOYMENT, "app:1.0", "app:latest")
    assert findings({**files, SYNC: "# holdfast: ignore-file image-floating\n" + files[SYNC]}) == []


def test_a_custom_resource_excuses_only_what_is_named_like_it_or_by_it() -> None:
    widget = (
        "apiVersion: acme.io/v1\nkind: Widget\nmetadata: {name: store, namespace: default}\nspec: {secret: given}\n"
    )
    wanted = ("store-user", "given", "other", "restore")
    environment = ", ".join(
        f"{{name: A{i}, valueFrom: {{secretKeyRef: {{name: {n}, key: k}}}}}}" for i, n in enumerate(wanted)
    )
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default}\n"
        f"spec: {{containers: [{{name: a, image: 'a:1', env: [{environment}]}}]}}\n"
    )
    files = {"clusters/prod/sync.yaml": SOURCE + "---\n" + unit("apps", "./apps"), "apps/a.yaml": f"{widget}---\n{pod}"}
    found = [f.message for f in findings(files) if f.rule == "reference-missing"]
    assert [m.split(" needs Secret ")[1].partition(",")[0] for m in found] == ["other", "restore"]


def test_a_chart_of_this_repository_under_another_address_is_looked_for_here() -> None:
    source = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: charts, namespace: default}\n"
        "spec: {interval: 1h, url: 'https://example.com/fleet.git'}\n"
    )
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r, namespace: default}\n"
        "spec: {interval: 1h, chart: {spec: {chart: ./none, sourceRef: {kind: GitRepository, name: charts}}}}\n"
    )
    files = {
        "clusters/prod/sync.yaml": SOURCE + "---\n" + unit("apps", "./apps"),
        "apps/a.yaml": f"{source}---\n{release}",
    }
    assert [f.rule for f in findings(files) if f.severity == "error"] == ["chart-missing"]
