"""A repository tried out in a sandbox: green, deadlocked, refused, and without what is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.app import trial, trial_report
from holdfast.app.charts import VENDORED, Library
from holdfast.app.trial_report import Outcome, Row
from holdfast.offline.unit import Options
from tests.unit.offline.test_survey import unit

SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {url: "ssh://git@example.com/fleet", interval: 1m, ref: {semver: ">=1.0.0"}, secretRef: {name: deploy-key}}
"""
WAIT = "  wait: true\n  timeout: 1m\n"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, namespace: default}\ndata: {a: b}\n"
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: NAME, namespace: default}
spec:
  interval: 5m
  chart: {spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
"""
ELSEWHERE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: default}
spec: {url: "https://charts.invalid", interval: 1h}
---
""" + RELEASE.replace("NAME", "far").replace("./chart,", "web,").replace(
    "kind: GitRepository, name: flux-system, namespace: flux-system", "kind: HelmRepository, name: charts"
)
SECRET = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: hidden, namespace: default}\n"
    "stringData: {p: 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]'}\n"
    "sops: {mac: 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]', version: 3.9.0, lastmodified: '2024-01-01T00:00:00Z'}\n"
)
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.invalid/web:1"}]}
"""
FILES = {
    "clusters/prod/sync.yaml": SOURCE
    + "---\n"
    + unit("flux-system", "./clusters/prod")
    + "---\n"
    + unit("infra", "./infra", WAIT)
    + "---\n"
    + unit(
        "apps",
        "./apps",
        WAIT + "  dependsOn: [{name: infra}]\n  decryption: {provider: sops, secretRef: {name: age}}\n",
    )
    + "---\n"
    + unit("one", "./one", "  dependsOn: [{name: two}]\n")
    + "---\n"
    + unit("two", "./two", "  dependsOn: [{name: one}]\n")
    + "---\n"
    + unit("behind", "./one", "  dependsOn: [{name: two}]\n")
    + "---\n"
    + unit("broken", "./broken")
    + "---\n"
    + unit("sick", "./sick", WAIT)
    + "---\n"
    + unit("behind-sick", "./one", "  dependsOn: [{name: sick}]\n")
    + "---\n"
    + unit(
        "checks-nothing", "./two", "  healthChecks: [{apiVersion: v1, kind: Pod, name: ghost, namespace: default}]\n"
    ),
    "infra/c.yaml": CONFIG.replace("NAME", "infra"),
    "apps/c.yaml": CONFIG.replace("NAME", "apps"),
    "apps/r.yaml": RELEASE.replace("NAME", "near"),
    "apps/s.yaml": SECRET,
    "one/c.yaml": CONFIG.replace("NAME", "one"),
    "two/c.yaml": ELSEWHERE,
    "broken/c.yaml": CONFIG.replace("NAME", "Not_A_Name"),
    "sick/d.yaml": DEPLOYMENT,
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/templates/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {a: b}\n",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Sandboxes of these tests have their state in a place of their own."""
    place = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_STATE_DIR", str(place))
        yield place


def tried(top: Path, files: dict[str, str]) -> tuple[trial.Trial, dict[str, Row]]:
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    charts = Library([str(top / VENDORED)], top / "cache", offline=True)
    options = Options(implied=True, charts=charts)
    # However slow the machine: the trial ends when nothing has moved for a while.
    order = trial.Order(str(top), timeout=300.0, quiet=6.0, offline=True, options=options)
    found = trial.run(order, lambda text: None)
    return found, {str(r.key.name): r for r in trial_report.rows(found)}


