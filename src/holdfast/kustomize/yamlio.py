"""Text to resources, with the rules kyaml's reader has on top of YAML.

A file is split at ``---`` lines before anything is parsed; documents of nothing are skipped; a single document of kind List
is replaced by its items, and so is any other kind that ends in "List" and has items; every object needs a kind and a name.
"""

from __future__ import annotations

from typing import Any

from holdfast.base.errors import Place
from holdfast.base.lazy import pattern
from holdfast.kube import yaml
from holdfast.kube.yaml import Dialect
from holdfast.kustomize.errors import KustomizeError, MalformedYAML
from holdfast.kustomize.ids import Kinds
from holdfast.kustomize.remembered import Remembered
from holdfast.kustomize.resource import Previous, Resource, Source
from holdfast.kustomize.scalars import copy_json, text_of

_remembered = Remembered()
_SEPARATOR = pattern(rb"\n---(.*)\n")
_WORDS_AFTER = pattern(rb"\n---[ \t\r]*([^ \t\r\n#][^\n]*)\n")


class Noted:
    """What is seldom in a text: the lines of keys that are no strings, and of nothing between brackets."""

    __slots__ = ("doubles", "gaps", "odd")

    def __init__(self, doubles: bool = False) -> None:
        self.odd: list[int] = []
        self.gaps: list[int] = []
        self.doubles = doubles


def read_documents(text: bytes, path: str, noted: Noted) -> list[Any]:
    """Every document of a file as JSON data, None for those without content."""
    found: list[Any] | None = _remembered.get(text)
    if found is None:
        found = _parse(text, path, noted)
        if not noted.odd and not noted.gaps:
            _remembered.note(text, found)
    return found


def _parse(text: bytes, path: str, noted: Noted) -> list[Any]:
    if b"\r\n" in text:
        text = text.replace(b"\r\n", b"\n")
    documents = _plain_documents(text)
    if documents is None and (words := _WORDS_AFTER.search(text)) is not None:
        line = text.count(b"\n", 0, words.start()) + 2
        raise KustomizeError(
            f"invalid document separator: ---{words.group(0)[4:].decode(errors='replace').rstrip()}",
            place=Place(path, line),
        )
    shared = b"*" in text and b"&" in text
    parts = documents or split_documents(text)
    return [_load(part, path, shared, noted, alone=len(parts) == 1) for part in parts]


def _plain_documents(text: bytes) -> list[bytes] | None:
    """What `split_documents` says, sooner; None where something may follow the dashes of a separator."""
    first, *others = text.split(b"\n---")
    if not others:
        return [text] if text else []
    if not all(part.startswith(b"\n") for part in others):
        return None
    return [first + b"\n", *(part[1:] + b"\n" for part in others[:-1]), others[-1][1:]]


def split_documents(text: bytes) -> list[bytes]:
    """The documents of a text, as kyaml tells them apart before it parses anything."""
    if b"\n---" not in text:
        return [text] if text else []
    parts, at = [], 0
    for found in _SEPARATOR.finditer(text):
        parts.append(text[at : found.start() + 1])
        at = found.end()
    parts.append(text[at:])
    return parts


def _load(text: bytes, path: str, shared: bool, noted: Noted, *, alone: bool) -> Any:
    try:
        value = yaml.load(
            text, dialect=Dialect.KYAML, source=path, odd=noted.odd, gaps=noted.gaps, doubles=noted.doubles
        )
    except yaml.YAMLError as err:
        raise MalformedYAML(f"MalformedYAMLError: {err.message}", place=err.place) from None
    if b">" in text and value is not None and not _is_taken_apart(value, alone):
        from holdfast.kustomize import kyamltext

        value = kyamltext.refold(value, text)
    return copy_json(value) if shared else value


def _is_taken_apart(document: Any, alone: bool) -> bool:
    """Whether upstream makes JSON of a list before it looks at the items, which so lose how they were written."""
    if type(document) is not dict or not _text(document.get("kind")).endswith("List"):
        return False
    return not (alone and _is_wrapper(document))


def read_resources(text: bytes, path: str, scopes: Kinds, *, doubles: bool = False) -> list[Resource]:
    """The resources in a file, or the patches. Errors carry kyaml's words; the path is added by the caller.

    ``doubles`` lets keys pass that are set twice: in a patch they do no harm where it only changes what is there.
    """
    noted = Noted(doubles)
    documents = read_documents(text, path, noted)
    pending: list[tuple[Any, tuple[int, tuple[str | int, ...]]]] = []
    for number, document in enumerate(documents):
        if document is None:
            continue
        if len(documents) == 1 and _is_wrapper(document):
            items = document.get("items")
            items = items if type(items) is list else []
            pending += [(item, (number, ("items", i))) for i, item in enumerate(items)]
        else:
            pending.append((document, (number, ())))
    out: list[Resource] = []
    for value, (number, within) in pending:
        if check_object(value):
            out.append(Resource(value, Source(path, text, number, within), scopes))
    out = _inline_lists(out, scopes)
    if noted.odd:
        for resource in out:
            resource.odd_keys = True
    if noted.gaps:
        for resource in out:
            resource.has_gaps = True
    if b"internal.config.kubernetes.io/" in text:
        for resource in out:
            _recall(resource)
    return out


