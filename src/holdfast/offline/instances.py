"""FluxInstances (fluxcd.controlplane.io) as units: the source and the first Kustomization that the operator makes of ``sync``."""

from __future__ import annotations

import hashlib
from typing import Any

from holdfast.base.errors import Place
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import UnitKey
from holdfast.model.rendered import Rendered
from holdfast.offline.unit import Unit, World
from holdfast.render.paths import resolve

_KINDS = ("GitRepository", "OCIRepository", "Bucket")


class FluxInstances:
    """Implements ``Dialect``."""

    late = False

    def claims(self, obj: Manifest) -> bool:
        return obj.get("kind") == "FluxInstance" and isinstance(obj["spec"].get("sync"), dict)

    def covers(self, obj: Manifest, world: World) -> str | None:
        sync = obj["spec"].get("sync")
        return resolve(world.survey.tree, str(sync.get("path") or ".")) if isinstance(sync, dict) else None

    def rendered(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None, world: World) -> Unit:
        del world
        sync = obj["spec"].get("sync")
        if not isinstance(sync, dict) or sync.get("kind") not in _KINDS:
            text = f"spec.sync.kind has to be one of {', '.join(_KINDS)}"
            return Unit(key, place, obj, parent=parent, problem=text, problem_place=place)
        objects = _objects(key.namespace or "flux-system", sync)
        digest = hashlib.sha256(yaml.dump_all(objects).encode()).hexdigest()
        return Unit(key, place, obj, parent=parent, rendered=Rendered(tuple(objects), f"sha256:{digest}", {}))


def _objects(namespace: str, sync: dict[str, Any]) -> list[Manifest]:
    name, kind = str(sync.get("name") or "flux-system"), str(sync["kind"])
    meta = {"name": name, "namespace": namespace}
    spec: dict[str, Any] = {"interval": str(sync.get("interval") or "1m"), "url": sync.get("url")}
    ref = str(sync.get("ref") or "")
    if kind == "GitRepository":
        spec["ref"] = {"name": ref}
    elif kind == "OCIRepository":
        spec["ref"] = {"tag": ref or "latest"}
    if sync.get("pullSecret"):
        spec["secretRef"] = {"name": sync["pullSecret"]}
    source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": dict(meta), "spec": spec}
    unit = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": dict(meta),
        "spec": {
            "interval": "10m",
            "prune": True,
            "path": str(sync.get("path") or "./"),
            "sourceRef": {"kind": kind, "name": name},
        },
    }
    return [source, unit]
