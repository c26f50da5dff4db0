"""What a user of HelmReleases sees: install, upgrade, a bad upgrade and its way back, drift, restart, uninstall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from harness import Sandbox, status
from releases import CHART, ReleaseWorld, at_work, condition, release_world

from holdfast.cluster.client import PatchType
from holdfast.kube.refs import Manifest, ObjectRef
from tests.charts import Site, chart, served, sha256

READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Succeeded",
    "message": "stored",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
    "observedGeneration": 1,
}


@pytest.fixture
async def here(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[ReleaseWorld]:
    async with release_world(sandbox, tmp_path) as found:
        yield found


def history(obj: Manifest) -> list[tuple[int, str, str]]:
    return [(s["version"], s["status"], s.get("action", "")) for s in status(obj)["history"]]


async def test_a_release_is_installed_follows_its_values_and_its_chart_and_goes_with_its_object(
    here: ReleaseWorld,
) -> None:
    await here.commit()
    ref = await here.declare(values={"color": "blue"})
    first = await here.until_ready()
    assert await here.data(here.config()) == {"color": "blue", "revision": "1"}
    assert history(first) == [(1, "deployed", "install")]
    assert [e["id"] for e in status(first)["inventory"]["entries"]] == [f"{here.namespace}_app-config__ConfigMap"]

    await here.declare(values={"color": "green"})
    second = await here.until_ready()
    assert await here.data(here.config()) == {"color": "green", "revision": "2"}
    assert history(second) == [(2, "deployed", "upgrade"), (1, "superseded", "")]

    await here.commit({**CHART, "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.2.0\n"})
    await here.until(ref, lambda o: bool(o) and history(o)[0] == (3, "deployed", "upgrade"))
    assert await here.records() == {1: "superseded", 2: "superseded", 3: "deployed"}

    await here.client.delete(ref)
    await here.until(ref, lambda o: o is None)
    assert await here.data(here.config()) is None
    assert await here.records() == {}


async def test_nothing_changed_means_no_render_no_request_and_no_revision(here: ReleaseWorld) -> None:
    await here.commit()
    await here.declare()
    await here.until_ready()
    before = here.releases.office.renders.renders
    await here.ask()
    await here.ask()
    assert here.releases.office.renders.renders == before
    assert await here.records() == {1: "deployed"}


async def test_an_upgrade_that_fails_is_rolled_back_and_a_good_one_goes_on_from_there(here: ReleaseWorld) -> None:
    await here.commit()
    remedy = {"remediation": {"retries": 0, "remediateLastFailure": True}}
    await here.declare(upgrade=remedy)
    await here.until_ready()
    await here.declare(upgrade=remedy, values={"color": "blue", "refuse": True})
    failed = await here.until_said("Stalled", "True")
    assert condition(failed, "Stalled")["message"] == "Failed to upgrade after 1 attempt(s)"
    assert condition(failed, "Ready")["reason"] == "RollbackSucceeded"
    assert (await here.data(here.config()) or {})["color"] == "red"
    assert await here.records() == {1: "superseded", 2: "failed", 3: "deployed"}

    await here.declare(upgrade=remedy, values={"color": "green"})
    good = await here.until_ready()
    assert history(good) == [(4, "deployed", "upgrade"), (3, "superseded", "")]
    assert not condition(good, "Remediated")


async def test_an_install_that_fails_is_uninstalled_as_often_as_there_are_retries(here: ReleaseWorld) -> None:
    await here.commit()
    await here.declare(values={"refuse": True}, install={"remediation": {"retries": 1, "remediateLastFailure": True}})
    failed = await here.until_said("Stalled", "True")
    assert status(failed)["installFailures"] == 2
    assert condition(failed, "Remediated")["reason"] == "UninstallSucceeded"
    assert await here.records() == {}
    assert await here.data(here.config()) is None


async def test_a_template_that_fails_leaves_the_running_release_as_it_was(here: ReleaseWorld) -> None:
    await here.commit()
    await here.declare()
    await here.until_ready()
    broken = {**CHART, "chart/templates/bad.yaml": '{{ fail "not this way" }}\n', "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.2.0\n"}  # fmt: skip
    await here.commit(broken)
    message = await here.until_reason("UpgradeFailed")
    assert "execution error at (app/templates/bad.yaml:1:3): not this way" in message
    assert await here.data(here.config()) == {"color": "red", "revision": "1"}
    assert await here.records() == {1: "deployed"}


async def test_drift_is_put_right_soon_after_it_is_seen_and_nothing_is_released_for_it(here: ReleaseWorld) -> None:
    await here.commit()
    await here.declare(driftDetection={"mode": "enabled"})
    await here.until_ready()
    patch = {"data": {"color": "drifted", "theirs": "x"}}
    await here.client.patch(here.config(), patch, PatchType.MERGE, manager="somebody")
    await here.until(here.config(), lambda o: bool(o) and o["data"]["color"] == "red")
    assert await here.data(here.config()) == {"color": "red", "revision": "1", "theirs": "x"}
    uid = (await here.client.get(here.config()))["metadata"]["uid"]
    await here.client.delete(here.config())
    await here.until(here.config(), lambda o: bool(o) and o["metadata"]["uid"] != uid)
    assert await here.records() == {1: "deployed"}


async def test_drift_is_only_told_of_where_that_is_what_was_asked(here: ReleaseWorld) -> None:
    await here.commit()
    ref = await here.declare(driftDetection={"mode": "warn"})
    await here.until_ready()
    await here.client.patch(here.config(), {"data": {"color": "drifted"}}, PatchType.MERGE, manager="somebody")
    told = await here.until(ref, lambda o: condition(o, "Drifted").get("status") == "True")
    assert condition(told, "Drifted")["message"].endswith(
        f"ConfigMap/{here.namespace}/app-config changed (0 additions, 1 changes, 0 removals)"
    )
    assert (await here.data(here.config()) or {})["color"] == "drifted"


async def test_another_process_takes_a_release_over_without_a_revision_a_render_or_a_touch(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with release_world(sandbox, tmp_path) as first:
        await first.commit()
        await first.declare(driftDetection={"mode": "enabled"})
        before = await first.until_ready()
        was = await first.client.get(first.config())
    async with sandbox.client() as client, at_work(client, tmp_path, first.namespace) as (releases, artifacts):
        second = ReleaseWorld(client, releases, artifacts, first.namespace)
        after = await second.ask()
        now = await client.get(second.config())
    assert releases.office.renders.renders == 0
    assert status(after)["history"] == status(before)["history"]
    assert now["metadata"]["resourceVersion"] == was["metadata"]["resourceVersion"]


async def test_a_release_waits_for_what_it_depends_on_and_is_woken_by_it(here: ReleaseWorld) -> None:
    await here.commit()
    await here.declare("second", dependsOn=[{"name": "first"}])
    await here.until_reason("DependencyNotReady", "second")
    await here.declare("first")
    await here.until_ready("second")
    assert await here.data(here.config("second")) == {"color": "red", "revision": "1"}


HOOK = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: hook-{{ .Values.color }}
  annotations:
    helm.sh/hook: %s
    helm.sh/hook-delete-policy: %s
"""


