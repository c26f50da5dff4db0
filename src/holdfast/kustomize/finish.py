"""The last touches: vars, objects that are not for the cluster, annotations about the build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from holdfast.base.errors import Place
from holdfast.kube import yaml
from holdfast.kube.yaml.scalars import DOUBLED, OddKey
from holdfast.kustomize import written
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import ORIGIN, Origin, Resource
from holdfast.kustomize.scalars import is_float_text, misfit_in, new_key
from holdfast.kustomize.target import Accumulator, Build, go_var
from holdfast.kustomize.yamlio import check_object

if TYPE_CHECKING:
    from holdfast.kustomize.transformers.paths import Slot

LOCAL_CONFIG = "config.kubernetes.io/local-config"
TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"

_INTERNAL = frozenset(
    [
        f"internal.config.kubernetes.io/{name}"
        for name in (
            "previousKinds",
            "previousNames",
            "prefixes",
            "suffixes",
            "previousNamespaces",
            "allowNameChange",
            "allowKindChange",
            "refBy",
            "generatorBehavior",
            "needsHashSuffix",
            "path",
            "index",
            "seqindent",
            "id",
            "annotations-migration-resource-id",
            "helm-generated",
        )
    ]
    + ["config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"]
)


def resolve_vars(found: Accumulator, shared: Build) -> None:
    """Find the values of all vars and put them where they are used."""
    if not found.vars:
        return
    from holdfast.kustomize.transformers.vars import expand_vars

    values = {name: _var_value(found.resources, found.vars[name]) for name in sorted(found.vars)}
    unused = expand_vars(found.resources, values, found.config.var_reference)
    if unused:
        shared.warnings.append(f"well-defined vars that were never replaced: {','.join(unused)}")


def _var_value(resources: Iterable[Resource], variable: dict[str, Any]) -> Any:
    from holdfast.kustomize.transformers.paths import lookup, split_smart

    path = variable.get("fieldref", {}).get("fieldPath") or "metadata.name"
    shown = {**variable, "fieldref": {"fieldPath": path}}
    for resource in resources:
        if variable["name"] in resource.var_names:
            try:
                slot = lookup(resource.manifest, _indexed(split_smart(path)))
            except KustomizeError:
                slot = None
            if slot is None:
                raise KustomizeError(f"field specified in var '{go_var(shown)}' not found in corresponding resource")
            return _var_text(resource, slot, shown)
    raise KustomizeError(f"var '{go_var(shown)}' cannot be mapped to a field in the set of known resources")


def _var_text(resource: Resource, slot: Slot, variable: dict[str, Any]) -> Any:
    """What a var stands for: whole numbers are read as decimal ones, nulls and moments count as their text."""
    value = slot.value
    if type(value) is dict or type(value) is list or type(value) is bool or type(value) is float:
        return value
    text = written.slot_text(resource, slot.holder, slot.key)
    if type(value) is not int:
        return text
    if text.lstrip("+-").isdigit() and -(2**63) <= int(text) < 2**63:
        return int(text)
    if is_float_text(text) or abs(value) >= 2**64:
        return float(value)
    raise KustomizeError(f"field specified in var '{go_var(variable)}' not found in corresponding resource")


def _indexed(parts: tuple[str, ...]) -> tuple[str, ...]:
    """``name[0]`` as two parts."""
    out: list[str] = []
    for part in parts:
        head, bracket, index = part.removesuffix("]").rpartition("[")
        if part.endswith("]") and bracket and index.isdigit():
            out += [head, index] if head else [index]
        else:
            out.append(part)
    return tuple(out)


def drop_local(resources: ResMap) -> None:
    """Leave out objects that only configure tools. Also the last check: every object has a kind and a name of its own."""
    kept: list[Resource] = []
    for resource in resources:
        meta = resource.manifest.get("metadata")
        annotated = type(meta) is dict and meta.get("annotations")
        is_local = annotated and resource.annotations().get(LOCAL_CONFIG, "false") != "false"
        if check_object(resource.manifest) and not is_local:
            written.fill_gaps(resource)
            kept.append(resource)
    resources.replace_all([])
    resources.append_all(kept)


def refuse_odd_keys(resources: ResMap) -> None:
    """Keys below the top of an object have to be strings: there is no JSON for others."""
    for resource in resources:
        found = next(_odd_keys(list(resource.manifest.values())), None) if resource.odd_keys else None
        if found is DOUBLED:
            raise KustomizeError(
                f"map[string]interface {{}}(nil): yaml: unmarshal errors: {_doubled(resource.manifest)}"
            )
        if found is not None:
            raise _odd_key(resource, found)


def _odd_key(resource: Resource, key: str) -> KustomizeError:
    return KustomizeError(
        f"key {key} in {resource.kind} {resource.name} is not a string: "
        "json: unsupported type: map[interface {}]interface {}",
        place=Place(resource.source.path) if resource.source else None,
        hint="Put it in quotes. Where it stands in quotes, or a kustomization asks for it, kustomize has no way to write it.",
    )


def refuse_misfits(resources: ResMap) -> None:
    """What a replacement has put in the place of a number has to be one in the end."""
    for resource in resources:
        found = misfit_in(resource.manifest) if resource.misfits else None
        if found is not None:
            raise KustomizeError(f"map[string]interface {{}}(nil): {found.complaint}")


def _odd_keys(value: Any) -> Iterator[str]:
    if type(value) is dict:
        yield from (key for key in value if type(key) is OddKey)
        value = list(value.values())
    if type(value) is list:
        for item in value:
            yield from _odd_keys(item)


def _doubled(value: Any) -> str:
    """What the first `DOUBLED` in JSON data says."""
    if type(value) is dict and DOUBLED in value:
        return str(value[DOUBLED])
    below = value.values() if type(value) is dict else value if type(value) is list else ()
    return next(filter(None, map(_doubled, below)), "")


def clean_annotations(resource: Resource, metadata: list[str]) -> None:
    """Remove what belongs to the build, write what ``buildMetadata`` asks for, and make every annotation a text."""
    meta = resource.manifest.get("metadata")
    if meta is None:
        resource.manifest.setdefault("metadata", {})
        return
    found = meta.get("annotations") if type(meta) is dict else None
    if found is None and not metadata:
        if type(meta) is dict:
            meta.pop("annotations", None)
        return
    texts = {key: text for key, text in written.exact_texts(resource, "annotations").items() if key not in _INTERNAL}
    _apply(texts, ORIGIN, "originAnnotations" in metadata, _origin_text(resource))
    _apply(texts, TRANSFORMATIONS, "transformerAnnotations" in metadata, _transformations_text(resource))
    meta.pop("annotations", None)
    if texts:
        # Written anew, as upstream does at the end of every build: a key in quotes loses them.
        odd = next((key for key in texts if type(new_key(key)) is not str), None)
        if odd is not None:
            raise _odd_key(resource, odd)
        meta["annotations"] = texts


def _apply(texts: dict[str, str], key: str, wanted: bool, text: str) -> None:
    if not wanted:
        texts.pop(key, None)
    elif text:
        texts[key] = text


def _origin_text(resource: Resource) -> str:
    return yaml_of(resource.origin) if resource.origin is not None else ""


def _transformations_text(resource: Resource) -> str:
    items = []
    for origin in resource.transformations:
        lines = yaml_of(origin).splitlines()
        items.append("- " + "\n  ".join(lines) + "\n")
    return "".join(items)


def yaml_of(origin: Origin) -> str:
    """An origin in kustomize's order of fields."""
    out = ""
    for name, value in (
        ("path", origin.path),
        ("repo", origin.repo),
        ("ref", origin.ref),
        ("configuredIn", origin.configured_in),
    ):
        if value:
            out += f"{name}: {_scalar(value)}\n"
    if any(origin.configured_by):
        out += "configuredBy:\n"
        for name, value in zip(("apiVersion", "kind", "name", "namespace"), origin.configured_by, strict=True):
            if value:
                out += f"  {name}: {_scalar(value)}\n"
    return out or "{}\n"


def _scalar(text: str) -> str:
    return yaml.dump(text).rstrip("\n")
