"""Validation answers the field, the reason and the words of the API server."""

import copy
from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind
from holdfast.sandbox.kinds import (
    apply_defaults,
    check,
    prepare_create,
    prepare_update,
    validate_create,
    validate_update,
)
from holdfast.sandbox.kinds.prepare import sync_profiles

Causes = list[tuple[str, str]]


def made(obj: dict[str, Any]) -> dict[str, Any]:
    gvk = GroupVersionKind.of(obj)
    obj = copy.deepcopy(obj)
    obj.setdefault("metadata", {}).setdefault("name", "a")
    check(gvk, obj, None, "Ignore", None)
    apply_defaults(gvk, obj)
    obj["metadata"].setdefault("uid", "u-1")
    return obj


def refused(obj: dict[str, Any]) -> Causes:
    gvk, found = GroupVersionKind.of(obj), made(obj)
    prepare_create(gvk, found)
    return [(e.field, e.body) for e in validate_create(gvk, found)]


def changed(old: dict[str, Any], change: dict[str, Any]) -> Causes:
    """Validate an update that replaces some fields of the spec, or of the object."""
    gvk, before = GroupVersionKind.of(old), made(old)
    prepare_create(gvk, before)
    after = copy.deepcopy(before)
    for key, value in change.items():
        after.get("spec", after)[key] = value
    prepare_update(gvk, after, before)
    return [(e.field, e.body) for e in validate_update(gvk, after, before)]


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "image": "x"}], **spec}}


def deployment(**spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template, **spec},
    }


def one(kind: str, version: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, **fields}


