"""JSON data to text, as sigs.k8s.io/yaml prints it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    from holdfast.kube.yaml.scalars import Dialect, plain

    style = "|" if "\n" in text else '"' if plain(text, Dialect.OBJECT) != text else ""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)


def dump(value: Any) -> str:
    """``value`` as YAML, keys sorted."""
    return str(yaml.dump(value, Dumper=_Dumper, width=1 << 30, allow_unicode=True))


def dump_all(values: Iterable[Any]) -> str:
    """Every value as a document, separated by ``---`` lines."""
    return "---\n".join(dump(value) for value in values)
