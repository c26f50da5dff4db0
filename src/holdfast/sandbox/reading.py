"""Lists: selection, pages that stay consistent, and which revision they show.

In: list options; out: records with the revision of the list and, for a page, the token of the next one.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from holdfast.kube.refs import Manifest
from holdfast.sandbox import bodies, fieldsel, gotext, selectors, status
from holdfast.sandbox.options import ListOptions
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import Expired, Record, Table


@dataclass(slots=True)
class Page:
    records: list[Record]
    revision: int
    token: str = ""
    remaining: int | None = None


@dataclass(slots=True)
class Selection:
    """Which records of a namespace (or of all) are wanted."""

    namespace: str
    labels: selectors.LabelMatch | None
    fields: fieldsel.FieldMatch | None
    name: str = ""

    @property
    def everything(self) -> bool:
        return self.labels is None and self.fields is None and not self.name

    def takes(self, record: Record) -> bool:
        if self.namespace and record.key[0] != self.namespace:
            return False
        if self.name and record.key[1] != self.name:
            return False
        if self.labels is not None and not self.labels(record.labels):
            return False
        return self.fields is None or self.fields(record)


def selection(
    resource: Resource, namespace: str, options: ListOptions, show: Callable[[Record], Manifest]
) -> Selection:
    labels = _labels(options.labels)
    match, name = fieldsel.matcher(resource, options.fields, show)
    return Selection(namespace, labels, match, name)


def _labels(text: str) -> selectors.LabelMatch | None:
    return selectors.labels(text)


def revision_of(text: str) -> int:
    """A resourceVersion in a LIST; BadRequest when it is none."""
    if not text:
        return 0
    if not text.isascii() or not text.isdecimal():
        quoted = gotext.quote(text)
        why = f"resourceVersion: Invalid value: {quoted}: strconv.ParseUint: parsing {quoted}: invalid syntax"
        raise status.bad_request(f"invalid resource version: {why}")
    return int(text)


def check_future(registry: Registry, revision: int) -> None:
    """A revision that has not happened yet is waited for in vain."""
    current = registry.store.revision
    if revision > current:
        message = f"Too large resource version: {revision}, current: {current}"
        causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
        raise status.timeout(f"Timeout: {message}", causes, retry_after=1)


def page(registry: Registry, resource: Resource, wanted: Selection, options: ListOptions) -> Page:
    table = registry.store.table(resource.storage)
    if options.token:
        return _next_page(registry, table, wanted, options, resource)
    asked = revision_of(options.resource_version)
    check_future(registry, asked)
    exact = asked and (options.match == "Exact" or (options.limit > 0 and not options.match and asked))
    if exact and options.match == "Exact":
        source: Iterable[Record] = _at(table, asked)
        return _cut(wanted, source, asked, options, None)
    limit_ignored = asked == 0 and options.resource_version == "0"
    if exact:
        return _cut(wanted, _at(table, asked), asked, options, None)
    if limit_ignored and not options.match:
        options.limit = 0
    return _cut(wanted, table.scan(wanted.namespace), registry.store.revision, options, table)


def _at(table: Table, revision: int) -> list[Record]:
    try:
        return table.at(revision)
    except Expired:
        raise status.gone("The resourceVersion for the provided list is too old.") from None


def _next_page(registry: Registry, table: Table, wanted: Selection, options: ListOptions, resource: Resource) -> Page:
    if options.resource_version not in ("", "0"):
        raise status.bad_request("specifying resource version is not allowed when using continue")
    revision, start = _decode_token(options.token)
    try:
        records = table.at(revision)
    except Expired:
        raise status.gone(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
            "continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with "
            "the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the "
            "first chunk was returned and now may show up in the list."
        ) from None
    del resource
    behind = [r for r in records if r.key > start]
    return _cut(wanted, behind, revision, options, None)


def _cut(wanted: Selection, source: Iterable[Record], revision: int, options: ListOptions, table: Table | None) -> Page:
    del table
    if options.limit <= 0:
        return Page([r for r in source if wanted.takes(r)], revision)
    found: list[Record] = []
    more = 0
    for record in source:
        if not wanted.takes(record):
            continue
        if len(found) < options.limit:
            found.append(record)
        else:
            more += 1
            if not wanted.everything:
                break
    if not more:
        return Page(found, revision)
    token = encode_token(revision, found[-1].key)
    return Page(found, revision, token, more if wanted.everything else None)


def encode_token(revision: int, key: tuple[str, str]) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": f"{key[0]}/{key[1]}\x00"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
    except (ValueError, binascii.Error):
        bad = next(
            (i for i, c in enumerate(token) if not (c.isascii() and (c.isalnum() or c in "-_"))), max(len(token) - 1, 0)
        )
        raise _bad_token(f"illegal base64 data at input byte {bad}") from None
    try:
        data = json.loads(raw.decode("latin-1"))
    except ValueError as error:
        raise _bad_token(bodies.go_syntax_error(raw.decode("latin-1").encode(), error)) from None
    if not isinstance(data, dict) or data.get("v") != "meta.k8s.io/v1":
        raise _bad_token("server does not recognize this encoded version")
    namespace, slash, name = str(data.get("start") or "").rstrip("\x00").partition("/")
    if not slash or not isinstance(data.get("rv"), int):
        raise _bad_token("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    return data["rv"], (namespace, name)


def _bad_token(why: str) -> status.StatusError:
    return status.bad_request(f"invalid continue token: continue key is not valid: {why}")