CASES: dict[str, tuple[dict[str, Any], Causes]] = {
    "a pod without containers": (pod(containers=[]), [("spec.containers", "Required value")]),
    "a container without an image": (pod(containers=[{"name": "c"}]), [("spec.containers[0].image", "Required value")]),
    "two containers of one name": (
        pod(containers=[{"name": "c", "image": "x"}, {"name": "c", "image": "y"}]),
        [("spec.containers[1].name", 'Duplicate value: "c"')],
    ),
    "an unknown restart policy": (
        pod(restartPolicy="x"),
        [("spec.restartPolicy", 'Unsupported value: "x": supported values: "Always", "OnFailure", "Never"')],
    ),
    "a request above its limit": (
        pod(containers=[{"name": "c", "image": "x", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}]),
        [("spec.containers[0].resources.requests", 'Invalid value: "2": must be less than or equal to cpu limit of 1')],
    ),
    "a volume with two sources": (
        pod(volumes=[{"name": "v", "emptyDir": {}, "configMap": {"name": "c"}}]),
        [("spec.volumes[0].configMap", "Forbidden: may not specify more than 1 volume type")],
    ),
    "a mount of no volume": (
        pod(containers=[{"name": "c", "image": "x", "volumeMounts": [{"name": "w", "mountPath": "/w"}]}]),
        [("spec.containers[0].volumeMounts[0].name", 'Not found: "w"')],
    ),
    "a probe of nothing": (
        pod(containers=[{"name": "c", "image": "x", "livenessProbe": {}}]),
        [("spec.containers[0].livenessProbe", "Required value: must specify a handler type")],
    ),
    "a deployment without a selector": (
        deployment(selector=None),
        [("spec.selector", "Required value"), ("spec.template.metadata.labels", 'Invalid value: {"app":"a"}: `selector` does not match template `labels`')],
    ),
    "a rolling update that cannot move": (
        deployment(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
        [("spec.strategy.rollingUpdate.maxUnavailable", "Invalid value: 0: may not be 0 when `maxSurge` is 0")],
    ),
    "a job that always restarts": (
        one("Job", "batch/v1", spec={"template": {"spec": {"containers": [{"name": "c", "image": "x"}]}}}),
        [("spec.template.spec.restartPolicy", 'Required value: valid values: "OnFailure", "Never"')],
    ),
    "a schedule that is none": (
        one("CronJob", "batch/v1", spec={"schedule": "0 0 * * 7", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}}}}),
        [("spec.schedule", 'Invalid value: "0 0 * * 7": end of range (7) above maximum (6): 7')],
    ),
    "a service without ports": (one("Service", spec={"selector": {"a": "b"}}), [("spec.ports", "Required value")]),
    "a node port of a cluster service": (
        one("Service", spec={"ports": [{"port": 80, "nodePort": 30000}]}),
        [("spec.ports[0].nodePort", "Forbidden: may not be used when `type` is 'ClusterIP'")],
    ),
    "an ingress of nothing": (
        one("Ingress", "networking.k8s.io/v1", spec={}),
        [("spec", "Invalid value: null: either `defaultBackend` or `rules` must be specified")],
    ),
    "a network peer of nobody": (
        one("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}, "ingress": [{"from": [{}]}]}),
        [("spec.ingress[0].from[0]", "Required value: must specify a peer")],
    ),
    "a claim without size": (
        one("PersistentVolumeClaim", spec={"accessModes": ["ReadWriteOnce"]}),
        [("spec.resources[storage]", "Required value")],
    ),
    "a storage class without provisioner": (one("StorageClass", "storage.k8s.io/v1"), [("provisioner", "Required value")]),
    "an autoscaler with less than its minimum": (
        one("HorizontalPodAutoscaler", "autoscaling/v2", spec={"minReplicas": 5, "maxReplicas": 2, "scaleTargetRef": {"kind": "D", "name": "d", "apiVersion": "apps/v1"}}),
        [("spec.maxReplicas", "Invalid value: 2: must be greater than or equal to `minReplicas`")],
    ),
    "a role without verbs": (
        one("Role", "rbac.authorization.k8s.io/v1", rules=[{"apiGroups": [""], "resources": ["pods"]}]),
        [("rules[0].verbs", "Required value: verbs must contain at least one value")],
    ),
    "a tls secret without its key": (
        one("Secret", type="kubernetes.io/tls", data={"tls.crt": ""}),
        [("data[tls.key]", "Required value")],
    ),
    "a bad config key": (
        one("ConfigMap", data={"..": "x"}),
        [("data[..]", "Invalid value: \"..\": must not be '..'")],
    ),
    "a quota of fractions": (
        one("ResourceQuota", spec={"hard": {"pods": "1500m"}}),
        [("spec.hard[pods]", 'Invalid value: "1500m": must be an integer')],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused(case: str) -> None:
    obj, causes = CASES[case]
    assert refused(obj) == causes


def test_what_is_right_passes() -> None:
    assert refused(pod()) == [] and refused(deployment()) == []


def test_a_selector_cannot_change() -> None:
    assert changed(deployment(), {"selector": {"matchLabels": {"app": "a", "x": "y"}}})[-1] == (
        "spec.selector",
        'Invalid value: {"matchLabels":{"app":"a","x":"y"}}: field is immutable',
    )


def test_a_pods_spec_is_fixed_and_the_refusal_shows_the_difference() -> None:
    ((field, text),) = changed(pod(), {"terminationGracePeriodSeconds": 5})
    assert field == "spec" and text.startswith("Forbidden: pod updates may not change fields other than")
    assert '\n- "TerminationGracePeriodSeconds": 30,\n+ "TerminationGracePeriodSeconds": 5,\n' in text


def test_a_pods_image_may_change() -> None:
    new = made(pod(containers=[{"name": "c", "image": "y", "imagePullPolicy": "Always"}]))
    assert changed(pod(), {"containers": new["spec"]["containers"]}) == []


def test_metadata_of_an_update_is_judged_more_than_once() -> None:
    gvk, before = GroupVersionKind("", "v1", "ConfigMap"), made(one("ConfigMap"))
    after = {**before, "metadata": {**before["metadata"], "labels": {"a b": "c"}}}
    found = [e.body for e in validate_update(gvk, after, before)]
    assert len(found) > 1 and len(set(found)) == 1


def status_refused(kind: str, old: dict[str, Any], new: dict[str, Any]) -> Causes:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    before = made(
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template},
            "status": old,
        }
    )
    after = {**copy.deepcopy(before), "status": new}
    return [(e.field, e.body) for e in validate_update(GroupVersionKind.of(before), after, before, "status")]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_collision_count_only_grows(kind: str) -> None:
    assert status_refused(kind, {"collisionCount": 3}, {"collisionCount": 4}) == []
    assert status_refused(kind, {"collisionCount": 3}, {"collisionCount": 2}) == [
        ("status.collisionCount", "Invalid value: 2: cannot be decremented")
    ]


def test_more_available_than_ready_replicas_are_told_with_the_value_zero() -> None:
    assert status_refused("ReplicaSet", {}, {"readyReplicas": -1}) == [
        ("status.readyReplicas", "Invalid value: -1: must be greater than or equal to 0"),
        ("status.availableReplicas", "Invalid value: 0: cannot be greater than readyReplicas"),
    ]


def test_claim_templates_come_first_among_the_volumes_of_a_stateful_set() -> None:
    claim = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    template = {
        "metadata": {"labels": {"app": "a"}},
        "spec": {"containers": [{"name": "c", "image": "x"}], "volumes": [{"name": "v", "emptyDir": {}}]},
    }
    found = refused(
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "spec": {
                "selector": {"matchLabels": {"app": "a"}},
                "template": template,
                "volumeClaimTemplates": [{**claim, "metadata": {"name": "Bad"}}],
            },
        }
    )
    assert [field for field, _ in found] == ["spec.template.spec.volumes[0].name"]


