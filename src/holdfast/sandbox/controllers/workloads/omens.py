"""What a pod's own words promise, where nothing runs: an image that nobody can pull, a command that fails, a node too small.

In: a pod. Out: yes or no, and why. Only what is certain without a network and without starting anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube.quantity import QuantityError, parse
from holdfast.kube.refs import Manifest

_FAILING = re.compile(r"(?:/bin/)?(?:false|(?:ba|a|da)?sh -e?c (?:exit ([1-9]\d*)|false))")


def cannot_be_pulled(pod: Manifest) -> bool:
    """An image of a host below ``.invalid``, which never has an address (RFC 2606)."""
    hosts = (str(c.get("image") or "").partition("/")[0].partition(":")[0] for c in _containers(pod))
    return any(h.endswith(".invalid") for h in hosts)


def fails(pod: Manifest) -> int:
    """The exit code of the first container whose command only fails; 0 where none does."""
    commands = ([*(c.get("command") or ()), *(c.get("args") or ())] for c in _containers(pod))
    return next((code for words in commands if (code := _failure(words))), 0)


def never_ready(pod: Manifest) -> bool:
    """A readiness probe whose command only fails."""
    probes = ((c.get("readinessProbe") or {}).get("exec") or {} for c in _containers(pod))
    return any(_failure(p.get("command") or ()) for p in probes)


def lacking(pod: Manifest, node: Manifest) -> str:
    """The first resource of which a pod asks for more than a node has; empty where it fits."""
    room = (node.get("status") or {}).get("allocatable") or {}
    for resource in ("cpu", "memory"):
        asked = sum(_amount(((c.get("resources") or {}).get("requests") or {}).get(resource)) for c in _containers(pod))
        if resource in room and asked > _amount(room[resource]):
            return resource
    return ""


def _containers(pod: Manifest) -> Iterator[Manifest]:
    yield from pod["spec"].get("containers") or ()


def _failure(words: list[str] | tuple[str, ...]) -> int:
    match = _FAILING.fullmatch(" ".join(str(w) for w in words))
    return min(int(match[1] or 1), 255) if match else 0


def _amount(text: object) -> int:
    """In thousandths; 0 for nothing, or what is no quantity."""
    try:
        return parse(str(text)).milli_value if text is not None else 0
    except QuantityError:
        return 0
