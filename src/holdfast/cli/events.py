"""``holdfast events``: what the controller said, oldest first."""

from __future__ import annotations

import argparse
from typing import Any

from holdfast.cli import flags


def add_arguments(parser: argparse.ArgumentParser) -> None:
    flags.namespaced(parser)
    parser.add_argument("--for", dest="about", metavar="KIND/NAME", help="only events about this object")
    parser.add_argument("--types", metavar="TYPES", help="only these types: Normal, Warning (comma-separated)")


def run(args: argparse.Namespace) -> int:
    return flags.go(_events(args))


async def _events(args: argparse.Namespace) -> int:
    from holdfast.app import units
    from holdfast.kube.refs import GroupVersionKind

    async with units.connected(flags.config_of(args)) as client:
        found = (await client.list(GroupVersionKind("", "v1", "Event"), flags.namespace_of(args))).items
    groups = {k.gvk.group for k in units.KINDS}
    types = set(args.types.split(",")) if args.types else {"Normal", "Warning"}
    shown = [e for e in found if e.get("type") in types and _about(e, args.about, groups)]
    if not shown:
        print("no events")
        return 0
    rows = [["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]]
    for event in sorted(shown, key=_time):
        about = event["involvedObject"]
        rows.append(
            [
                _time(event),
                event.get("type", ""),
                event.get("reason", ""),
                f"{about.get('kind')}/{about.get('name')}",
                " ".join(str(event.get("message", "")).split()),
            ]
        )
    print(flags.table(rows))
    return 0


def _time(event: dict[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def _about(event: dict[str, Any], wanted: str | None, groups: set[str]) -> bool:
    about = event["involvedObject"]
    if wanted is None:
        return str(about.get("apiVersion", "")).partition("/")[0] in groups
    kind, slash, name = wanted.partition("/")
    if not slash:
        return bool(about.get("name") == kind)
    from holdfast.app import units

    known = next((k.gvk.kind for k in units.KINDS if kind.lower() in k.words), kind)
    return str(about.get("kind")).lower() == known.lower() and about.get("name") == name