@pytest.mark.parametrize(
    ("policy", "left"),
    [("before-hook-creation", True), ("hook-succeeded", False)],
    ids=["until it runs again", "until it has run"],
)
async def test_the_object_of_a_hook_stays_as_long_as_its_policy_says(
    here: ReleaseWorld, policy: str, left: bool
) -> None:
    await here.commit({**CHART, "chart/templates/hook.yaml": HOOK % ("post-install", policy)})
    await here.declare()
    await here.until_ready()
    found = await here.data(ObjectRef("", "ConfigMap", here.namespace, "hook-red"))
    assert (found is not None) is left


async def test_a_failed_test_is_a_failed_release(here: ReleaseWorld) -> None:
    await here.commit({**CHART, "chart/templates/test.yaml": HOOK % ("test", "before-hook-creation")})
    await here.declare(test={"enable": True})
    tested = await here.until_ready()
    assert condition(tested, "TestSuccess")["status"] == "True"
    assert [h["phase"] for h in status(tested)["history"][0]["testHooks"].values()] == ["Succeeded"]
    await here.declare(test={"enable": True}, values={"color": "No_Name"})
    failed = await here.until_said("Stalled", "True")
    assert condition(failed, "Ready")["reason"] == "TestFailed"
    assert condition(failed, "Released")["status"] == "True"


