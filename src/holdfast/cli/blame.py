"""``holdfast blame KIND/NAME [FIELD]``: file, line, commit and author of each field, or the foreign field manager."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from holdfast.cli import flags

if TYPE_CHECKING:
    from holdfast.app.blame import Row

_VALUE_WIDTH = 48


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("object", metavar="KIND/NAME", help="for example: deployment/web")
    parser.add_argument(
        "field", nargs="?", default="", metavar="FIELD", help="for example: spec.replicas (default: all)"
    )
    flags.cluster(parser)
    parser.add_argument("-n", "--namespace", default="default", metavar="NS", help="the namespace (default: default)")
    parser.add_argument(
        "--repo", default="", metavar="DIR", help="a clone that has the commits (default: the one around .)"
    )
    parser.add_argument("-o", "--output", choices=["json", "wide"], help="how to print; wide: earlier values too")


def run(args: argparse.Namespace) -> int:
    return flags.go(_blame(args))


async def _blame(args: argparse.Namespace) -> int:
    import json
    import sys
    from dataclasses import replace

    from holdfast.app import blame, units
    from holdfast.base.errors import Stop
    from holdfast.cli.explain import find
    from holdfast.cli.repositories import at_hand
    from holdfast.kube.leaves import parsed

    kind, _, name = args.object.partition("/")
    if not name:
        raise Stop("name an object as KIND/NAME, for example: holdfast blame deployment/web spec.replicas")
    async with units.connected(flags.config_of(args)) as client:
        obj = await find(client, kind, name, args.namespace)
        found = await blame.blame_object(client, obj, at_hand(args.repo))
    if args.field:
        rows = blame.selected(found.rows, parsed(args.field))
        if not rows:
            raise Stop(f"{args.object} has no field {args.field}", hint="leave the field out to see all of them")
        found = replace(found, rows=tuple(rows))
    if args.output == "json":
        print(json.dumps(blame.plain(found), indent=2))
        return 0
    for note in found.notes:
        print(note, file=sys.stderr)
    print("\n".join(_lines(list(found.rows), wide=args.output == "wide")))
    return 0


def _lines(rows: list[Row], *, wide: bool) -> list[str]:
    table = [["FIELD", "VALUE", "FROM", "COMMIT"]]
    for row in rows:
        table.append([_field(row), _short(row.value), _from(row), _commit(row)])
        if row.wanted is not None:
            table.append(["", f"Git says {_short(row.wanted)}", f"changed by {row.manager or 'somebody'}", ""])
        if wide:
            table += [["", f"before: {_short(value)}", _place(origin), ""] for value, origin in row.earlier]
    return flags.table(table).splitlines()


def _field(row: Row) -> str:
    from holdfast.kube.leaves import shown

    return shown(row.path)


def _short(value: object) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value)
    text = text.replace("\n", "\\n")
    return text if len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 3] + "..."


def _from(row: Row) -> str:
    return row.manager if row.origin is None else _place(row.origin)


def _place(origin: object) -> str:
    from holdfast.render.blame_lines import Origin

    assert isinstance(origin, Origin)
    where = f"{origin.file}:{origin.line}" if origin.line else origin.file
    how = f"guess: {origin.how or 'not certain'}" if origin.guess else origin.how
    return f"{where} ({how})" if where and how else where or how


def _commit(row: Row) -> str:
    import datetime

    found = row.commit
    if found is None:
        return ""
    day = datetime.datetime.fromtimestamp(found.time, datetime.UTC).date().isoformat()
    return f"{'at or before ' if found.at_least else ''}{found.commit[:8]} {day} {found.author}: {found.subject}"
