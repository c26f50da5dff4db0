"""``holdfast get [KIND] [NAME...]``: units and sources with their state."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from holdfast.cli import flags

if TYPE_CHECKING:
    from holdfast.app.units import Kind
    from holdfast.kube.refs import Manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="*", metavar="KIND [NAME...]", help="ks, hr, source git, ...; all of them unless told"
    )
    flags.namespaced(parser)
    parser.add_argument("-l", "--selector", default="", metavar="LABELS", help="only objects with these labels")
    parser.add_argument("-o", "--output", choices=["wide", "json", "yaml", "name"], help="how to print")
    parser.add_argument("--status", choices=["ready", "not-ready"], help="only units in this state")


def run(args: argparse.Namespace) -> int:
    return flags.go(_get(args))


async def _get(args: argparse.Namespace) -> int:
    from holdfast.app import units

    kinds, names = units.parse(args.what)
    namespace = "" if not args.what and not args.namespace else flags.namespace_of(args)
    async with units.connected(flags.config_of(args)) as client:
        found = [(k, o) for k in kinds for o in await units.listed(client, k, namespace, names, args.selector)]
    if args.status:
        found = [(k, o) for k, o in found if (units.condition(o).get("status") == "True") == (args.status == "ready")]
    if args.output in ("json", "yaml"):
        _print_objects([o for _, o in found], args.output)
    elif args.output == "name":
        for kind, obj in found:
            print(f"{kind.words[0]}.{kind.gvk.group}/{obj['metadata']['name']}")
    elif not found:
        import sys

        print(f"no units found in {'any namespace' if not namespace else f'namespace {namespace}'}", file=sys.stderr)
    else:
        print(flags.table(_rows(found, wide=args.output == "wide")))
    return 0


def _print_objects(objects: list[Manifest], output: str) -> None:
    import json

    from holdfast.kube import yaml

    shown = objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects}
    print(json.dumps(shown, indent=2) if output == "json" else yaml.dump(shown).rstrip("\n"))


def _rows(found: list[tuple[Kind, Manifest]], *, wide: bool) -> list[list[str]]:
    from holdfast.app import units

    rows = [["NAMESPACE", "NAME", "REVISION", "SUSPENDED", "READY", "MESSAGE"]]
    for kind, obj in found:
        ready = units.condition(obj)
        message = " ".join(str(ready.get("message") or "").split())
        rows.append(
            [
                obj["metadata"].get("namespace", ""),
                f"{kind.words[0]}/{obj['metadata']['name']}",
                units.revision(obj),
                str(units.suspended(obj)),
                str(ready.get("status") or "Unknown"),
                message if wide or len(message) <= 80 else message[:77] + "...",
            ]
        )
    return rows
