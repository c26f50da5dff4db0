"""Filling parameters into texts and data: fasttemplate's ``{{key}}`` or Go templates.

The engine of Go templates is handed in; so is how Go prints values. Every text in the data is a template, keys of maps too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from holdfast.base.errors import Stop
from holdfast.dialects.argo.appset.facts import GeneratorError
from holdfast.dialects.argo.appset.params import Params, Texts
from holdfast.kube.yaml.gotext import go_quote

_TEMPLATED = re.compile(r"\{\{.*\}\}")
# Generators whose ``values`` may refer to what the generator itself gives: those are filled in later.
_WITH_VALUES = ("clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "plugin")
# Fields that may hold anything: their faults are told so.
_JSON = frozenset({"elements", "valuesObject"})


class Engine(Protocol):
    """``render`` raises a Stop with Go's words, whose ``parsing`` and ``missing_key`` tell what it is."""

    def render(self, text: str, data: Mapping[str, Any], options: Sequence[str] = ()) -> str: ...

    def show(self, value: Any) -> str:
        """As ``%v`` prints it."""
        ...

    def encode(self, value: Any) -> str:
        """As ``encoding/json`` does."""
        ...


class Renderer:
    """For one set."""

    def __init__(self, engine: Engine, *, go: bool, options: Sequence[str] = ()) -> None:
        self.engine = engine
        self.go = go
        self._options = tuple(options)

    def text(self, template: str, params: Mapping[str, Any], options: Sequence[str] | None = None) -> str:
        """Raises GeneratorError."""
        if self.go:
            return self._go(template, params, self._options if options is None else options)
        return _fast(template, params)

    def _go(self, template: str, params: Mapping[str, Any], options: Sequence[str]) -> str:
        if "{{" not in template:
            return template
        try:
            return self.engine.render(template, params, options)
        except Stop as fault:
            doing = "parse template" if getattr(fault, "parsing", False) else "execute go template"
            raise TemplateError(
                f"failed to {doing} {template}: {fault.message}", missing=bool(getattr(fault, "missing_key", False))
            ) from fault

    def deep(self, value: Any, params: Mapping[str, Any]) -> Any:
        """Raises GeneratorError."""
        if isinstance(value, str):
            return self.text(value, params)
        if isinstance(value, Mapping):
            return {self.text(k, params): self._below(k, v, params) for k, v in value.items() if v is not None}
        return [self.deep(v, params) for v in value] if isinstance(value, list) else value

    def _below(self, key: str, value: Any, params: Mapping[str, Any]) -> Any:
        if key not in _JSON or not isinstance(value, (Mapping, list)):
            return self.deep(value, params)
        try:
            return self.deep(value, params)
        except TemplateError as error:
            raise TemplateError(
                f"failed to deeply replace JSON field contents: {error.message}", missing=error.missing
            ) from error

    def generator(self, spec: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
        """A generator with another's parameters filled in. Raises GeneratorError."""
        try:
            return self._generator(spec, params)
        except TemplateError as error:
            raise TemplateError(
                f"failed to replace parameters in generator: {error.message}", missing=error.missing
            ) from error

    def _generator(self, spec: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for kind, below in spec.items():
            if kind in ("matrix", "merge") and isinstance(below, Mapping):
                inner = [self._generator(g, params) for g in below.get("generators") or ()]
                rest = {k: v for k, v in below.items() if k != "generators"}
                out[kind] = {**self.deep(rest, params), "generators": inner}
            elif kind in _WITH_VALUES and isinstance(below, Mapping) and below.get("values"):
                rest = {k: v for k, v in below.items() if k != "values"}
                out[kind] = {**self.deep(rest, params), "values": self._values(below["values"], params)}
            elif below is not None:
                out[kind] = self.deep(below, params)
        return out

    def _values(self, values: Mapping[str, str], params: Mapping[str, Any]) -> dict[str, str]:
        """What refers to keys that are not known yet stays a template."""
        options = [*(o for o in self._options if not o.startswith("missingkey=")), "missingkey=error"]
        out = {}
        for key, value in values.items():
            try:
                out[key] = self.text(value, params, options)
            except TemplateError as error:
                if not error.missing:
                    raise TemplateError(f'failed to pre-resolve Values key "{key}": {error.message}') from error
                out[key] = value
        return out

    def add_values(self, values: Mapping[str, str] | None, params: Params) -> None:
        """A generator's ``values`` filled with its own parameters, beside them. Raises GeneratorError."""
        found = Texts()
        for key, value in (values or {}).items():
            try:
                found[key] = self.text(str(value), params)
            except GeneratorError as error:
                raise GeneratorError(
                    f"failed to replace templated string: failed to replace templated string with rendered values: {error.message}"
                ) from error
        if self.go and found:
            params["values"] = found
        elif not self.go:
            params.update({f"values.{k}": v for k, v in found.items()})


class TemplateError(GeneratorError):
    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


def _fast(template: str, params: Mapping[str, Any]) -> str:
    """``{{ key }}`` where the key is a text; everything else stays as it is."""
    if not _TEMPLATED.search(template):
        return template
    out: list[str] = []
    at = 0
    while True:
        start = template.find("{{", at)
        if start < 0:
            out.append(template[at:])
            return "".join(out)
        out.append(template[at:start])
        end = template.find("}}", start + 2)
        if end < 0:
            rest = template[start + 2 :]
            raise TemplateError(
                f'invalid template: Cannot find end tag="}}}}" in the template={go_quote(template)} starting from {go_quote(rest)}'
            )
        tag = template[start + 2 : end]
        value = params.get(tag.strip())
        out.append(value if isinstance(value, str) and tag.strip() else f"{{{{{tag}}}}}")
        at = end + 2