@pytest.fixture(scope="module")
def done(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[trial.Trial, dict[str, Row]]:
    return tried(tmp_path_factory.mktemp("repository"), FILES)


def test_units_and_releases_become_ready_from_the_working_tree_whatever_url_and_ref_are_declared(
    done: tuple[trial.Trial, dict[str, Row]],
) -> None:
    rows = done[1]
    assert {rows[n].outcome for n in ("flux-system", "infra", "apps", "near")} == {Outcome.READY}, rows
    assert rows["infra"].seconds <= rows["apps"].seconds


def test_a_deadlock_is_told_with_its_circle_also_for_what_waits_behind_it(
    done: tuple[trial.Trial, dict[str, Row]],
) -> None:
    found, rows = done
    assert rows["one"].outcome is Outcome.BLOCKED
    assert [k.name for k in rows["one"].chain] == ["one", "two", "one"]
    assert [k.name for k in rows["behind"].chain] == ["behind", "two", "one", "two"]
    text = trial_report.text(list(rows.values()), found)
    assert "deadlock: Kustomization/flux-system/one → Kustomization/flux-system/two" in text
    assert "(holds up 3 units)" in text


def test_what_the_api_server_refuses_fails_with_its_words(done: tuple[trial.Trial, dict[str, Row]]) -> None:
    row = done[1]["broken"]
    assert row.outcome is Outcome.FAILED
    assert "Not_A_Name" in row.message


def test_an_object_that_never_gets_ready_is_named_with_what_its_pod_says(
    done: tuple[trial.Trial, dict[str, Row]],
) -> None:
    row, behind = done[1]["sick"], done[1]["behind-sick"]
    assert (row.outcome, behind.outcome) == (Outcome.FAILED, Outcome.BLOCKED)
    assert "Deployment/default/web" in row.message and "ImagePullBackOff" in row.message
    assert [k.name for k in behind.chain] == ["behind-sick", "sick", "web"]


def test_a_health_check_of_nothing_says_that_it_is_not_there(done: tuple[trial.Trial, dict[str, Row]]) -> None:
    assert done[1]["checks-nothing"].message == "Pod/default/ghost: it is not there"


def test_a_chart_that_is_not_at_hand_is_no_failure_of_the_repository(
    done: tuple[trial.Trial, dict[str, Row]],
) -> None:
    row = done[1]["far"]
    assert row.outcome is Outcome.UNAVAILABLE
    assert "charts.invalid" in row.message


def test_junit_counts_failures_and_skips(done: tuple[trial.Trial, dict[str, Row]]) -> None:
    found, rows = done
    text = trial_report.junit(list(rows.values()), found)
    assert f'tests="{len(rows)}" failures="7" skipped="1"' in text
    assert not trial_report.green(list(rows.values()))


def test_no_sandbox_stays(done: tuple[trial.Trial, dict[str, Row]]) -> None:
    from holdfast.app.sandbox_state import names

    assert names() == []


def test_encrypted_files_are_counted(done: tuple[trial.Trial, dict[str, Row]]) -> None:
    assert done[0].hidden == 1
    assert "1 encrypted files have placeholders" in trial_report.summary(list(done[1].values()), done[0])


# -- what is not in Git ----------------------------------------------------------------------------------------------------

OCI = """apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: files, namespace: flux-system}
spec: {interval: 1m, url: "oci://ghcr.io/acme/manifests", ref: {semver: ">=1.2.0 <2.0.0"}, secretRef: {name: ghcr}}
"""
BUCKET = """apiVersion: source.toolkit.fluxcd.io/v1
kind: Bucket
metadata: {name: store, namespace: flux-system}
spec: {interval: 1m, bucketName: b, endpoint: minio.example.invalid}
"""
GENERATOR = """apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {name: parts, namespace: flux-system}
spec:
  sources: [{alias: repo, kind: GitRepository, name: flux-system}]
  artifacts: [{name: generated, copy: [{from: "@repo/part/**", to: "@artifact/"}]}]
"""
CHARTS = """apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: web, namespace: default}
spec: {interval: 1h, url: "https://charts.example.invalid/stable"}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: registry, namespace: default}
spec: {interval: 1h, type: oci, url: "oci://ghcr.io/acme/charts"}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: chart, namespace: default}
spec:
  interval: 1h
  url: oci://ghcr.io/acme/charts/web
  layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}
  ref: {tag: 1.4.2}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: by-index, namespace: default}
spec: {interval: 1h, chart: {spec: {chart: web, version: "1.x", sourceRef: {kind: HelmRepository, name: web}}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: by-registry, namespace: default}
spec: {interval: 1h, chart: {spec: {chart: web, version: "~1.4", sourceRef: {kind: HelmRepository, name: registry}}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: by-artifact, namespace: default}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: chart}}
"""
APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: NAME, namespace: argocd}
spec:
  project: PROJECT
  source: {repoURL: "git@example.com:fleet.git", path: PATH, targetRevision: main}
  destination: {server: "https://kubernetes.default.svc", namespace: default}
