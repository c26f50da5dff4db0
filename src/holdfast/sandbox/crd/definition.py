"""Validation of CustomResourceDefinitions.

In: a defaulted definition, for updates the stored one. Out: field errors and warnings. Never: whether names are taken (a controller's work).
"""

from __future__ import annotations

import re

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.crd import schema_rules, structural_rules
from holdfast.sandbox.crd.field_paths import BadPath, follow
from holdfast.sandbox.kinds import dump, metadata, names
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors
from holdfast.sandbox.kinds.validate_webhooks import webhook_service, webhook_url

_APPROVAL = "api-approved.kubernetes.io"
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_REVIEWS = ("v1", "v1beta1")


def validate_create(crd: Manifest) -> tuple[Errors, list[str]]:
    spec, meta = crd.get("spec") or {}, crd.get("metadata") or {}
    errs = metadata.validate(meta, False, names.path_segment)
    name = meta.get("name") or ""
    expected = f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}"
    for problem in names.dns_subdomain(name) if name else ():
        errs.invalid("metadata.name", name, problem)
    if name != expected:
        errs.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    _spec(errs, spec)
    _approval(errs, crd)
    _status(errs, crd)
    return errs, _warnings(spec) if not errs else []


def validate_update(crd: Manifest, old: Manifest) -> tuple[Errors, list[str]]:
    errs = metadata.validate_update(crd["metadata"], old["metadata"])
    errs += metadata.validate_update(crd["metadata"], old["metadata"])
    spec, before = crd.get("spec") or {}, old.get("spec") or {}
    _spec(errs, spec, before)
    if _established(old):
        _fixed(errs, spec, before)
    _status(errs, crd)
    if (old["metadata"].get("annotations") or {}).get(_APPROVAL):
        _approval(errs, crd)
    return errs, _warnings(spec, before) if not errs else []


def _warnings(spec: Manifest, before: Manifest | None = None) -> list[str]:
    """Formats that nothing is known of, as far as they are new."""
    old = _unknown_formats(before) if before is not None else []
    return [f"unrecognized format {gotext.quote(name)}" for name in _unknown_formats(spec) if name not in old]


def _unknown_formats(spec: Manifest) -> list[str]:
    schemas = [(version.get("schema") or {}).get("openAPIV3Schema") for version in spec.get("versions") or ()]
    return [name for schema in schemas if schema for name in schema_rules.unknown_formats(schema)]


def validate_status(crd: Manifest, old: Manifest) -> Errors:
    return metadata.validate_update(crd["metadata"], old["metadata"])


def prepare_status(crd: Manifest) -> None:
    """A status always knows the storage version."""
    state = crd.setdefault("status", {})
    if not state.get("storedVersions"):
        state["storedVersions"] = [v["name"] for v in (crd.get("spec") or {}).get("versions") or () if v.get("storage")]


def _established(crd: Manifest) -> bool:
    return any(
        c.get("type") == "Established" and c.get("status") == "True"
        for c in (crd.get("status") or {}).get("conditions") or ()
    )


def _fixed(errs: Errors, spec: Manifest, before: Manifest) -> None:
    new_names, old_names = spec.get("names") or {}, before.get("names") or {}
    for path, new, old in (
        ("spec.scope", spec.get("scope"), before.get("scope")),
        ("spec.names.kind", new_names.get("kind"), old_names.get("kind")),
        ("spec.group", spec.get("group"), before.get("group")),
        ("spec.names.plural", new_names.get("plural"), old_names.get("plural")),
    ):
        if new != old:
            errs.invalid(path, new, IMMUTABLE)


def _status(errs: Errors, crd: Manifest) -> None:
    stored = (crd.get("status") or {}).get("storedVersions")
    versions = {v.get("name"): v for v in (crd.get("spec") or {}).get("versions") or ()}
    if not stored:
        errs.invalid("status.storedVersions", stored or None, "must have at least one stored version")
        return
    for storage in (name for name, v in versions.items() if v.get("storage") and name not in stored):
        errs.invalid("status.storedVersions", stored, f"must have the storage version {storage}")
    for index, name in enumerate(stored):
        if name not in versions:
            errs.invalid(
                f"status.storedVersions[{index}]",
                name,
                f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions",
            )


def _approval(errs: Errors, crd: Manifest) -> None:
    group = (crd.get("spec") or {}).get("group") or ""
    if not (group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))):
        return
    text = ((crd.get("metadata") or {}).get("annotations") or {}).get(_APPROVAL)
    path = f"metadata.annotations[{_APPROVAL}]"
    if not text:
        errs.required(
            path,
            'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
        )
    elif not text.startswith("unapproved") and not re.match(r"^[a-z][a-z0-9+.-]*://[^/]+", text):
        errs.invalid(
            path,
            text,
            'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
        )


