"""The digests by which Flux recognises a release: of its record in the storage, and of its values.

In: a record as Helm stores it, or values. Out: ``sha256:`` digests that are the same as Flux's, so that a release which Flux
made is taken over without a new revision, and back. The record's digest is of Go's JSON of a part of it, fields in the order
of Go's structs; the values' one of their sorted YAML.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from holdfast.helm.go import json as gojson
from holdfast.helm.go.yaml import to_yaml
from holdfast.helm.release import Record
from holdfast.model.release import HookRun, Snapshot

_INFO = ("first_deployed", "last_deployed", "deleted", "description", "status", "rollback_revision", "notes")
_HOOK = ("name", "kind", "path", "manifest", "events", "last_run", "weight", "delete_policies", "output_log_policies")
_RUN = ("started_at", "completed_at", "phase")
_METADATA = (
    "name", "home", "sources", "version", "description", "keywords", "maintainers", "icon", "apiVersion", "condition",
    "tags", "appVersion", "deprecated", "annotations", "kubeVersion", "dependencies", "type",
)  # fmt: skip
_MAINTAINER = ("name", "email", "url")
_DEPENDENCY = (
    "name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias",
)  # fmt: skip
TEST = "test"


def values_digest(values: Mapping[str, Any], algorithm: str = "sha256") -> str:
    """Of no values: the digest of nothing at all."""
    text = to_yaml(dict(values)) if values else ""
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{algorithm}:{hashlib.new(algorithm, text.encode('utf-8', 'surrogateescape')).hexdigest()}"


def same_values(digest: str, values: Mapping[str, Any]) -> bool:
    algorithm, _, _ = digest.partition(":")
    return algorithm in ("sha1", "sha256", "sha384", "sha512") and values_digest(values, algorithm) == digest


def record_digest(record: Record, oci_digest: str = "") -> str:
    """Of everything in a record but its chart's files; runs of tests do not count."""
    hooks = [_hook(h) for h in record.get("hooks") or () if TEST not in (h.get("events") or ())]
    had_hooks = bool(record.get("hooks"))
    metadata = (record.get("chart") or {}).get("metadata") or {}
    parts = [
        ("name", _json(record.get("name") or "")),
        ("version", _json(int(record.get("version") or 0))),
        ("info", _struct(_cleaned(record.get("info") or {}), _INFO)),
        ("chartMetadata", _metadata(metadata)),
        ("config", _json(record["config"]) if record.get("config") else "null"),
        ("manifest", _json(record.get("manifest") or "")),
        # Go tells a list that never was from one that was emptied; a filtered one is built anew and never is "[]".
        ("hooks", "[" + ",".join(hooks) + "]" if hooks and had_hooks else "null"),
        ("namespace", _json(record.get("namespace") or "")),
    ]
    if oci_digest:
        parts.append(("ociDigest", _json(oci_digest)))
    return "sha256:" + hashlib.sha256((_object(parts) + "\n").encode("utf-8", "surrogateescape")).hexdigest()


def _json(value: Any) -> str:
    return gojson.encode(value)


def _object(parts: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{gojson.encode_string(k)}:{v}" for k, v in parts) + "}"


def _struct(values: Mapping[str, Any], fields: tuple[str, ...], always: tuple[str, ...] = ()) -> str:
    return _object((f, _json(values.get(f) or _zero(f))) for f in fields if values.get(f) or f in always)


def _zero(field: str) -> Any:
    return ""


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Times as Go writes them again: no zeros at the end of the fraction."""
    return {k: go_time(v) if k.endswith(("_deployed", "_at")) or k == "deleted" else v for k, v in values.items()}


def go_time(text: Any) -> str:
    """RFC 3339 as Go prints it; "" for the zero time."""
    found = str(text or "")
    if not found or found.startswith("0001-01-01T00:00:00"):
        return ""
    head, dot, rest = found.partition(".")
    if not dot:
        return found.replace("+00:00", "Z")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :].replace("+00:00", "Z")
    digits = digits.rstrip("0")
    return f"{head}.{digits}{zone}" if digits else head + zone


def _hook(hook: Mapping[str, Any]) -> str:
    parts: list[tuple[str, str]] = []
    for field in _HOOK:
        value = hook.get(field)
        if field == "last_run":
            parts.append((field, _struct(_cleaned(value or {}), _RUN, ("phase",))))
        elif value:
            parts.append((field, _json(value)))
    return _object(parts)


def _metadata(metadata: Mapping[str, Any]) -> str:
    parts: list[tuple[str, str]] = []
    for field in _METADATA:
        value = metadata.get(field)
        if not value:
            continue
        if field == "maintainers":
            parts.append((field, "[" + ",".join(_struct(m or {}, _MAINTAINER) for m in value) + "]"))
        elif field == "dependencies":
            shown = (_struct(d or {}, _DEPENDENCY, ("name", "repository")) for d in value)
            parts.append((field, "[" + ",".join(shown) + "]"))
        else:
            parts.append((field, _json(value)))
    return _object(parts)


# --- snapshots


def snapshot(record: Record, *, action: str = "", oci_digest: str = "") -> Snapshot:
    """What the status keeps of a record."""
    info, metadata = record.get("info") or {}, (record.get("chart") or {}).get("metadata") or {}
    return Snapshot(
        digest=record_digest(record, oci_digest),
        name=str(record.get("name") or ""),
        namespace=str(record.get("namespace") or ""),
        version=int(record.get("version") or 0),
        status=str(info.get("status") or ""),
        chart_name=str(metadata.get("name") or ""),
        chart_version=str(metadata.get("version") or ""),
        app_version=str(metadata.get("appVersion") or ""),
        config_digest=values_digest(record.get("config") or {}),
        action=action,
        first_deployed=_seconds(info.get("first_deployed")),
        last_deployed=_seconds(info.get("last_deployed")),
        deleted=_seconds(info.get("deleted")),
        oci_digest=oci_digest,
    )


def hook_runs(record: Record, selects: Any) -> dict[str, HookRun | None]:
    """The runs of the test hooks by their names."""
    found: dict[str, HookRun | None] = {}
    for hook in record.get("hooks") or ():
        if TEST in (hook.get("events") or ()) and selects(str(hook.get("name") or "")):
            run = hook.get("last_run") or {}
            found[str(hook.get("name") or "")] = HookRun(
                _seconds(run.get("started_at")), _seconds(run.get("completed_at")), str(run.get("phase") or "")
            )
    return found


def _seconds(text: Any) -> str:
    """A record's time as Kubernetes writes times: whole seconds in UTC."""
    found = go_time(text)
    if not found:
        return ""
    head, _, rest = found.partition(".")
    if rest:
        head += rest.lstrip("0123456789")
    moment = datetime.fromisoformat(head.replace("Z", "+00:00"))
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