"""
BY_HAND = APPLICATION.replace("NAME", "by-hand").replace("PROJECT", "team").replace("PATH", "argo/by-hand")
SET = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: stages, namespace: argocd}
spec:
  goTemplate: true
  generators: [{git: {repoURL: "git@example.com:fleet.git", revision: main, directories: [{path: argo/stages/*}]}}]
  template:
    metadata: {name: "stage-{{.path.basename}}"}
    spec:
      project: team
      source: {repoURL: "git@example.com:fleet.git", path: "{{.path.path}}", targetRevision: main}
      destination: {server: "https://kubernetes.default.svc", namespace: default}
      syncPolicy: {automated: {}}
"""
PROJECT = """apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: team, namespace: argocd}
spec:
  sourceRepos: ["*"]
  destinations: [{namespace: "*", server: "*"}]
"""


def of(kind: str, name: str, path: str) -> str:
    text = unit(f"from-{name}", path, WAIT)
    return text.replace("kind: GitRepository, name: flux-system", f"kind: {kind}, name: {name}")


EVERYWHERE = {
    "clusters/prod/sync.yaml": "---\n".join(
        [
            SOURCE,
            unit("flux-system", "./clusters/prod"),
            *(OCI, of("OCIRepository", "files", "./apps")),
            *(BUCKET, of("Bucket", "store", "./bucket")),
            *(GENERATOR, of("ExternalArtifact", "generated", "./")),
            unit("charts", "./charts", WAIT),
        ]
    ),
    "deploy/apps/c.yaml": CONFIG.replace("NAME", "oci"),
    "bucket/c.yaml": CONFIG.replace("NAME", "bucket"),
    "part/c.yaml": CONFIG.replace("NAME", "part"),
    "charts/all.yaml": CHARTS,
    ".holdfast/charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.4.2\n",
    ".holdfast/charts/web/templates/c.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\ndata: {a: b}\n"
    ),
    "argo/project.yaml": PROJECT,
    "argo/apps.yaml": f"{BY_HAND}---\n{SET}",
    "argo/by-hand/c.yaml": CONFIG.replace("NAME", "by-hand"),
    "argo/stages/one/c.yaml": CONFIG.replace("NAME", "stage"),
}


@pytest.fixture(scope="module")
def everywhere(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    return tried(tmp_path_factory.mktemp("everywhere"), EVERYWHERE)[1]


@pytest.mark.parametrize("name", ["from-files", "from-store", "from-generated"])
def test_files_are_served_as_artifacts_of_registries_buckets_and_generators(
    name: str, everywhere: dict[str, Row]
) -> None:
    assert everywhere[name].outcome is Outcome.READY, everywhere[name]


@pytest.mark.parametrize("name", ["by-index", "by-registry", "by-artifact"])
def test_a_vendored_chart_is_served_by_its_repository_and_its_registry(name: str, everywhere: dict[str, Row]) -> None:
    assert everywhere[name].outcome is Outcome.READY, everywhere[name]


@pytest.mark.parametrize("name", ["by-hand", "stages", "stage-one"])
def test_argo_cds_units_are_synced_also_where_somebody_would_have_to_order_it(
    name: str, everywhere: dict[str, Row]
) -> None:
    assert everywhere[name].outcome is Outcome.READY, everywhere[name]


def test_everything_that_was_expected_is_told(everywhere: dict[str, Row]) -> None:
    assert {r.outcome for r in everywhere.values()} == {Outcome.READY}, everywhere
    assert len(everywhere) == 11
