"""Jsonnet files of a directory: evaluated by go-jsonnet with imports from the tree only."""

from __future__ import annotations

import json
import re
from typing import Any

from holdfast.base.tree import EntryKind
from holdfast.kube.refs import Manifest
from holdfast.render.paths import resolve
from holdfast.render.tools.detect import Work, join
from holdfast.render.tools.request import ROOT, SourceError

_NOT_FOUND = re.compile(r"(no match locally or in the Jsonnet library paths).*?(?=\n\t|\Z)", re.DOTALL)


def run(work: Work, path: str, data: bytes) -> list[Manifest]:
    """Raises SourceError."""
    # A foreign runtime (Go's) comes with it; programs that meet no Jsonnet never start it.
    import _gojsonnet

    name = path.rpartition("/")[2]
    variables = _variables(work)
    try:
        text = _gojsonnet.evaluate_snippet(
            f"{ROOT}/{path}", data.decode("utf-8", "replace"), import_callback=_importer(work), **variables
        )
    except (RuntimeError, UnicodeDecodeError) as error:
        # The runtime's own word for a callback that failed; Argo CD's importer is no callback.
        text = _words(error).replace("RUNTIME ERROR: importer error: ", "RUNTIME ERROR: ", 1)
        # It reads the callback's words beyond their end.
        text = _NOT_FOUND.sub(lambda found: found[1], text)
        raise SourceError(f'Failed to evaluate jsonnet "{name}": {text}', code="FailedPrecondition") from None
    found = json.loads(text)
    objects = [obj for obj in (found if isinstance(found, list) else [found]) if obj is not None]
    if not all(isinstance(obj, dict) and obj.get("kind") for obj in objects):
        problem = _problem(found, text.strip())
        raise SourceError(f'Failed to unmarshal generated json "{name}": {problem}', code="FailedPrecondition")
    return objects


def _words(error: RuntimeError | UnicodeDecodeError) -> str:
    """What the runtime says; stray bytes behind it need not be text, and then they are what Python complains of."""
    return error.object.decode("utf-8", "replace") if isinstance(error, UnicodeDecodeError) else str(error)


def _problem(value: Any, text: str) -> str:
    if isinstance(value, dict):
        return f"Object 'Kind' is missing in '{text}'"
    found = {str: "string", bool: "bool", list: "array"}.get(type(value), "number")
    return f"json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"


def _variables(work: Work) -> dict[str, dict[str, str]]:
    out: dict[str, dict[str, str]] = {"ext_vars": {}, "ext_codes": {}, "tla_vars": {}, "tla_codes": {}}
    for prefix, variables in (("ext", work.source.directory.ext_vars), ("tla", work.source.directory.tlas)):
        for variable in variables:
            kind = "codes" if variable.code else "vars"
            out[f"{prefix}_{kind}"][variable.name] = work.environment.expand(variable.value)
    return out


def _importer(work: Work) -> Any:
    places = [work.where, *(join("", lib) or "" for lib in work.source.directory.libs)]

    def load(directory: str, wanted: str) -> tuple[str, bytes]:
        here = directory.removeprefix(f"{ROOT}/").rstrip("/")
        for place in (here, *places[::-1]):
            path = join("", wanted) if wanted.startswith("/") else join(place, wanted)
            real = resolve(work.tree, path) if path is not None else None
            entry = work.tree.lookup(real) if real is not None else None
            if real is not None and entry is not None and entry.kind is EntryKind.FILE:
                return f"{ROOT}/{real}", work.tree.read(real)
        raise RuntimeError(
            f"couldn't open import {json.dumps(wanted)}: no match locally or in the Jsonnet library paths"
        )

    return load
