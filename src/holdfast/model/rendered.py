"""What rendering needs and gives."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.base.tree import Tree
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import KustomizeBuild, Ownership, UnitKey


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """Everything that decides a rendering: the tree, the build, the resolved variables. Equal requests render equally.

    ``variables`` are what ``substituteFrom`` gave, merged in order; the inline ones are in ``build``; ``variables_error``
    is why they could not be had, told with the first object that would have needed them. ``tree_identity``
    names the tree's content.
    """

    unit: UnitKey
    owner: Ownership
    build: KustomizeBuild
    tree: Tree = field(repr=False, compare=False)
    tree_identity: str
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables_error: str = ""
    root_name: str = ""
    keys: str = ""

    def digest(self) -> str:
        """Of all but the tree: with the recorded reads it names the result."""
        parts = (self.unit, self.owner, self.build, sorted(self.variables.items()), self.variables_error, self.keys)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Rendered:
    """Objects in build order, owner labels and common metadata stamped.

    ``digest`` is of the build's text (what Flux writes into the history); ``reads`` maps each path looked at to its
    content id, so that a tree which agrees on them renders to the same objects.
    """

    objects: tuple[Manifest, ...]
    digest: str
    reads: Mapping[str, str] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()