def _recall(resource: Resource) -> None:
    """Take over what an earlier build, or a function, left in annotations."""
    texts = resource.annotations()

    def split(name: str) -> list[str]:
        key = f"internal.config.kubernetes.io/{name}"
        return texts[key].split(",") if key in texts else []

    names, namespaces, kinds = split("previousNames"), split("previousNamespaces"), split("previousKinds")
    if len(names) == len(namespaces) == len(kinds):
        resource.previous = [Previous(*each) for each in zip(namespaces, names, kinds, strict=True)]
    resource.prefixes, resource.suffixes = split("prefixes"), split("suffixes")
    resource.needs_hash = split("needsHashSuffix") == ["enabled"]
    resource.behavior = ",".join(split("generatorBehavior"))


def _is_wrapper(document: Any) -> bool:
    return (
        type(document) is dict
        and document.get("kind") in ("List", "ResourceList")
        and ("items" in document or "functionConfig" in document)
    )


def check_object(value: Any) -> bool:
    """Whether there is an object at all. Raises KustomizeError where it has no kind or name."""
    if (
        type(value) is dict
        and _text(value.get("kind"))
        and type(meta := value.get("metadata")) is dict
        and _text(meta.get("name"))
    ):
        return True
    if value is None or value == {} or value == []:
        return False
    some, kind, name = _identity(value)
    if not kind:
        if not some:
            raise KustomizeError("missing Resource metadata")
        raise KustomizeError(f"missing kind in object {_go_meta(value)}")
    if not name and not kind.endswith("List"):
        raise KustomizeError(f"missing metadata.name in object {_go_meta(value)}")
    return True


def _identity(value: Any) -> tuple[bool, str, str]:
    """(has any metadata at all, kind, name)."""
    if type(value) is not dict:
        return False, "", ""
    kind, api_version, meta = value.get("kind"), value.get("apiVersion"), value.get("metadata")
    name = meta.get("name") if type(meta) is dict else None
    some = bool(kind not in (None, {}, []) or api_version not in (None, {}, []))
    if type(meta) is dict:
        some = some or any(meta.get(f) not in (None, {}, []) for f in ("name", "namespace", "labels", "annotations"))
    return some, _text(kind), _text(name)


def _text(value: Any) -> str:
    """A scalar's text; a mapping or a list has none."""
    if type(value) is str:
        return value
    return "" if value is None or type(value) in (dict, list) else text_of(value)


def _go_meta(value: dict[str, Any]) -> str:
    """``ResourceMeta`` as Go prints it with %v."""
    meta = value.get("metadata")
    meta = meta if type(meta) is dict else {}

    def mapping(field: str) -> str:
        found = meta.get(field)
        pairs = sorted((k, _text(v)) for k, v in found.items()) if type(found) is dict else []
        return "map[" + " ".join(f"{k}:{v}" for k, v in pairs) + "]"

    return (
        f"{{{{{_text(value.get('apiVersion'))} {_text(value.get('kind'))}}} "
        f"{{{{{_text(meta.get('name'))} {_text(meta.get('namespace'))}}} {mapping('labels')} {mapping('annotations')}}}}}"
    )


def _inline_lists(resources: list[Resource], scopes: Kinds) -> list[Resource]:
    if not any(r.kind.endswith("List") for r in resources):
        return resources
    out: list[Resource] = []
    queue = list(resources)
    at = 0
    while at < len(queue):
        resource = queue[at]
        at += 1
        if not resource.kind.endswith("List") or "items" not in resource.manifest:
            out.append(resource)
            continue
        items = resource.manifest["items"]
        if items is None:
            continue
        if type(items) is not list:
            raise KustomizeError(f"expected array in {resource.kind}/items, but found {_go_type(items)}")
        path = resource.source.path if resource.source else ""
        queue += [Resource(item, Source(path), scopes) for item in items if check_object(item)]
    return out


def _go_type(value: Any) -> str:
    if type(value) is dict:
        return "map[string]interface {}"
    return {str: "string", int: "int", float: "float64", bool: "bool"}.get(type(value), "<nil>")


def node_text(value: Any) -> str:
    """JSON data as block YAML, for messages and for text inside of fields."""
    return yaml.dump(value)
