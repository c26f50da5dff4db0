"""All functions a template of Helm knows, by name."""

from __future__ import annotations

from holdfast.helm.funcs import certs, control, crypto, dates, dicts, encoding, kinds, lists, numbers, paths_urls, text
from holdfast.helm.go.types import Method, method
from holdfast.helm.gotemplate.builtins import BUILTINS


def _collect() -> dict[str, Method]:
    found = dict(BUILTINS)
    for module in (text, kinds, lists, dicts, numbers, dates, crypto, certs, encoding, paths_urls):
        found.update({name: method(name, params, call) for name, params, call in module.TABLE})
    for framed in (dates, crypto, certs, control):
        for name, params, call in framed.FRAME_TABLE:
            found[name] = method(name, params, call)
            found[name].frame = True
    return found


FUNCTIONS: dict[str, Method] = _collect()
