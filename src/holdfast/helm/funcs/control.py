"""The functions that need the running render: include, tpl, required, fail, lookup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import Method
from holdfast.helm.gotemplate.nodes import Tree, is_empty
from holdfast.helm.gotemplate.parser import parse
from holdfast.helm.gotemplate.runtime import MAX_DEPTH, Frame, TemplateSet, execute

ROOT = "gotpl"
NO_VALUE = "<no value>"
_MAX_INCLUDES = 1000
_MAX_TEXTS = 4096
# Real charts go three or four deep.
_MAX_TPL = 200
_WARN_START, _WARN_END = "HELM_ERR_START", "HELM_ERR_END"


def warned(message: str) -> GoError:
    """An error of required or fail, marked so that only its message is shown."""
    return GoError(f"{_WARN_START}{message}{_WARN_END}")


def add_trees(templates: TemplateSet, trees: dict[str, Tree]) -> None:
    """Definitions join the set; an empty one never replaces another."""
    for name, tree in trees.items():
        if name in templates and is_empty(tree.root):
            continue
        templates[name] = tree


def _include(f: Frame, name: str, data: Any) -> str:
    rt = f.rt
    rt.step()
    count = rt.included.get(name, 0)
    if count > _MAX_INCLUDES:
        raise GoError(f"rendering template has a nested reference name: {name}: unable to execute template")
    tree = f.templates.get(name)
    if tree is None:
        rt.included[name] = count
        raise GoError(f"template: no template {quote(name)} associated with template {quote(ROOT)}")
    if f.depth >= MAX_DEPTH:
        raise GoError("templates include each other too deeply")
    rt.included[name] = count + 1
    try:
        return execute(tree, data, f.templates, rt, f.depth + 1)
    finally:
        rt.included[name] = count


_texts: dict[str, dict[str, Tree]] = {}


def _parsed(text: str, functions: Mapping[str, Method]) -> dict[str, Tree]:
    """Texts given to tpl recur from release to release: they are compiled once."""
    found = _texts.get(text)
    if found is None:
        found = parse(ROOT, text, functions)
        if len(_texts) >= _MAX_TEXTS:
            _texts.clear()
        _texts[text] = found
    return found


def _tpl(f: Frame, text: str, data: Any) -> str:
    f.rt.step()
    if "{{" not in text:
        return text.replace(NO_VALUE, "")
    if f.rt.tpl_depth >= _MAX_TPL:
        raise GoError(f"tpl calls itself through its text more than {_MAX_TPL} times")
    try:
        trees = _parsed(text, f.rt.functions)
    except GoError as fault:
        raise GoError(f"cannot parse template {quote(text)}: {fault.text}", fault) from None
    templates = dict(f.templates)
    add_trees(templates, trees)
    f.rt.tpl_depth += 1
    try:
        found = execute(templates[ROOT], data, templates, f.rt, f.depth + 1)
    except GoError as fault:
        raise GoError(f"error during tpl function execution for {quote(text)}: {fault.text}", fault) from None
    finally:
        f.rt.tpl_depth -= 1
    return found.replace(NO_VALUE, "")


def _required(f: Frame, message: str, value: Any) -> Any:
    if value is not None and value != "":
        return value
    if f.rt.services.lint:
        what = "value" if value is None else "values"
        _log(f, f'level=WARN msg="missing required {what}" message={_logged(message)}')
        return ""
    raise warned(message)


def _log(f: Frame, line: str) -> None:
    if f.rt.services.notices is not None:
        f.rt.services.notices.append(line)


def _logged(text: str) -> str:
    """As Go's slog writes a value."""
    plain = text and all(c.isprintable() and c not in ' "=' for c in text)
    return text if plain else quote(text)


def _fail(f: Frame, message: str) -> str:
    if f.rt.services.lint:
        _log(f, f'level=INFO msg="funcMap fail" message={_logged(message)}')
        return ""
    raise warned(message)


def _lookup(f: Frame, version: str, kind: str, namespace: str, name: str) -> dict[str, Any]:
    if f.rt.services.lookup is None:
        return {}
    from holdfast.helm.funcs.encoding import floats

    return dict(floats(f.rt.services.lookup(version, kind, namespace, name)) or {})


def _host(f: Frame, name: str) -> str:
    resolve = f.rt.services.resolve
    return "" if resolve is None else str(resolve(name))


FRAME_TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("include", "string, any", _include),
    ("tpl", "string, any", _tpl),
    ("required", "string, any", _required),
    ("fail", "string", _fail),
    ("lookup", "string, string, string, string", _lookup),
    ("getHostByName", "string", _host),
)