def test_a_suspended_job_may_be_given_other_resources_and_nodes() -> None:
    container = {"name": "c", "image": "x"}
    spec = {"restartPolicy": "Never", "containers": [container]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"suspend": True, "template": {"spec": spec}}}
    resources = {"resources": {"requests": {"cpu": "1"}}}
    template = made(job)["spec"]["template"]
    moved = copy.deepcopy(template)
    moved["spec"]["nodeSelector"] = {"a": "b"}
    moved["spec"]["containers"][0].update(resources)
    fields = [field for field, _ in changed(job, {"template": moved})]
    assert "spec.template.spec" not in fields and "spec.template" not in fields
    other = copy.deepcopy(template)
    other["spec"]["containers"][0]["image"] = "y"
    assert "spec.template.spec" in [field for field, _ in changed(job, {"template": other})]


def test_a_schedule_names_its_unknown_time_zone_first() -> None:
    job = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}
    found = refused(
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "spec": {"schedule": "TZ=Foo/Bar * * * * *", "jobTemplate": {"spec": {"template": {"spec": job}}}},
        }
    )
    assert [body.partition(": ")[2].partition(": ")[2] for _, body in found] == [
        "provided bad location Foo/Bar: unknown time zone Foo/Bar",
        "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
    ]


def test_a_pod_selects_by_its_own_labels_where_it_is_told_to() -> None:
    term = {"topologyKey": "z", "labelSelector": {}, "matchLabelKeys": ["a", "none"], "mismatchLabelKeys": ["b"]}
    spread = {"topologyKey": "z", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway"}
    found = made(
        {
            **pod(
                affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
                topologySpreadConstraints=[{**spread, "labelSelector": {}, "matchLabelKeys": ["a"]}],
            ),
            "metadata": {"labels": {"a": "1", "b": "2"}},
        }
    )
    prepare_create(GroupVersionKind.of(found), found)
    own = {"key": "a", "operator": "In", "values": ["1"]}
    wanted = found["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    assert wanted["labelSelector"]["matchExpressions"] == [own, {"key": "b", "operator": "NotIn", "values": ["2"]}]
    assert found["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchExpressions"] == [own]


def test_an_app_armor_annotation_becomes_a_field_and_is_warned_of() -> None:
    key = "container.apparmor.security.beta.kubernetes.io/c"
    found = made({**pod(), "metadata": {"annotations": {key: "localhost/p"}}})
    assert sync_profiles(found) == [
        f'metadata.annotations[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'
    ]
    profile = {"type": "Localhost", "localhostProfile": "p"}
    assert found["spec"]["containers"][0]["securityContext"] == {"appArmorProfile": profile}
    assert sync_profiles(found) == []


def pod_status_refused(spec: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> Causes:
    before = {**made(pod(**spec)), "status": old}
    after = {**copy.deepcopy(before), "status": new}
    return [(e.field, e.body) for e in validate_update(GroupVersionKind.of(before), after, before, "status")]


def test_a_container_that_ended_does_not_run_again_where_it_may_not() -> None:
    ended = {"containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 1}}}]}
    running = {"containerStatuses": [{"name": "c", "state": {"running": {}}}]}
    refused_ = [("status.containerStatuses[0].state", "Forbidden: may not be transitioned to non-terminated state")]
    assert pod_status_refused({"restartPolicy": "Never"}, ended, running) == refused_
    assert pod_status_refused({"restartPolicy": "OnFailure"}, ended, running) == []
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}
    container = {"name": "c", "image": "x", "restartPolicy": "Never", "restartPolicyRules": [rule]}
    assert pod_status_refused({"restartPolicy": "Never", "containers": [container]}, ended, running) == []


def test_addresses_of_a_pod_are_one_of_each_family() -> None:
    assert pod_status_refused({}, {}, {"podIPs": [{"ip": "1.2.3.4"}, {"ip": "fd00::1"}]}) == []
    assert pod_status_refused({}, {}, {"podIPs": [{"ip": "1.2.3.4"}, {"ip": "1.2.3.5"}]}) == [
        (
            "status.podIPs",
            'Invalid value: [{"IP":"1.2.3.4"},{"IP":"1.2.3.5"}]: may specify no more than one IP for each IP family',
        )
    ]


def resized(change: dict[str, Any], **base: Any) -> Causes:
    amounts = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}
    before = made(pod(containers=[{"name": "c", "image": "x", "resources": amounts}], **base))
    prepare_create(GroupVersionKind.of(before), before)
    after = copy.deepcopy(before)
    after["spec"]["containers"][0].update(change)
    return [(e.field, e.body) for e in validate_update(GroupVersionKind.of(before), after, before, "resize")]


def test_a_resize_changes_amounts_and_takes_none_away() -> None:
    grown = {"requests": {"cpu": "1500m", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}
    assert resized({"resources": grown}) == []
    assert resized({"resources": {"requests": {"cpu": "1"}, "limits": grown["limits"]}}) == [
        ("spec.containers[0].resources.requests", "Forbidden: resource requests cannot be removed")
    ]
    assert resized({"name": "d"}) == [
        ("spec.containers[0].name", "Forbidden: containers may not be renamed or reordered on resize")
    ]
    assert resized({"resources": grown}, os={"name": "windows"}) == [
        ("[]", "Forbidden: windows pods cannot be resized")
    ]