async def test_a_suspended_release_rests_and_leaves_everything_when_it_is_deleted(here: ReleaseWorld) -> None:
    await here.commit()
    ref = await here.declare()
    await here.until_ready()
    await here.declare(suspend=True, values={"color": "blue"})
    await here.until(ref, lambda o: status(o).get("observedGeneration") == 2)
    assert (await here.data(here.config()) or {})["color"] == "red"
    await here.client.delete(ref)
    await here.until(ref, lambda o: o is None)
    assert await here.records() == {1: "deployed"}
    assert (await here.data(here.config()) or {})["color"] == "red"


async def test_values_come_from_where_they_are_referred_to_and_what_is_said_here_wins(here: ReleaseWorld) -> None:
    await here.commit({**CHART, "chart/templates/all.yaml": ALL})

    def config(name: str, **data: str) -> Manifest:
        metadata = {"name": name, "namespace": here.namespace}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    values: list[dict[str, Any]] = [
        {"kind": "ConfigMap", "name": "values"},
        {"kind": "ConfigMap", "name": "one", "valuesKey": "text", "targetPath": "deep.text", "literal": True},
    ]
    await here.declare(valuesFrom=values, values={"color": "own"})
    assert 'configmaps "values" not found' in await here.until_reason("ValuesError")
    await here.client.create(config("values", **{"values.yaml": "color: theirs\na: {b: 1}\n"}))
    await here.client.create(config("one", text="x,y={z}"))
    await here.ask()
    await here.until_ready()
    found = await here.data(ObjectRef("", "ConfigMap", here.namespace, "all"))
    assert found == {"all": '{"a":{"b":1},"color":"own","deep":{"text":"x,y={z}"}}'}


ALL = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: all}\ndata: {all: {{ toJson .Values | quote }}}\n"


async def test_a_chart_that_another_controller_serves_is_brought_here_and_followed(here: ReleaseWorld) -> None:
    site = Site()

    async def offer(version: str) -> None:
        files = {"templates/config.yaml": CHART["chart/templates/config.yaml"], "values.yaml": f"color: v{version}\n"}
        packed = chart("app", version, files)
        site.files["/app.tgz"] = packed
        artifact = {
            "digest": f"sha256:{sha256(packed)}",
            "lastUpdateTime": "2026-01-01T00:00:00Z",
            "path": "/app.tgz",
            "revision": version,
            "size": len(packed),
            "url": f"{site.url}/app.tgz",
        }
        body = {"status": {"artifact": artifact, "conditions": [READY]}}
        await here.client.patch(source, body, PatchType.MERGE, version="v1", subresource="status", manager="tests")

    source = ObjectRef("source.toolkit.fluxcd.io", "ExternalArtifact", here.namespace, "theirs")
    external = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact", "spec": {}}
    await here.client.create({**external, "metadata": {"name": "theirs", "namespace": here.namespace}}, manager="t")
    with served(site):
        await offer("1.0.0")
        ref = await here.declare(chartRef={"kind": "ExternalArtifact", "name": "theirs"})
        await here.until_ready()
        assert await here.data(here.config()) == {"color": "v1.0.0", "revision": "1"}
        await offer("2.0.0")
        await here.until(ref, lambda o: bool(o) and history(o)[0] == (2, "deployed", "upgrade"))
        assert await here.data(here.config()) == {"color": "v2.0.0", "revision": "2"}
    assert site.asked == ["/app.tgz", "/app.tgz"]


async def test_the_legacy_wait_looks_only_at_what_helm_3_looks_at(here: ReleaseWorld) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x}]}\n"
    await here.commit({**CHART, "chart/templates/pod.yaml": "{{- if .Values.pod }}\n" + pod + "{{- end }}\n"})
    never = [{"apiVersion": "v1", "kind": "ConfigMap", "current": "false"}]
    await here.declare(waitStrategy={"name": "legacy"}, healthCheckExprs=never)
    await here.until_ready()
    await here.declare(waitStrategy={"name": "legacy"}, timeout="3s", healthCheckExprs=never, values={"pod": True})
    assert (await here.until_reason("UpgradeFailed")).endswith("app@0.1.0: context deadline exceeded")
