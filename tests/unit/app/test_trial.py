"""A repository tried out in a sandbox: green, deadlocked, refused, and without what is elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.app import trial, trial_report
from holdfast.app.trial_report import Outcome, Row
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
    + unit("broken", "./broken"),
    "infra/c.yaml": CONFIG.replace("NAME", "infra"),
    "apps/c.yaml": CONFIG.replace("NAME", "apps"),
    "apps/r.yaml": RELEASE.replace("NAME", "near"),
    "apps/s.yaml": SECRET,
    "one/c.yaml": CONFIG.replace("NAME", "one"),
    "two/c.yaml": ELSEWHERE,
    "broken/c.yaml": CONFIG.replace("NAME", "Not_A_Name"),
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/templates/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {a: b}\n",
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[trial.Trial, dict[str, Row]]:
    top = tmp_path_factory.mktemp("repository")
    for path, text in FILES.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    # However slow the machine: the trial ends when nothing has moved for a while.
    found = trial.run(trial.Order(str(top), timeout=300.0, quiet=6.0), lambda text: None)
    return found, {str(r.key.name): r for r in trial_report.rows(found)}


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


def test_a_chart_that_is_not_at_hand_is_no_failure_of_the_repository(
    done: tuple[trial.Trial, dict[str, Row]],
) -> None:
    row = done[1]["far"]
    assert row.outcome is Outcome.UNAVAILABLE
    assert "charts.invalid" in row.message


def test_junit_counts_failures_and_skips(done: tuple[trial.Trial, dict[str, Row]]) -> None:
    found, rows = done
    text = trial_report.junit(list(rows.values()), found)
    assert f'tests="{len(rows)}" failures="4" skipped="1"' in text
    assert not trial_report.green(list(rows.values()))


def test_nothing_of_the_working_tree_changes_and_no_sandbox_stays(
    done: tuple[trial.Trial, dict[str, Row]], tmp_path: Path
) -> None:
    from holdfast.app.sandbox_state import names

    assert not [n for n in names() if n.startswith("trial-")]
