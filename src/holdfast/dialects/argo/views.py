"""What Argo CD's controller leaves in its cache for its other programs, and under which keys: managed resources, trees, clusters.

Pure: pairs, live objects and healths in, JSON values out, in the form of Argo CD 3.5. Values of Secrets are covered: equal
ones stay equal, different ones different.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.sync import AppHealth, AppHealthStatus, Pair, ResourceState

CACHE_VERSION: Final = "1.8.3"
MANAGED, TREE, CLUSTER = "app|managed-resources|", "app|resources-tree|", "cluster|info|"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
COVER: Final = "++++++++"


@dataclass(frozen=True, slots=True)
class Question:
    """``kind`` is one of the prefixes above, ``name`` an application's instance name or a cluster's address."""

    kind: str
    name: str
    packed: bool


def asked(key: str) -> Question | None:
    """What a key of the cache asks for; None where it is nothing that the controller writes."""
    packed = key.endswith(".gz")
    plain = key.removesuffix(".gz").removesuffix(f"|{CACHE_VERSION}")
    if plain == key.removesuffix(".gz"):
        return None
    kind = next((k for k in (MANAGED, TREE, CLUSTER) if plain.startswith(k)), None)
    return Question(kind, plain[len(kind) :], packed) if kind is not None else None


def cached(value: Any, *, packed: bool) -> bytes:
    """A value as it stands in the cache."""
    data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return gzip.compress(data, compresslevel=1, mtime=0) if packed else data


# --- managed resources


def managed(pairs: Sequence[Pair], states: Sequence[ResourceState]) -> list[dict[str, Any]]:
    """``states`` stand in the order of the pairs."""
    items = [_difference(p, s) for p, s in zip(pairs, states, strict=True)]
    return sorted(items, key=lambda i: "/".join((i["group"], i["kind"], i["namespace"], i["name"])))


def _difference(pair: Pair, state: ResourceState) -> dict[str, Any]:
    target, live = covered(pair.target, pair.live)
    shown = json.dumps(live)
    return {
        "group": pair.ref.group,
        "kind": pair.ref.kind,
        "namespace": pair.ref.namespace,
        "name": pair.ref.name,
        "targetState": json.dumps(target),
        "liveState": shown,
        "normalizedLiveState": shown,
        "predictedLiveState": json.dumps(target if state.modified or live is None else live),
        "hook": state.hook,
        "modified": state.modified,
        "resourceVersion": str(((live or {}).get("metadata") or {}).get("resourceVersion") or ""),
    }


def covered(target: Manifest | None, live: Manifest | None) -> tuple[Manifest | None, Manifest | None]:
    """Both without the values of a Secret; anything else as it is."""
    if not any(o is not None and o.get("kind") == "Secret" and o.get("apiVersion") == "v1" for o in (target, live)):
        return target, live
    covers: dict[str, dict[str, str]] = {}
    return _cover(target, covers), _cover(live, covers)


def _cover(obj: Manifest | None, covers: dict[str, dict[str, str]]) -> Manifest | None:
    if obj is None:
        return None
    found = {k: v for k, v in obj.items() if k != "stringData"}
    data = {**(obj.get("data") or {}), **_encoded(obj.get("stringData"))}
    if data:
        found["data"] = {k: _covering(covers.setdefault(k, {}), str(v)) for k, v in data.items()}
    meta = obj.get("metadata") or {}
    annotations = meta.get("annotations") or {}
    if LAST_APPLIED in annotations:
        before = _last_applied(annotations[LAST_APPLIED], covers)
        found["metadata"] = {**meta, "annotations": {**annotations, LAST_APPLIED: before}}
    return found


def _last_applied(text: str, covers: dict[str, dict[str, str]]) -> str:
    try:
        before = json.loads(text)
    except ValueError:
        return COVER
    return json.dumps(_cover(before, covers), separators=(",", ":")) if isinstance(before, dict) else COVER


def _encoded(values: Mapping[str, Any] | None) -> dict[str, str]:
    import base64

    return {k: base64.b64encode(str(v).encode()).decode() for k, v in (values or {}).items()}


def _covering(known: dict[str, str], value: str) -> str:
    """Each further value of one key is a plus longer."""
    return known.setdefault(value, COVER + "+" * len(known))


# --- trees


@dataclass(frozen=True, slots=True)
class Node:
    """A live object of an application or below one, or (``live`` None) one that is missing."""

    ref: ObjectRef
    gvk: GroupVersionKind
    live: Manifest | None = None
    health: AppHealth | None = None


def tree(nodes: Iterable[Node], orphans: Iterable[Node] = ()) -> dict[str, Any]:
    """Parents are those among the nodes that an object names as its owners."""
    found = list(nodes)
    by_uid = {_uid(n): n for n in found if n.live is not None}
    value = {"nodes": [_node(n, by_uid) for n in found], "orphanedNodes": [_node(n, {}) for n in orphans]}
    return {**{k: v for k, v in value.items() if v}, "shardsCount": 1}


def _node(node: Node, by_uid: Mapping[str, Node]) -> dict[str, Any]:
    shown: dict[str, Any] = _reference(node)
    if node.live is None:
        return {**shown, "health": {"status": AppHealthStatus.MISSING.value}}
    meta = node.live.get("metadata") or {}
    owners = (str(o.get("uid") or "") for o in meta.get("ownerReferences") or ())
    shown["parentRefs"] = [_reference(by_uid[o]) for o in owners if o in by_uid]
    shown["info"] = _info(node.live)
    shown["resourceVersion"] = str(meta.get("resourceVersion") or "")
    shown["images"] = _images(node.live)
    if node.health is not None:
        shown["health"] = {"status": node.health.status.value, "message": node.health.message}
    shown["createdAt"] = meta.get("creationTimestamp")
    return {k: v for k, v in shown.items() if v}


def _reference(node: Node) -> dict[str, Any]:
    whole = {
        "group": node.ref.group,
        "version": node.gvk.version,
        "kind": node.ref.kind,
        "namespace": node.ref.namespace,
        "name": node.ref.name,
        "uid": _uid(node),
    }
    return {k: v for k, v in whole.items() if v}


def _uid(node: Node) -> str:
    return str(((node.live or {}).get("metadata") or {}).get("uid") or "")


def _info(live: Manifest) -> list[dict[str, str]]:
    if live.get("kind") != "Pod" or live.get("apiVersion") != "v1":
        return []
    spec, status = live.get("spec") or {}, live.get("status") or {}
    states = status.get("containerStatuses") or ()
    ready = sum(1 for s in states if s.get("ready"))
    facts = {
        "Status Reason": str(status.get("reason") or status.get("phase") or ""),
        "Node": str(spec.get("nodeName") or ""),
        "Containers": f"{ready}/{len(spec.get('containers') or ())}",
    }
    return [{"name": k, "value": v} for k, v in facts.items() if v]


def _images(live: Manifest) -> list[str]:
    if live.get("kind") != "Pod" or live.get("apiVersion") != "v1":
        return []
    spec = live.get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return sorted({str(c["image"]) for c in containers if c.get("image")})


# --- clusters


def cluster(*, version: str, apis: Sequence[str], resources: int, applications: int, at: str) -> dict[str, Any]:
    """``at`` is when the cluster was last heard of."""
    return {
        "connectionState": {"status": "Successful", "message": "", "attemptedAt": at},
        "serverVersion": version,
        "cacheInfo": {"resourcesCount": resources, "apisCount": len(apis), "lastCacheSyncTime": at},
        "applicationsCount": applications,
        "apiVersions": list(apis),
    }
