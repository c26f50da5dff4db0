"""``replacements``: the value of one field copied into others.

Example: ``source`` a Service's ``metadata.name``, ``targets`` all Deployments' ``spec.template.spec.containers.[name=web].env
.[name=HOST].value``. A target path may lead on into YAML or JSON text inside of a field. Source: kustomize
``api/filters/replacement``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from holdfast.kube.yaml.scalars import Dialect, plain
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import kind_of
from holdfast.kustomize.ids import id_text, split_api_version
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import Misfit, copy_json, is_float_text, misfit_in, quoted, text_of
from holdfast.kustomize.selectors import CompiledSelector, Selector
from holdfast.kustomize.transformers.paths import UNSET, Plain, Slot, lookup, match, split_smart, typed
from holdfast.kustomize.transformers.structured import replace_in_text
from holdfast.kustomize.written import is_quoted, is_text_when_empty, slot_text

_DEFAULT_PATH = "metadata.name"
_KINDS = {"ScalarNode": "scalar", "MappingNode": "map", "SequenceNode": "list"}


def replace_all(resources: ResMap, replacements: Iterable[Mapping[str, Any]]) -> None:
    """Carry out every replacement in turn."""
    for replacement in replacements:
        has_value, source = "sourceValue" in replacement, replacement.get("source")
        if (not has_value and source is None) or replacement.get("targets") is None:
            raise KustomizeError("replacements must specify a source and at least one target")
        value = _value(resources, replacement)
        for target in replacement["targets"]:
            _replace_in(resources, value, target)
    resources.touched()


def _value(resources: Iterable[Resource], replacement: Mapping[str, Any]) -> Slot:
    """Where the value stands. It is looked at for every target anew: a target may be the source itself."""
    source = replacement.get("source")
    if "sourceValue" in replacement:
        if source is not None:
            raise KustomizeError("value and resource selectors are mutually exclusive")
        return Slot([Plain(replacement["sourceValue"])], 0)
    assert source is not None
    resource = _source(resources, source)
    path = source.get("fieldPath") or _DEFAULT_PATH
    try:
        slot = lookup(resource.manifest, split_smart(path))
    except KustomizeError as err:
        raise err.within("error looking up replacement source") from None
    if slot is None or slot.value is None or slot.value in ({}, []):
        raise KustomizeError(f"fieldPath `{path}` is missing for replacement source {_selector_id(source)}")
    return _refined(_as_written(resource, slot), source.get("options"))


def _as_written(resource: Resource, slot: Slot) -> Slot:
    """The place of a value, or the text of one that was written in an unusual way, such as `1.0`."""
    if type(slot.value) is dict or type(slot.value) is list:
        return slot
    text = slot_text(resource, slot.holder, slot.key)
    return slot if text == text_of(slot.value) else Slot([Plain(text)], 0)


def _selector_id(source: Mapping[str, Any]) -> str:
    group, version = source.get("group", ""), source.get("version", "")
    api_version = f"{group}/{version}" if group else version
    return id_text(api_version, source.get("kind", ""), source.get("name", ""), source.get("namespace", ""))


def _selector_text(source: Mapping[str, Any]) -> str:
    parts = [_selector_id(source)]
    if source.get("fieldPath"):
        parts.append(source["fieldPath"])
    options = source.get("options") or {}
    if options.get("delimiter") or options.get("create"):
        create = "true" if options.get("create") else "false"
        parts.append(f"{options.get('delimiter', '')}({options.get('index', 0)}), create={create}")
    return ":".join(parts)


def _source(resources: Iterable[Resource], source: Mapping[str, Any]) -> Resource:
    found = [r for r in resources if any(_is_selected(i, source) for i in _ids(r))]
    if len(found) > 1:
        raise KustomizeError(f"multiple matches for selector {_selector_text(source)}")
    if not found:
        raise KustomizeError(f"nothing selected by {_selector_text(source)}")
    return found[0]


_Id = tuple[str, str, str, str, str]


def _ids(resource: Resource) -> list[_Id]:
    """(group, version, kind, name, namespace) now and before."""
    group, version = split_api_version(resource.api_version)
    ids = [(group, version, resource.kind, resource.name, resource.namespace)]
    ids += [(group, version, p.kind, p.name, p.namespace) for p in resource.previous]
    return ids


def _is_selected(ident: _Id, source: Mapping[str, Any]) -> bool:
    group, version, kind, name, namespace = ident
    wanted = source.get("namespace", "")
    return (
        source.get("name", "") in ("", name)
        and (not wanted or wanted == (namespace or "default"))
        and source.get("group", "") in ("", group)
        and source.get("version", "") in ("", version)
        and source.get("kind", "") in ("", kind)
    )


def _refined(slot: Slot, options: Mapping[str, Any] | None) -> Slot:
    delimiter = (options or {}).get("delimiter", "")
    if not delimiter:
        return slot
    assert options is not None
    value = slot.value
    if kind_of(value) != "ScalarNode":
        raise KustomizeError("delimiter option can only be used with scalar nodes")
    parts, index = text_of(value).split(delimiter), options.get("index", 0)
    if not 0 <= index < len(parts):
        raise KustomizeError(f"options.index {index} is out of bounds for value {text_of(value)}")
    return Slot([parts[index] if type(value) is str else typed(parts[index], value)], 0)


def _replace_in(resources: Iterable[Resource], source: Slot, target: Mapping[str, Any]) -> None:
    if "select" not in target:
        raise KustomizeError("target must specify resources to select")
    try:
        select = CompiledSelector(Selector.of(target["select"]))
        rejects = [CompiledSelector(Selector.of(r)) for r in target.get("reject", [])]
    except KustomizeError as err:
        raise err.within("error creating target selector") from None
    paths = target.get("fieldPaths") or [_DEFAULT_PATH]
    for resource in resources:
        if _is_target(resource, select, rejects):
            _copy_value(resource, source, paths, target.get("options") or {})


def _is_target(resource: Resource, select: CompiledSelector, rejects: Sequence[CompiledSelector]) -> bool:
    if not select.texts(resource):
        return False
    for reject in rejects:
        asks_texts = reject.selector.annotation_selector or reject.selector.label_selector
        if asks_texts and reject.texts(resource):
            return False
    ids = _ids(resource)
    if any(not r.selector.names_nothing and any(_matches(r, i) for i in ids) for r in rejects):
        return False
    return any(_matches(select, i) for i in ids)


def _matches(selector: CompiledSelector, ident: _Id) -> bool:
    group, version, kind, name, namespace = ident
    return selector.gvk(group, version, kind) and selector.name(name) and selector.namespace(namespace)


def _copy_value(resource: Resource, source: Slot, paths: Sequence[str], options: Mapping[str, Any]) -> None:
    create = _KINDS[kind_of(source.value)] if options.get("create") else ""
    for path in paths:
        value = source.value
        parts = split_smart(path)
        if replace_in_text(resource.manifest, parts, value, create):
            continue
        action = "find or create" if create else "find"
        missing = f"unable to {action} field {quoted(path)} in replacement target"
        try:
            slots = match(Slot([resource.manifest], 0), parts, create)
        except KustomizeError as err:
            raise err.within(missing) from None
        if not slots:
            raise KustomizeError(missing)
        for slot in slots:
            _set(resource, slot, source.value, options)


def _set(resource: Resource, slot: Slot, value: Any, options: Mapping[str, Any]) -> None:
    old = slot.value
    like = _typed_like(resource, slot)
    scalar = old is UNSET or kind_of(old) == "ScalarNode"
    if delimiter := options.get("delimiter", ""):
        if not scalar:
            raise KustomizeError("delimiter option can only be used with scalar nodes")
        parts = ("" if old is UNSET else text_of(old)).split(delimiter)
        index, text = options.get("index", 0), text_of(value)
        if index < 0:
            parts.insert(0, text)
        elif index >= len(parts):
            parts.append(text)
        else:
            parts[index] = text
        _assign(resource, slot, _typed(resource, slot, delimiter.join(parts), like))
    elif scalar:
        _assign(resource, slot, _typed(resource, slot, text_of(value), like))
    else:
        new = plain(str(value), Dialect.KYAML) if isinstance(value, Plain) else copy_json(value)
        resource.misfits = resource.misfits or misfit_in(new) is not None
        slot.put(new)


def _typed(resource: Resource, slot: Slot, text: str, like: Any) -> Any:
    if slot.value is UNSET and not text:
        return text if is_text_when_empty(resource, slot.holder) else None
    value = typed(text, like)
    if type(value) is Misfit and type(like) is int and is_float_text(slot_text(resource, slot.holder, slot.key)):
        return typed(text, float(like))
    return value


def _typed_like(resource: Resource, slot: Slot) -> Any:
    """What a new text takes its type from: what is there, or itself where that has none and no quotes either."""
    if not resource.is_untyped(slot.holder, slot.key):
        return slot.value
    first = resource.first_value(slot.holder, slot.key)
    return "" if type(first) is str and is_quoted(resource, slot.key, first) else UNSET


def _assign(resource: Resource, slot: Slot, value: Any) -> None:
    resource.misfits = resource.misfits or type(value) is Misfit
    if resource.is_untyped(slot.holder, slot.key):
        resource.assign_untyped(slot.holder, slot.key, value)
    else:
        resource.assign(slot.holder, slot.key, value)
