"""``holdfast tree [KIND NAME]``: what a unit owns, and what the units it owns own."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from holdfast.cli import flags

if TYPE_CHECKING:
    from holdfast.app.units import Node


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="*", metavar="KIND NAME", help="for example: ks apps; all units that no other owns unless told"
    )
    flags.namespaced(parser)
    parser.add_argument("-o", "--output", choices=["json", "name"], help="how to print")


def run(args: argparse.Namespace) -> int:
    return flags.go(_tree(args))


async def _tree(args: argparse.Namespace) -> int:
    from holdfast.app import units

    kinds, names = units.parse(args.what or ["units"])
    namespace = "" if not args.what and not args.namespace else flags.namespace_of(args)
    async with units.connected(flags.config_of(args)) as client:
        roots = [
            await units.tree(client, kind, obj)
            for kind in kinds
            for obj in await units.listed(client, kind, namespace, names)
        ]
    if not names:
        owned = {child.ref for root in roots for child in _below(root)}
        roots = [r for r in roots if r.ref not in owned]
    if args.output == "json":
        import json

        print(json.dumps([_plain(r) for r in roots], indent=2))
    else:
        for root in roots:
            _print(root, "", "", names=args.output == "name")
    return 0


def _below(node: Node) -> list[Node]:
    return [d for child in node.children for d in (child, *_below(child))]


def _print(node: Node, head: str, indent: str, *, names: bool) -> None:
    print(str(node.ref) if names else f"{head}{node.ref}{f'  {node.state}' if node.state else ''}")
    for index, child in enumerate(node.children):
        last = index == len(node.children) - 1
        _print(child, indent + ("└── " if last else "├── "), indent + ("    " if last else "│   "), names=names)


def _plain(node: Node) -> dict[str, object]:
    ref = node.ref
    found: dict[str, object] = {"kind": ref.kind, "group": ref.group, "namespace": ref.namespace, "name": ref.name}
    if node.state:
        found["state"] = node.state
    if node.children:
        found["children"] = [_plain(c) for c in node.children]
    return found
