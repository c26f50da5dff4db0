"""Query parameters read as the options objects of meta.k8s.io/v1, with the API server's refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_plus

from holdfast.sandbox import gotext, status
from holdfast.sandbox.status import FieldError

FIELD_VALIDATION: Final = ("Ignore", "Warn", "Strict")
_FALSE: Final = ("", "0", "false")
MAX_MANAGER: Final = 128
_INT64: Final = 1 << 63


class Query:
    """Parsed query parameters: the first value of each counts, except where a list is wanted."""

    __slots__ = ("_values",)

    def __init__(self, text: str) -> None:
        self._values: dict[str, list[str]] = {}
        for part in text.split("&") if text else ():
            name, _, value = part.partition("=")
            self._values.setdefault(unquote_plus(name), []).append(unquote_plus(value))

    def text(self, name: str) -> str:
        values = self._values.get(name)
        return values[0] if values else ""

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def has(self, name: str) -> bool:
        return name in self._values

    def flag(self, name: str) -> bool | None:
        """Anything but "0", "false" and an empty value is true; absent is None."""
        values = self._values.get(name)
        return None if values is None else values[0].lower() not in _FALSE

    def integer(self, name: str) -> int | None:
        values = self._values.get(name)
        if values is None:
            return None
        text = values[0]
        digits = text[1:] if text[:1] in "+-" else text
        if not digits.isascii() or not digits.isdigit():
            raise status.bad_request(f"strconv.ParseInt: parsing {gotext.quote(text)}: invalid syntax")
        value = int(text)
        if not -_INT64 <= value < _INT64:
            raise status.bad_request(f"strconv.ParseInt: parsing {gotext.quote(text)}: value out of range")
        return value


@dataclass(slots=True)
class WriteOptions:
    """CreateOptions, UpdateOptions and PatchOptions in one."""

    dry_run: bool = False
    manager: str = ""
    validation: str = "Warn"
    force: bool | None = None


def write_options(query: Query, kind: str) -> WriteOptions:
    """``kind`` is CreateOptions or UpdateOptions."""
    errors = (
        _manager_errors(query.text("fieldManager")) + _dry_run_errors(query.all("dryRun")) + _validation_errors(query)
    )
    _refuse(kind, errors)
    return _write_options(query)


def patch_options(query: Query, *, apply: bool) -> WriteOptions:
    errors: list[FieldError] = []
    if apply:
        if not query.text("fieldManager"):
            errors.append(status.required("fieldManager", "is required for apply patch"))
    elif query.has("force"):
        errors.append(status.forbidden_field("force", "may not be specified for non-apply patch"))
    errors += (
        _manager_errors(query.text("fieldManager")) + _dry_run_errors(query.all("dryRun")) + _validation_errors(query)
    )
    _refuse("PatchOptions", errors)
    found = _write_options(query)
    found.force = query.flag("force")
    return found


def _write_options(query: Query) -> WriteOptions:
    return WriteOptions(
        dry_run=bool(query.all("dryRun")),
        manager=query.text("fieldManager"),
        validation=query.text("fieldValidation") or "Warn",
    )


def _refuse(kind: str, errors: list[FieldError]) -> None:
    if errors:
        raise status.invalid(kind, "meta.k8s.io", "", errors)


def _dry_run_errors(values: list[str]) -> list[FieldError]:
    if all(v == "All" for v in values):
        return []
    return [status.not_supported("dryRun", values, ["All"])]


def _validation_errors(query: Query) -> list[FieldError]:
    value = query.text("fieldValidation")
    if not value or value in FIELD_VALIDATION:
        return []
    return [status.not_supported("fieldValidation", value, ("", *sorted(FIELD_VALIDATION)))]


def _manager_errors(manager: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if len(manager.encode()) > MAX_MANAGER:
        errors.append(status.too_long("fieldManager", MAX_MANAGER))
    for index, char in enumerate(manager):
        if not char.isprintable():
            detail = f"invalid character U+{ord(char):04X} (at position {index})"
            errors.append(status.invalid_value("fieldManager", manager, detail))
            break
    return errors


@dataclass(slots=True)
class DeleteOptions:
    grace: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    orphan: bool | None = None
    policy: str | None = None
    dry_run: bool = False


_POLICIES: Final = ("Foreground", "Background", "Orphan")


def delete_options(query: Query, body: Mapping[str, Any] | None) -> DeleteOptions:
    """From the body where there is one, typed already; the query counts only where there is none."""
    if body is not None:
        conditions = body.get("preconditions") or {}
        dry_run = body.get("dryRun") or []
        found = DeleteOptions(
            grace=body.get("gracePeriodSeconds"),
            uid=conditions.get("uid"),
            resource_version=conditions.get("resourceVersion"),
            orphan=body.get("orphanDependents"),
            policy=body.get("propagationPolicy"),
        )
    else:
        dry_run = query.all("dryRun")
        found = DeleteOptions(
            grace=query.integer("gracePeriodSeconds"),
            uid=query.text("uid") or None,
            resource_version=query.text("resourceVersion") or None,
            orphan=query.flag("orphanDependents"),
            policy=query.text("propagationPolicy") if query.has("propagationPolicy") else None,
        )
    found.dry_run = bool(dry_run)
    _refuse("DeleteOptions", _delete_errors(found, list(dry_run)))
    return found


def _delete_errors(options: DeleteOptions, dry_run: list[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    if options.policy is not None and options.orphan is not None:
        text = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(status.invalid_value("propagationPolicy", options.policy, text))
    if options.policy is not None and options.policy not in _POLICIES:
        errors.append(status.not_supported("propagationPolicy", options.policy, [*_POLICIES, "nil"]))
    return errors + _dry_run_errors(dry_run)


@dataclass(slots=True)
class ListOptions:
    labels: str = ""
    fields: str = ""
    watch: bool = False
    bookmarks: bool = False
    resource_version: str = ""
    match: str = ""
    timeout: int | None = None
    limit: int = 0
    token: str = ""
    initial_events: bool | None = None
    warnings: list[str] = field(default_factory=list)


def list_options(query: Query, *, force_watch: bool = False) -> ListOptions:
    found = ListOptions(
        labels=query.text("labelSelector"),
        fields=query.text("fieldSelector"),
        watch=force_watch or bool(query.flag("watch")),
        bookmarks=bool(query.flag("allowWatchBookmarks")),
        resource_version=query.text("resourceVersion"),
        match=query.text("resourceVersionMatch"),
        timeout=query.integer("timeoutSeconds"),
        limit=query.integer("limit") or 0,
        token=query.text("continue"),
        initial_events=query.flag("sendInitialEvents"),
    )
    _refuse("ListOptions", _list_errors(found))
    return found


_MATCHES: Final = ("Exact", "NotOlderThan", "")


def _list_errors(options: ListOptions) -> list[FieldError]:
    if options.watch:
        return _watch_errors(options)
    errors: list[FieldError] = []
    match = "resourceVersionMatch"
    if options.match:
        if not options.resource_version:
            errors.append(
                status.forbidden_field(match, "resourceVersionMatch is forbidden unless resourceVersion is provided")
            )
        if options.token:
            errors.append(status.forbidden_field(match, "resourceVersionMatch is forbidden when continue is provided"))
        if options.match not in ("Exact", "NotOlderThan"):
            errors.append(status.not_supported(match, options.match, _MATCHES))
        if options.match == "Exact" and options.resource_version == "0":
            text = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            errors.append(status.forbidden_field(match, text))
    if options.initial_events is not None:
        errors.append(status.forbidden_field("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return errors


def _watch_errors(options: ListOptions) -> list[FieldError]:
    errors: list[FieldError] = []
    match = "resourceVersionMatch"
    if options.initial_events is not None:
        if options.match != "NotOlderThan":
            text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            errors.append(status.forbidden_field(match, text))
        if options.token:
            errors.append(status.forbidden_field(match, "resourceVersionMatch is forbidden when continue is provided"))
    elif options.match:
        text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        errors.append(status.forbidden_field(match, text))
    if options.match not in ("", "NotOlderThan"):
        errors.append(status.not_supported(match, options.match, ["NotOlderThan"]))
    return errors
