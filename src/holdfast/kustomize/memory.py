"""Memory lost: what kustomize remembers about a resource stands in its annotations, and a patch may take them all away.

``annotations: null`` in a patch makes a generated ConfigMap lose its hash, and references lose a name that was changed before.
Here the memory is in attributes, so a mark among the annotations shows what becomes of them: put there before a patch, taken away
after it. Nothing of this is ever in the output.
"""

from __future__ import annotations

from typing import Any

from holdfast.kustomize.resource import Resource

_MARK = "internal.config.kubernetes.io/mark"


def mark(resource: Resource) -> bool:
    """Put the mark where upstream would have annotations of its own; whether it did."""
    if not resource.has_internal_annotations():
        return False
    return _put(resource)


def mark_origin(resource: Resource) -> bool:
    """The same where upstream would have noted the origin, which is all that a JSON patch can take away."""
    return resource.origin is not None and _put(resource)


def _put(resource: Resource) -> bool:
    meta = resource.metadata()
    own = meta.get("annotations")
    if own is None:
        own = meta["annotations"] = {}
    if type(own) is dict:
        own[_MARK] = ""
    return type(own) is dict


def forget_if_gone(resource: Resource) -> bool:
    """Take the mark away, or forget everything with it; whether the latter."""
    if _taken(resource):
        return False
    resource.forget()
    return True


def forget_origin_if_gone(resource: Resource) -> None:
    """Take the mark away, or forget the origin with it."""
    if not _taken(resource):
        resource.origin, resource.transformations = None, []


def _taken(resource: Resource) -> bool:
    meta: Any = resource.manifest.get("metadata")
    own = meta.get("annotations") if type(meta) is dict else None
    return type(own) is dict and own.pop(_MARK, None) is not None
