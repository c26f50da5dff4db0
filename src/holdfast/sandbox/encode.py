"""Answers as bytes: single objects, lists, in JSON or YAML; stored bytes are passed on untouched where the form allows it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import orjson

from holdfast.sandbox import gonumbers, tables
from holdfast.sandbox.conversion import as_stored, from_storage
from holdfast.sandbox.negotiate import PROTOBUF, YAML, Form
from holdfast.sandbox.reading import Page
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import Record


def body(value: Any, form: Form) -> bytes:
    if form.media == YAML:
        from holdfast.kube.yaml import dump

        return dump(value).encode()
    if form.media == PROTOBUF:
        from holdfast.sandbox import protowrite

        return protowrite.encode(value)
    return gonumbers.dumps(value) + b"\n"


def object_bytes(resource: Resource, record: Record) -> bytes:
    """One stored object as JSON, in the resource's version."""
    if as_stored(resource):
        head = orjson.dumps({"kind": resource.kind, "apiVersion": resource.api_version})
        return head[:-1] + b"," + record.raw[1:]
    return gonumbers.dumps(from_storage(resource, record))


def item_bytes(resource: Resource, record: Record) -> bytes:
    """One item of a list: built-in kinds leave apiVersion and kind out there."""
    if resource.crd:
        return object_bytes(resource, record)
    if as_stored(resource):
        return record.raw
    obj = from_storage(resource, record)
    return gonumbers.dumps({k: v for k, v in obj.items() if k not in ("apiVersion", "kind")})


def list_meta(resource: Resource, page: Page) -> dict[str, Any]:
    meta: dict[str, Any] = {"resourceVersion": str(page.revision)}
    if page.token:
        meta["continue"] = page.token
        if page.remaining:
            meta["remainingItemCount"] = page.remaining
    elif resource.crd:
        meta["continue"] = ""
    return meta


def page_bytes(resource: Resource, page: Page, form: Form, now: datetime.datetime) -> bytes:
    if form.target:
        return body(printed_list(resource, page, form, now), form)
    head = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": list_meta(resource, page)}
    if form.media in (YAML, PROTOBUF):
        items = [orjson.loads(item_bytes(resource, r)) for r in page.records]
        return body({**head, "items": items}, form)
    return join(head, (item_bytes(resource, r) for r in page.records))


def join(head: dict[str, Any], items: Iterable[bytes]) -> bytes:
    return orjson.dumps(head)[:-1] + b',"items":[' + b",".join(items) + b"]}\n"


def printed_list(resource: Resource, page: Page, form: Form, now: datetime.datetime) -> dict[str, Any]:
    meta = list_meta(resource, page)
    if not page.token:
        meta.pop("continue", None)
    objects = (from_storage(resource, r) for r in page.records)
    if form.target == "Table":
        return tables.table(resource, objects, meta, now, version=form.target_version, include=form.include)
    items: list[Any] | None = [tables.partial(o, form.target_version) for o in objects] or None
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": form.target_api_version,
        "metadata": meta,
        "items": items,
    }


def printed(resource: Resource, obj: dict[str, Any], form: Form, now: datetime.datetime) -> dict[str, Any]:
    """One object in the form that was asked for."""
    if form.target == "Table":
        revision = (obj.get("metadata") or {}).get("resourceVersion")
        meta = {"resourceVersion": revision} if revision else {}
        return tables.table(resource, [obj], meta, now, version=form.target_version, include=form.include)
    if form.target:
        return tables.partial(obj, form.target_version)
    return obj
