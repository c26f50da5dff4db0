"""All field specs of a kind in one walk of the object, instead of one walk a spec.

A trie holds the paths; what they share is walked once. Comes in: specs, an object, a setter. Goes out: the setter was called for
every field as `fieldspec.apply_spec` would have called it, spec after spec, though in another order. Never tells what is wrong:
whatever is not plain is `Unexpected`, and the caller goes the long way, which has the words. Setters must bear to be called again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from holdfast.kube.walk import ALWAYS, WHERE_NULL, Branch, reach

Steps = tuple[tuple[str, bool], ...]
Setter = Callable[[Any, Any], None]
Make = Callable[[], Any]


class Unexpected(Exception):
    """A scalar where a path goes on."""


class _Branch:
    """One part of paths. ``ends`` has, for each spec that ends here, whether it creates; ``creates`` whether any below does."""

    __slots__ = ("below", "creates", "ends", "name", "wants_list")

    def __init__(self, name: str, wants_list: bool) -> None:
        self.name = name
        self.wants_list = wants_list
        self.creates = False
        self.ends: list[bool] = []
        self.below: dict[tuple[str, bool], _Branch] = {}

    def branches(self) -> tuple[Branch, ...]:
        """What is below, for walks."""
        return tuple(
            Branch(b.name, bool(b.ends), ALWAYS if b.creates else WHERE_NULL, b.branches(), b)
            for b in self.below.values()
        )


class FieldTrie:
    """``make`` gives the value of a field that is created, None where none ever is."""

    __slots__ = ("_branches", "_make", "plain")

    def __init__(self, paths: Iterable[tuple[Steps, bool]], make: Make | None) -> None:
        self._make = make
        top = _Branch("", False)
        for steps, create in paths:
            branch = top
            for step in steps:
                branch = branch.below.setdefault(step, _Branch(*step))
                branch.creates = branch.creates or (create and make is not None and not branch.wants_list)
            branch.ends.append(create)
        self._branches = top.branches()
        self.plain = all(map(_is_plain, top.below.values()))
        """Whether one walk does the same as one for each spec: no path goes on where another ends, and all names are keys."""

    def visit(self, manifest: Any, setter: Setter) -> None:
        """Call the setter for every field. Raises `Unexpected`."""
        self._visit(manifest, self._branches, setter)

    def _visit(self, node: Any, branches: tuple[Branch, ...], setter: Setter) -> None:
        hits = reach(node, branches)
        if hits is None:
            raise Unexpected
        for holder, name, branch in hits:
            if holder.get(name) is None:
                self._fill(holder, branch, setter)
            else:
                for _ in branch.ends:
                    setter(holder, name)

    def _fill(self, node: dict[str, Any], branch: _Branch, setter: Setter) -> None:
        """Go on where nothing stands."""
        if branch.ends:
            self._end(node, branch, setter)
        elif branch.creates:
            node[branch.name] = {}
            self._visit(node[branch.name], branch.branches(), setter)
        elif branch.wants_list:
            node[branch.name] = []

    def _end(self, node: dict[str, Any], branch: _Branch, setter: Setter) -> None:
        name = branch.name
        for create in branch.ends:
            if node.get(name) is None:
                if create and self._make is not None and not branch.wants_list:
                    node[name] = self._make()
                elif name not in node:
                    continue
                elif branch.wants_list:
                    node[name] = []
            setter(node, name)


def _is_plain(branch: _Branch) -> bool:
    if not branch.name or branch.name == "*" or (branch.name.isdigit() and branch.name.isascii()):
        return False
    if branch.ends and branch.below:
        return False
    return all(map(_is_plain, branch.below.values()))
