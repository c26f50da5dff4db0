"""Hypothesis strategies for whole kustomizations: a base, components and overlays that use many features at once.

Names, images and labels come from small pools, so that selectors, references and patches meet something; values come from
pools of what is awkward in YAML.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from holdfast.kube import yaml

Data = dict[str, Any]
Files = dict[str, str]

NAMES = ("web", "api", "db", "app-config", "worker")
IMAGES = ("nginx", "registry.io/team/api", "localhost:5000/web", "redis")
TAGS = ("1.0", "latest", "v2", "1.2.3-alpine")
AWKWARD = (
    "",
    "yes",
    "0777",
    "1e3",
    "null",
    "a: b",
    "#x",
    " padded ",
    "line\nbreak\n",
    "2024-01-01",
    "true",
    "é",
    "'q'",
    '"d"',
)
KEYS = ("app", "tier", "team", "example.com/role")
SCALARS = st.sampled_from([0, 1, -1, 8080, 1.5, True, False, *AWKWARD])

names = st.sampled_from(NAMES)
label_values = st.sampled_from(("web", "api", "x", "1", "true"))
labels = st.dictionaries(st.sampled_from(KEYS), label_values, max_size=2)
filled_labels = st.dictionaries(st.sampled_from(KEYS), label_values, min_size=1, max_size=2)


@st.composite
def images(draw: st.DrawFn) -> str:
    tag = draw(st.sampled_from(("", *(":" + t for t in TAGS), "@sha256:abc", ":1.0@sha256:abc")))
    return draw(st.sampled_from(IMAGES)) + tag


@st.composite
def containers(draw: st.DrawFn, name: str) -> Data:
    out: Data = {"name": name, "image": draw(images())}
    if draw(st.booleans()):
        env = [
            {"name": n, "value": draw(st.sampled_from(AWKWARD))}
            for n in draw(st.lists(st.sampled_from("ABC"), max_size=3))
        ]
        if draw(st.booleans()):
            reference = draw(st.sampled_from(("configMapKeyRef", "secretKeyRef")))
            env.append({"name": "REF", "valueFrom": {reference: {"name": draw(names), "key": "k"}}})
        out["env"] = env
    if draw(st.booleans()):
        ports = [{"containerPort": p} for p in draw(st.lists(st.sampled_from((80, 443, 53)), max_size=2, unique=True))]
        for port in ports:
            if draw(st.booleans()):
                port["protocol"] = draw(st.sampled_from(("TCP", "UDP")))
            if draw(st.booleans()):
                port["name"] = draw(st.sampled_from(("http", "dns")))
        out["ports"] = ports
    if draw(st.booleans()):
        out["envFrom"] = [{"configMapRef": {"name": draw(names)}}]
    if draw(st.booleans()):
        out["args"] = draw(st.lists(st.sampled_from(("--x", "$(HOST)", "a,b")), max_size=2))
    return out


@st.composite
def pod_specs(draw: st.DrawFn) -> Data:
    used = draw(st.lists(st.sampled_from(("main", "side", "init")), min_size=1, max_size=2, unique=True))
    spec: Data = {"containers": [draw(containers(n)) for n in used]}
    if draw(st.booleans()):
        spec["initContainers"] = [draw(containers("setup"))]
    if draw(st.booleans()):
        volumes: list[Data] = [{"name": "conf", "configMap": {"name": draw(names)}}]
        if draw(st.booleans()):
            volumes.append({"name": "sec", "secret": {"secretName": draw(names)}})
        if draw(st.booleans()):
            volumes.append({"name": "tmp", "emptyDir": {}})
        spec["volumes"] = volumes
    if draw(st.booleans()):
        spec["serviceAccountName"] = draw(names)
    if draw(st.booleans()):
        spec["tolerations"] = [{"key": "a", "operator": "Exists"}]
    return spec


@st.composite
def metadata(draw: st.DrawFn, name: str) -> Data:
    meta: Data = {"name": name}
    if draw(st.integers(0, 4)) == 0:
        meta["namespace"] = draw(st.sampled_from(("default", "other")))
    if found := draw(labels):
        meta["labels"] = found
    if draw(st.booleans()):
        meta["annotations"] = {
            k: draw(st.sampled_from(AWKWARD)) for k in draw(st.lists(st.sampled_from(KEYS), max_size=2))
        }
    return meta


def _workload(kind: str, spec: Data, extra: Data) -> Data:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "spec": {**extra, "template": {"metadata": {"labels": {"app": "x"}}, "spec": spec}},
    }


@st.composite
def objects(draw: st.DrawFn) -> Data:
    kind = draw(
        st.sampled_from(
            (
                "Deployment",
                "Deployment",
                "StatefulSet",
                "CronJob",
                "Service",
                "ConfigMap",
                "Secret",
                "Ingress",
                "RoleBinding",
                "ClusterRoleBinding",
                "ServiceAccount",
                "HorizontalPodAutoscaler",
                "Namespace",
                "PersistentVolumeClaim",
                "Gadget",
                "NetworkPolicy",
                "CustomResourceDefinition",
            )
        )
    )
    obj = draw(bodies(kind))
    obj["metadata"] = draw(metadata(draw(names)))
    return obj


@st.composite
def bodies(draw: st.DrawFn, kind: str) -> Data:
    if kind in ("Deployment", "StatefulSet"):
        extra: Data = {"selector": {"matchLabels": {"app": "x"}}} if draw(st.booleans()) else {}
        if draw(st.booleans()):
            extra["replicas"] = draw(st.integers(0, 3))
        if kind == "StatefulSet":
            extra["serviceName"] = draw(names)
            if draw(st.booleans()):
                extra["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}]
        return _workload(kind, draw(pod_specs()), extra)
    if kind == "CronJob":
        template = {"spec": {"template": {"spec": draw(pod_specs())}}}
        return {"apiVersion": "batch/v1", "kind": kind, "spec": {"schedule": "* * * * *", "jobTemplate": template}}
    if kind in ("ConfigMap", "Secret"):
        field = "data" if kind == "ConfigMap" else "stringData"
        return {"apiVersion": "v1", "kind": kind, field: {k: draw(st.sampled_from(AWKWARD)) for k in ("k", "conf.ini")}}
    return draw(small_bodies(kind))


@st.composite
def small_bodies(draw: st.DrawFn, kind: str) -> Data:
    rbac, name = "rbac.authorization.k8s.io/v1", draw(names)
    subjects = [{"kind": "ServiceAccount", "name": draw(st.sampled_from(("default", *NAMES)))}]
    if draw(st.booleans()):
        subjects[0]["namespace"] = draw(st.sampled_from(("default", "other")))
    scale = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, "maxReplicas": 3}
    rules = [{"http": {"paths": [{"path": "/", "backend": {"service": {"name": name, "port": {"number": 80}}}}]}}]
    role = {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": subjects,
    }
    table: dict[str, Data] = {
        "Service": {"apiVersion": "v1", "spec": {"selector": {"app": "x"}, "ports": [{"port": 80, "name": "http"}]}},
        "Ingress": {
            "apiVersion": "networking.k8s.io/v1",
            "spec": {"rules": rules, "tls": [{"secretName": draw(names)}]},
        },
        "RoleBinding": {"apiVersion": rbac, **role},
        "ClusterRoleBinding": {"apiVersion": rbac, **role},
        "ServiceAccount": {"apiVersion": "v1", "imagePullSecrets": [{"name": draw(names)}]},
        "HorizontalPodAutoscaler": {"apiVersion": "autoscaling/v2", "spec": scale},
        "Namespace": {"apiVersion": "v1"},
        "PersistentVolumeClaim": {"apiVersion": "v1", "spec": {"volumeName": name}},
        "Gadget": {
            "apiVersion": "example.com/v1",
            "spec": {"list": draw(st.lists(SCALARS, max_size=3)), "ref": {"name": name}},
        },
        "NetworkPolicy": {"apiVersion": "networking.k8s.io/v1", "spec": {"podSelector": {"matchLabels": {"app": "x"}}}},
        "CustomResourceDefinition": {"apiVersion": "apiextensions.k8s.io/v1", "spec": {"group": "example.com"}},
    }
    return {"kind": kind, **table[kind]}


# Patches


@st.composite
def strategic_patches(draw: st.DrawFn, targets: list[Data]) -> Data:
    target = draw(st.sampled_from(targets))
    patch: Data = {f: target[f] for f in ("apiVersion", "kind")}
    patch["metadata"] = {f: v for f, v in target["metadata"].items() if f in ("name", "namespace")}
    change = draw(st.sampled_from(("labels", "annotations", "spec", "spec", "spec", "spec", "delete")))
    if change == "delete":
        patch["$patch"] = "delete"
    elif change == "labels":
        patch["metadata"]["labels"] = draw(
            st.dictionaries(st.sampled_from(KEYS), st.sampled_from(("n", None)), max_size=2)
        )
    elif change == "annotations":
        patch["metadata"]["annotations"] = draw(
            st.dictionaries(st.sampled_from(KEYS), st.sampled_from(AWKWARD), min_size=1, max_size=2)
        )
    else:
        patch.update(draw(spec_changes(target)))
    return patch


@st.composite
def spec_changes(draw: st.DrawFn, target: Data) -> Data:
    if target["kind"] in ("Deployment", "StatefulSet"):
        spec = draw(pod_specs())
        for container in spec["containers"]:
            if draw(st.integers(0, 5)) == 0:
                container["$patch"] = draw(st.sampled_from(("delete", "replace", "merge")))
        if draw(st.integers(0, 5)) == 0:
            spec["containers"].append({"$patch": "replace"})
        if draw(st.integers(0, 5)) == 0:
            spec["volumes"] = None
        return {"spec": {"template": {"spec": spec}}}
    if target["kind"] == "Service":
        port = draw(st.sampled_from(({"port": 80, "targetPort": 8080}, {"port": 443}, {"port": 80, "protocol": "UDP"})))
        return {"spec": {"ports": [port]}}
    if target["kind"] in ("ConfigMap",):
        return {"data": {"k": draw(st.sampled_from((*AWKWARD, None))), "extra": "1"}}
    return {
        "spec": {
            "list": [1],
            "added": draw(SCALARS),
            "ref": draw(st.sampled_from((None, {"$patch": "delete"}, {"x": 1}))),
        }
    }


@st.composite
def json_patches(draw: st.DrawFn) -> list[Data]:
    paths = (
        "/metadata/labels/new",
        "/metadata/annotations/new",
        "/spec/replicas",
        "/spec/added",
        "/data/k",
        "/metadata/name",
    )
    out = []
    for _ in range(draw(st.integers(1, 2))):
        operation = draw(st.sampled_from(("add", "add", "add", "add", "replace", "remove")))
        path = "/metadata/labels" if operation == "remove" else draw(st.sampled_from(paths))
        entry: Data = {"op": operation, "path": path}
        if operation != "remove":
            entry["value"] = "renamed" if path == "/metadata/name" else draw(st.sampled_from((3, "text", None, True)))
        out.append(entry)
    return out


@st.composite
def selectors(draw: st.DrawFn) -> Data:
    selector: Data = {}
    if draw(st.booleans()):
        selector["kind"] = draw(st.sampled_from(("Deployment", "ConfigMap", "Service", "Deploy.*", ".*")))
    if draw(st.booleans()):
        selector["name"] = draw(st.sampled_from((*NAMES, "w.*", ".*", "we")))
    if draw(st.integers(0, 3)) == 0:
        selector["labelSelector"] = draw(st.sampled_from(("app=web", "app", "!app", "app in (web,api)", "tier!=x")))
    if draw(st.integers(0, 5)) == 0:
        selector["namespace"] = draw(st.sampled_from(("default", "other")))
    return selector or {"kind": "Deployment"}


# Kustomizations


@st.composite
def generators(draw: st.DrawFn, known: list[Data]) -> Data:
    """A new entry, or one that changes a ``known`` one."""
    literals = {"literals": [f"{draw(st.sampled_from('km'))}={draw(st.sampled_from(('v', 'w w', '1')))}"]}
    if known and draw(st.booleans()):
        old = draw(st.sampled_from(known))
        behavior = draw(st.sampled_from(("merge", "replace")))
        return {**{k: old[k] for k in ("name", "namespace") if k in old}, **literals, "behavior": behavior}
    entry: Data = {"name": draw(st.sampled_from(("gen-a", "gen-b", "gen-c", "gen-d", *NAMES))), **literals}
    if draw(st.integers(0, 3)) == 0:
        entry["options"] = {"disableNameSuffixHash": True, "labels": draw(labels)}
    if draw(st.integers(0, 4)) == 0:
        entry["namespace"] = "other"
    return entry


@st.composite
def replacements(draw: st.DrawFn, targets: list[Data]) -> Data:
    found = draw(st.sampled_from(targets))
    source: Data = {"kind": found["kind"], "name": found["metadata"]["name"]}
    if draw(st.integers(0, 2)) == 0:
        source["fieldPath"] = draw(st.sampled_from(("metadata.name", "data.k", "spec.replicas", "metadata.labels.app")))
    target: Data = {"select": draw(selectors())}
    if draw(st.booleans()):
        target["fieldPaths"] = [
            draw(
                st.sampled_from(
                    (
                        "metadata.labels.app",
                        "spec.template.spec.containers.[name=main].image",
                        "spec.template.spec.containers.*.image",
                        "spec.template.spec.containers.0.name",
                        "data.k",
                        "metadata.annotations.[example.com/role]",
                        "spec.replicas",
                    )
                )
            )
        ]
    if draw(st.booleans()):
        target["options"] = draw(
            st.sampled_from(({"create": True}, {"delimiter": ":", "index": 1}, {"delimiter": "-", "index": -1}))
        )
    if draw(st.integers(0, 3)) == 0:
        target["reject"] = [draw(selectors())]
    return {"source": source, "targets": [target]}


@st.composite
def features(draw: st.DrawFn, targets: list[Data], known: Data) -> Data:
    """Everything of a kustomization but its resources; ``known`` are the fields of the one below."""
    out: Data = {}

    def maybe(field: str, strategy: st.SearchStrategy[Any], chance: int = 3) -> None:
        if draw(st.integers(0, chance)) == 0:
            out[field] = draw(strategy)

    maybe("namePrefix", st.sampled_from(("dev-", "p")))
    maybe("nameSuffix", st.sampled_from(("-v1", "s")))
    maybe("namespace", st.sampled_from(("prod", "default")))
    maybe("commonLabels", filled_labels, 5)
    maybe("commonAnnotations", st.dictionaries(st.sampled_from(KEYS), st.sampled_from(AWKWARD), min_size=1, max_size=2))
    entry = st.fixed_dictionaries(
        {"pairs": filled_labels}, optional={"includeSelectors": st.booleans(), "includeTemplates": st.booleans()}
    )
    maybe("labels", st.lists(entry, min_size=1, max_size=2))
    image = st.fixed_dictionaries(
        {"name": st.sampled_from(IMAGES)},
        optional={"newName": st.sampled_from(IMAGES), "newTag": st.sampled_from(TAGS), "digest": st.just("sha256:def")},
    )
    maybe("images", st.lists(image, min_size=1, max_size=2), 2)
    workloads = [t["metadata"]["name"] for t in targets if t["kind"] in ("Deployment", "StatefulSet")]
    if workloads:
        replica = st.fixed_dictionaries({"name": st.sampled_from(workloads), "count": st.integers(0, 9)})
        maybe("replicas", st.lists(replica, min_size=1, max_size=1), 4)
    for field, chance in (("configMapGenerator", 2), ("secretGenerator", 4)):
        generated = generators(known.get(field, []))
        maybe(field, st.lists(generated, min_size=1, max_size=2, unique_by=lambda e: str(e["name"])), chance)
    maybe("generatorOptions", st.fixed_dictionaries({}, optional={"immutable": st.just(True), "labels": labels}), 5)
    maybe("replacements", st.lists(replacements(targets), min_size=1, max_size=1), 4)
    maybe(
        "buildMetadata",
        st.lists(st.sampled_from(("originAnnotations", "transformerAnnotations", "managedByLabel")), unique=True),
        8,
    )
    maybe("sortOptions", st.just({"order": "fifo"}), 5)
    out["patches"] = draw(patch_entries(targets))
    return {k: v for k, v in out.items() if v not in ([], {})}


@st.composite
def patch_entries(draw: st.DrawFn, targets: list[Data]) -> list[Data]:
    out: list[Data] = []
    for _ in range(draw(st.integers(0, 2))):
        if draw(st.booleans()):
            entry: Data = {"patch": yaml.dump(draw(strategic_patches(targets)))}
            if draw(st.integers(0, 3)) == 0:
                entry["target"] = draw(selectors())
        else:
            entry = {"patch": yaml.dump(draw(json_patches())), "target": draw(selectors())}
        out.append(entry)
    return out


@st.composite
def kustomizations(draw: st.DrawFn) -> tuple[Files, str]:
    """(files, directory to build)."""
    found = draw(st.lists(objects(), min_size=1, max_size=4, unique_by=_identity))
    files: Files = {"base/objects.yaml": yaml.dump_all(found)}
    base = {"resources": ["objects.yaml"], **draw(features(found, {}))}
    files["base/kustomization.yaml"] = yaml.dump(base)
    path, below = "base", "../base"
    if draw(st.booleans()):
        component = {
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
            **draw(features(found, base)),
        }
        files["component/kustomization.yaml"] = yaml.dump(component)
    for level in range(draw(st.integers(0, 2))):
        overlay = {"resources": [below], **draw(features(found, base))}
        if "component/kustomization.yaml" in files and draw(st.booleans()):
            overlay["components"] = ["../component"]
        path = f"overlay{level}"
        below = f"../{path}"
        files[f"{path}/kustomization.yaml"] = yaml.dump(overlay)
    return files, path


def _identity(obj: Data) -> tuple[str, str, str]:
    meta = obj["metadata"]
    return obj["kind"], meta["name"], meta.get("namespace", "default")
