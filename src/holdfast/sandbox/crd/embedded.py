"""Objects within objects: what their apiVersion, kind and metadata have to be.

In: an object under ``x-kubernetes-embedded-resource`` and its path. Out: field errors.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import metadata, names
from holdfast.sandbox.kinds.field import Errors


def check(errs: Errors, found: Manifest, path: str) -> None:
    for key in ("apiVersion", "kind"):
        if key not in found:
            errs.required(f"{path}.{key}")
    if "apiVersion" in found:
        problem = version_problem(found["apiVersion"])
        if problem:
            errs.invalid(f"{path}.apiVersion", found["apiVersion"], problem)
    if "kind" in found:
        problem = kind_problem(found["kind"])
        if problem:
            errs.invalid(f"{path}.kind", found["kind"], problem)
    if isinstance(found.get("metadata"), dict):
        _metadata(errs, found["metadata"], f"{path}.metadata")


def _metadata(errs: Errors, meta: Manifest, path: str) -> None:
    metadata.check_labels(errs, meta.get("labels") or {}, f"{path}.labels")
    metadata.check_annotations(errs, meta.get("annotations") or {}, f"{path}.annotations")
    if meta.get("name"):
        errs.name(f"{path}.name", meta["name"], names.path_segment)


def version_problem(value: Any) -> str:
    if not isinstance(value, str):
        return "must be a string"
    if not value:
        return "must not be empty"
    return f"unexpected GroupVersion string: {value}" if value.count("/") > 1 else ""


def kind_problem(value: Any) -> str:
    if not isinstance(value, str):
        return "must be a string"
    if not value:
        return "must not be empty"
    problems = names.dns_1035_label(value.lower())
    return "may have mixed case, but should otherwise match: " + ",".join(problems) if problems else ""
