"""Chart.lock: the digest that ties it to what Chart.yaml asks for, and its text.

In: dependencies as they are asked for and as they were resolved. Out: Helm's digests and the file that Helm would write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from holdfast.helm.chart.model import Dependency, Lock
from holdfast.helm.go import json as gojson
from holdfast.helm.go.yaml import to_yaml

# Go's order of the fields; those that are left out when empty come with True.
_FIELDS: tuple[tuple[str, str, bool], ...] = (
    ("name", "name", False),
    ("version", "version", True),
    ("repository", "repository", False),
    ("condition", "condition", True),
    ("tags", "tags", True),
    ("enabled", "enabled", True),
    ("import-values", "import_values", True),
    ("alias", "alias", True),
)


def requirements_digest(wanted: Sequence[Dependency], locked: Sequence[Dependency]) -> str:
    """What Helm writes into Chart.lock: both lists, as they are."""
    return _digest(f"[{_list(wanted)},{_list(locked)}]")


def old_requirements_digest(wanted: Sequence[Dependency]) -> str:
    """What Helm 2 wrote into requirements.lock."""
    return _digest(f'{{"dependencies":{_list(wanted)}}}')


def lock_text(lock: Lock) -> str:
    rows: list[dict[str, Any]] = [_fields(d) for d in lock.dependencies]
    return to_yaml({"dependencies": rows, "digest": lock.digest, "generated": lock.generated}).rstrip("\n") + "\n"


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _list(dependencies: Sequence[Dependency]) -> str:
    rows = (
        ",".join(f"{gojson.encode_string(key)}:{gojson.encode(value)}" for key, value in _fields(d).items())
        for d in dependencies
    )
    return "[" + ",".join(f"{{{row}}}" for row in rows) + "]"


def _fields(dependency: Dependency) -> dict[str, Any]:
    found = {key: (getattr(dependency, name), optional) for key, name, optional in _FIELDS}
    return {key: value for key, (value, optional) in found.items() if value or not optional}