def _spec(errs: Errors, spec: Manifest, old: Manifest | None = None) -> None:
    group = spec.get("group") or ""
    if not group:
        errs.required("spec.group")
    elif names.dns_subdomain(group):
        errs.invalid("spec.group", group, ",".join(names.dns_subdomain(group)))
    elif "." not in group:
        errs.invalid("spec.group", group, "should be a domain with at least one dot")
    errs.one_of("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))
    if spec.get("preserveUnknownFields"):
        errs.invalid(
            "spec.preserveUnknownFields",
            True,
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        )
    versions = spec.get("versions")
    _versions(errs, versions, old)
    _names(errs, spec.get("names") or {})
    _conversion(errs, spec.get("conversion") or {})


def _versions(errs: Errors, versions: list[Manifest] | None, old: Manifest | None) -> None:
    found = versions or []
    shared = _shared(found)
    with_status = any(_has_status(version) for version in found)
    kept = {v.get("name"): v for v in (old or {}).get("versions") or ()}
    for index, version in enumerate(found):
        path = f"spec.versions[{index}]"
        name = version.get("name") or ""
        problems = names.dns_1035_label(name)
        if problems:
            errs.invalid(f"{path}.name", name, ",".join(problems))
        if version.get("deprecationWarning") is not None:
            _deprecation(errs, version, path)
        # What all versions have in common stands at the top of the internal type, and is judged there once.
        own = _SHARED - shared if index else frozenset(_SHARED)
        _version(errs, version, path, shared, own, kept.get(name), with_status)
    shown = dump.internal("[]CustomResourceDefinitionVersion", _internal(versions, shared))
    if len({version.get("name") for version in found}) < len(found):
        errs.invalid("spec.versions", shown, "must contain unique version names")
    if sum(bool(v.get("storage")) for v in found) != 1:
        errs.invalid("spec.versions", shown, "must have exactly one version marked as storage version")
    first = (found[0].get("name") or "") if found else ""
    problems = names.dns_1035_label(first) if first else []
    if problems:
        errs.invalid("spec.version", first, ",".join(problems))


def _has_status(version: Manifest) -> bool:
    return (version.get("subresources") or {}).get("status") is not None


_SHARED = frozenset({"schema", "subresources", "additionalPrinterColumns", "selectableFields"})


def _shared(versions: list[Manifest]) -> frozenset[str]:
    """The parts that are the same in every version."""
    if not versions:
        return frozenset()
    return frozenset(key for key in _SHARED if all(v.get(key) == versions[0].get(key) for v in versions))


def _internal(versions: list[Manifest] | None, shared: frozenset[str]) -> list[Manifest] | None:
    return versions and [{key: value for key, value in v.items() if key not in shared} for v in versions]


def _deprecation(errs: Errors, version: Manifest, path: str) -> None:
    text = version["deprecationWarning"]
    place = f"{path}.deprecationWarning"
    if not version.get("deprecated"):
        errs.invalid(place, text, "can only be set for deprecated versions")
        return
    if len(text.encode()) > 256:
        errs.invalid(place, text, "must be <= 256 characters long")
    if not text:
        errs.invalid(place, text, "must not be an empty string")
    bad = next((index for index, c in enumerate(text) if not c.isprintable()), None)
    if bad is not None:
        at = len(text[:bad].encode())
        why = f"must only contain printable UTF-8 characters; non-printable character found at index {at}"
        errs.invalid(place, text, why)


def _version(
    errs: Errors,
    version: Manifest,
    path: str,
    shared: frozenset[str],
    own: frozenset[str],
    old: Manifest | None,
    with_status: bool,
) -> None:
    """``shared`` parts stand at the top of the internal type, and paths say so; ``own`` are those to be judged with this version."""
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is None:
        errs.required(f"{path}.schema.openAPIV3Schema")
    elif "schema" in own and (old is None or (old.get("schema") or {}).get("openAPIV3Schema") != schema):
        place = "spec.validation.openAPIV3Schema" if "schema" in shared else f"{path}.schema.openAPIV3Schema"
        schema_rules.schema(errs, schema, place, with_status if "schema" in shared else _has_status(version))
    bases = {key: "spec" if key in shared else path for key in _SHARED}
    scale = (version.get("subresources") or {}).get("scale")
    if scale is not None and "subresources" in own:
        _scale(errs, scale, f"{bases['subresources']}.subresources.scale")
    if "additionalPrinterColumns" in own:
        for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
            _column(errs, column, f"{bases['additionalPrinterColumns']}.additionalPrinterColumns[{index}]")
    if "selectableFields" in own and version.get("selectableFields"):
        reason = structural_rules.unconvertible(schema or {})
        if reason:
            errs.invalid(f"{bases['selectableFields']}.schema.openAPIV3Schema", "", reason)
        _selectable(errs, version, schema or {}, f"{bases['selectableFields']}.selectableFields")


def _scale(errs: Errors, scale: Manifest, path: str) -> None:
    for key, under, required in (
        ("specReplicasPath", ".spec", True),
        ("statusReplicasPath", ".status", True),
        ("labelSelectorPath", "", False),
    ):
        text = scale.get(key) or ""
        if not text:
            if required:
                errs.required(f"{path}.{key}")
            continue
        if not text.startswith("."):
            errs.invalid(f"{path}.{key}", text, "must be a simple json path starting with .")
        elif required and not text.startswith(f"{under}."):
            errs.invalid(f"{path}.{key}", text, f"should be a json path under {under}")
        elif not required and not text.startswith((".spec.", ".status.")):
            errs.invalid(f"{path}.{key}", text, "should be a json path under either .status or .spec")


def _column(errs: Errors, column: Manifest, path: str) -> None:
    if not column.get("name"):
        errs.required(f"{path}.name")
    kind = column.get("type") or ""
    listed = ",".join(_COLUMN_TYPES)
    if not kind:
        errs.required(f"{path}.type", f"must be one of {listed}")
    elif kind not in _COLUMN_TYPES:
        errs.invalid(f"{path}.type", kind, f"must be one of {listed}")
    if column.get("format") and column["format"] not in _COLUMN_FORMATS:
        errs.invalid(f"{path}.format", column["format"], f"must be one of {','.join(_COLUMN_FORMATS)}")
    where = column.get("jsonPath") or ""
    if not where:
        errs.required(f"{path}.JSONPath")
    elif not where.startswith("."):
        errs.invalid(f"{path}.JSONPath", where, "must be a simple json path starting with .")


def _selectable(errs: Errors, version: Manifest, schema: Manifest, path: str) -> None:
    seen: set[tuple[str, ...]] = set()
    for index, field in enumerate(version.get("selectableFields") or ()):
        place, where = f"{path}[{index}].jsonPath", field.get("jsonPath") or ""
        if not where:
            errs.required(place)
            continue
        try:
            names_, node = follow(where, schema, brackets=False)
        except BadPath as error:
            errs.invalid(place, where, f"is an invalid path: {error}")
            continue
        if names_[0] == "metadata":
            errs.invalid(place, where, "must not point to fields in metadata")
        if node.get("type") not in ("string", "integer", "boolean"):
            text = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
            errs.invalid(place, where, text)
        if names_ in seen:
            errs.duplicate(place, where)
        seen.add(names_)
    if len(seen) > 8:
        errs.too_many(path, len(seen), 8)


def _names(errs: Errors, found: Manifest) -> None:
    for key in ("plural", "singular", "kind", "listKind"):
        value = found.get(key) or ""
        path = f"spec.names.{key}"
        if not value:
            errs.required(path)
            continue
        problems = names.dns_1035_label(value.lower() if key in ("kind", "listKind") else value)
        if problems:
            prefix = "may have mixed case, but should otherwise match: " if key in ("kind", "listKind") else ""
            errs.invalid(path, value, prefix + ",".join(problems))
    for key in ("shortNames", "categories"):
        for index, value in enumerate(found.get(key) or ()):
            problems = names.dns_1035_label(value)
            if problems:
                errs.invalid(f"spec.names.{key}[{index}]", value, ",".join(problems))
    if found.get("kind") and found.get("kind") == found.get("listKind"):
        errs.invalid("spec.names.listKind", found["listKind"], "kind and listKind may not be the same")


def _conversion(errs: Errors, found: Manifest) -> None:
    strategy, webhook = found.get("strategy") or "None", found.get("webhook")
    client = (webhook or {}).get("clientConfig")
    versions = (webhook or {}).get("conversionReviewVersions") or []
    errs.one_of("spec.conversion.strategy", strategy, ("None", "Webhook"))
    if strategy == "Webhook":
        path = "spec.conversion.webhookClientConfig"
        if client is None:
            errs.required(path, "required when strategy is set to Webhook")
        else:
            url, service = client.get("url"), client.get("service")
            if (url is None) == (service is None):
                errs.required(path, "exactly one of url or service is required")
            elif url is not None:
                webhook_url(errs, url, f"{path}.url")
            elif service is not None:
                webhook_service(errs, service, f"{path}.service")
        _review_versions(errs, versions, "spec.conversion.conversionReviewVersions")
        return
    if client is not None:
        errs.forbidden("spec.conversion.webhookClientConfig", "should not be set when strategy is not set to Webhook")
    if versions:
        errs.forbidden(
            "spec.conversion.conversionReviewVersions", "should not be set when strategy is not set to Webhook"
        )


def _review_versions(errs: Errors, versions: list[str], path: str) -> None:
    if not versions:
        errs.required(path)
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            errs.invalid(f"{path}[{index}]", version, "duplicate version")
        else:
            errs.each(f"{path}[{index}]", version, names.dns_1035_label(version))
    if not set(versions) & set(_REVIEWS):
        errs.invalid(path, versions, f"must include at least one of {', '.join(_REVIEWS)}")
