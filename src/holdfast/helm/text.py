"""Go templates without a chart: a text, data, Sprig's functions. What ApplicationSets are written in.

In: a template, parameters, Go's template options and further functions. Out: text, or a TemplateFault with Go's words.
Helm's own functions are not there, and nothing tells of the environment. A mapping whose type has the ``go_type``
``map[string]string`` behaves as one: what it lacks is an empty text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from holdfast.base.errors import Stop
from holdfast.helm.funcs.encoding import read_list, read_map
from holdfast.helm.funcs.services import Services
from holdfast.helm.funcs.table import FUNCTIONS
from holdfast.helm.go import json as gojson
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import to_string
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import INVALID, GoMap, Method, method
from holdfast.helm.gotemplate.compiler import compile_tree
from holdfast.helm.gotemplate.errors import ExecError
from holdfast.helm.gotemplate.nodes import Tree
from holdfast.helm.gotemplate.parser import parse
from holdfast.helm.gotemplate.runtime import Limits, Runtime, Site, execute

NAME = "base"
_HELMS_OWN = (
    "include", "tpl", "required", "lookup", "getHostByName", "toYamlPretty", "mustToYaml", "toToml", "mustToToml",
    "fromToml", "fromJsonArray", "env", "expandenv",
)  # fmt: skip
_LIMITS = Limits(steps=2_000_000, output=10_000_000)
_MAX_TREES = 5_000


class TemplateFault(Stop):
    """``parsing``: the text is no template at all. ``missing_key``: it asks for something that is not there."""

    def __init__(self, message: str, *, parsing: bool = False) -> None:
        super().__init__(message)
        self.parsing = parsing

    @property
    def missing_key(self) -> bool:
        return "map has no entry for key" in self.message or "can't evaluate field" in self.message


class _Loose(dict[str, Any]):
    """Go's default: what is missing is no value at all."""

    go_type: ClassVar[str] = "map[string]interface {}"
    __slots__ = ()

    def absent(self, name: str, site: Site) -> Any:
        return INVALID


class _Zero(_Loose):
    __slots__ = ()

    def absent(self, name: str, site: Site) -> Any:
        return None


class _Strict(_Loose):
    __slots__ = ()

    def absent(self, name: str, site: Site) -> Any:
        site.fail(f"map has no entry for key {quote(name)}")


class _LooseTexts(GoMap):
    __slots__ = ()

    def absent(self, name: str, site: Site) -> Any:
        return INVALID


class _ZeroTexts(GoMap):
    __slots__ = ()

    def absent(self, name: str, site: Site) -> Any:
        return ""


class _StrictTexts(GoMap):
    __slots__ = ()

    def absent(self, name: str, site: Site) -> Any:
        site.fail(f"map has no entry for key {quote(name)}")


_KINDS: dict[str, tuple[type[dict[str, Any]], type[dict[str, Any]]]] = {
    "missingkey=error": (_Strict, _StrictTexts),
    "missingkey=zero": (_Zero, _ZeroTexts),
    "missingkey=default": (_Loose, _LooseTexts),
    "missingkey=invalid": (_Loose, _LooseTexts),
}


def _from_json(text: str) -> Any:
    """Sprig's: what cannot be read is nothing."""
    try:
        return gojson.decode(text)
    except GoError:
        return None


def _guarded(call: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*arguments: Any) -> Any:
        try:
            return call(*arguments)
        except ValueError as fault:
            raise GoError(str(fault)) from None

    return guarded


class TextTemplates:
    """``functions``: further ones as (name, Go parameters, call); a ValueError of theirs tells what is wrong."""

    def __init__(
        self, functions: Sequence[tuple[str, str, Callable[..., Any]]] = (), services: Services | None = None
    ) -> None:
        self._services = services or Services()
        table: dict[str, Method] = {n: m for n, m in FUNCTIONS.items() if n not in _HELMS_OWN}
        table["toYaml"] = FUNCTIONS["mustToYaml"]
        for name, params, call in (
            ("fromYaml", "string", read_map),
            ("fromYamlArray", "string", read_list),
            ("fromJson", "string", _from_json),
            *((name, params, _guarded(call)) for name, params, call in functions),
        ):
            table[name] = method(name, params, call)
        self._functions = table
        self._trees: dict[str, dict[str, Tree]] = {}

    def render(self, text: str, data: Mapping[str, Any], options: Sequence[str] = ()) -> str:
        """Raises TemplateFault."""
        try:
            trees = self._parsed(text)
        except GoError as fault:
            raise TemplateFault(fault.text, parsing=True) from None
        maps, texts = _Loose, _LooseTexts
        for option in options:
            if option not in _KINDS:
                raise TemplateFault(f"unrecognized option: {option}")
            maps, texts = _KINDS[option]  # type: ignore[assignment]
        rt = Runtime(limits=_LIMITS, services=self._services, functions=self._functions, compile=compile_tree)
        try:
            return execute(trees[NAME], _converted(data, maps, texts), dict(trees), rt)
        except ExecError as fault:
            raise TemplateFault(fault.text) from None
        except GoError as fault:
            raise TemplateFault(fault.text) from None
        except RecursionError:
            raise TemplateFault("the template or its parameters are nested too deeply") from None

    def show(self, value: Any) -> str:
        """As ``fmt.Sprintf("%v")`` prints it."""
        return to_string(value)

    def encode(self, value: Any) -> str:
        """As ``encoding/json`` does."""
        return gojson.encode(value)

    def _parsed(self, text: str) -> dict[str, Tree]:
        found = self._trees.get(text)
        if found is None:
            found = parse(NAME, text, self._functions)
            if len(self._trees) >= _MAX_TREES:
                self._trees.clear()
            self._trees[text] = found
        return found


def _converted(value: Any, maps: type[dict[str, Any]], texts: type[dict[str, Any]]) -> Any:
    if isinstance(value, dict):
        kind = texts if getattr(type(value), "go_type", "") == GoMap.go_type else maps
        return kind({k: _converted(v, maps, texts) for k, v in value.items()})
    if isinstance(value, list):
        return [_converted(v, maps, texts) for v in value]
    return value
