"""Helm's own release records: ``sh.helm.release.v1.NAME.vN`` Secrets that the real helm reads and writes.

In goes a release as plain data (the JSON that Helm stores), out comes the Secret, and back. Pure: no cluster, no clock.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any

from holdfast.helm.chart.model import Chart
from holdfast.helm.errors import HelmError
from holdfast.helm.manifests import Hook

Record = dict[str, Any]
TYPE = "helm.sh/release.v1"
PREFIX = "sh.helm.release.v1"
STATUSES = (
    "unknown", "deployed", "uninstalled", "superseded", "failed", "uninstalling", "pending-install", "pending-upgrade", "pending-rollback",
)  # fmt: skip
_SYSTEM_LABELS = frozenset(("name", "owner", "status", "version", "createdAt", "modifiedAt"))
_MAX_RECORD = 256 << 20


def secret_name(name: str, version: int) -> str:
    return f"{PREFIX}.{name}.v{version}"


def encode(record: Mapping[str, Any]) -> str:
    """The text of a Secret's data.release before Kubernetes' own base64."""
    plain = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return base64.b64encode(gzip.compress(plain, 9, mtime=0)).decode()


def decode(text: str | bytes) -> Record:
    """A record from what ``encode`` or Helm made; records of before compression are read as well."""
    try:
        data = base64.b64decode(text, validate=True)
        if data[:3] == b"\x1f\x8b\x08":
            unpacker = zlib.decompressobj(31)
            data = unpacker.decompress(data, _MAX_RECORD)
            if unpacker.unconsumed_tail:
                raise HelmError(f"the release record is bigger than {_MAX_RECORD} bytes")
        found = json.loads(data)
    except (binascii.Error, zlib.error, ValueError) as fault:
        raise HelmError(f"the release record cannot be read: {fault}") from None
    if not isinstance(found, dict):
        raise HelmError("the release record is no object")
    return found


def to_secret(record: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The Secret in which Helm keeps the record; ``labels`` are the user's own."""
    name, version = str(record["name"]), int(record["version"])
    own = {
        "name": name,
        "owner": "helm",
        "status": str(record.get("info", {}).get("status", "unknown")),
        "version": str(version),
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": secret_name(name, version),
            "namespace": record.get("namespace", "default"),
            "labels": {**(labels or {}), **own},
        },
        "type": TYPE,
        "data": {"release": base64.b64encode(encode(record).encode()).decode()},
    }


def from_secret(secret: Mapping[str, Any]) -> tuple[Record, dict[str, str]]:
    """(record, the user's labels). Raises HelmError for a Secret that holds no release."""
    data = (secret.get("data") or {}).get("release")
    if secret.get("type") != TYPE or not isinstance(data, str):
        raise HelmError("the Secret holds no Helm release")
    try:
        inner = base64.b64decode(data, validate=True)
    except binascii.Error as fault:
        raise HelmError(f"the release record cannot be read: {fault}") from None
    labels = secret.get("metadata", {}).get("labels") or {}
    return decode(inner), {k: v for k, v in labels.items() if k not in _SYSTEM_LABELS}


def hook_data(hook: Hook) -> Record:
    """A hook as a record has it, before it ran."""
    found: Record = {
        "name": hook.name, "kind": hook.kind, "path": hook.source, "manifest": hook.text, "events": list(hook.events),
        "last_run": {"phase": ""}, "weight": hook.weight, "delete_policies": list(hook.delete_policies),
        "output_log_policies": list(hook.log_policies),
    }  # fmt: skip
    return {k: v for k, v in found.items() if v or k in ("last_run",)}


def chart_data(chart: Chart) -> Record:
    """A chart as a record has it: metadata, templates, files, values, schema; subcharts are not stored."""
    m = chart.metadata
    metadata: Record = {
        "name": m.name, "home": m.home, "sources": m.sources, "version": m.version, "description": m.description, "keywords": m.keywords,
        "maintainers": [{k: v for k, v in (("name", x.name), ("email", x.email), ("url", x.url)) if v} for x in m.maintainers],
        "icon": m.icon, "apiVersion": m.api_version, "condition": m.condition, "tags": m.tags, "appVersion": m.app_version,
        "deprecated": m.deprecated, "annotations": m.annotations, "kubeVersion": m.kube_version,
        "dependencies": [
            {k: v for k, v in (("name", d.name), ("version", d.version), ("repository", d.repository), ("condition", d.condition),
                               ("tags", d.tags), ("enabled", d.enabled), ("import-values", d.import_values), ("alias", d.alias))
             if v or k in ("name", "repository")}
            for d in m.dependencies
        ],
        "type": m.type,
    }  # fmt: skip
    return {
        "metadata": {k: v for k, v in metadata.items() if v},
        "lock": None,
        "templates": [_file(n, d) for n, d in chart.templates.items()],
        "values": chart.values,
        "schema": base64.b64encode(chart.schema).decode() if chart.schema is not None else None,
        "files": [_file(n, d) for n, d in chart.files.items()],
    }


def _file(name: str, data: bytes) -> Record:
    return {"name": name, "data": base64.b64encode(data).decode()}


def new_record(
    chart: Chart, values: Mapping[str, Any], *, name: str, namespace: str, version: int, status: str, manifest: str, hooks: list[Hook],
    notes: str, description: str, first_deployed: str, last_deployed: str,
) -> Record:  # fmt: skip
    """A whole record; times are RFC 3339 texts."""
    info = {
        "first_deployed": first_deployed, "last_deployed": last_deployed, "description": description, "status": status, "notes": notes,
    }  # fmt: skip
    return {
        "name": name, "info": {k: v for k, v in info.items() if v}, "chart": chart_data(chart), "config": dict(values), "manifest": manifest,
        "hooks": [hook_data(h) for h in hooks], "version": version, "namespace": namespace, "apply_method": "ssa",
    }  # fmt: skip
