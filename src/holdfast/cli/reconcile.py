"""``holdfast reconcile KIND NAME``: look now, and wait until it was handled."""

from __future__ import annotations

import argparse
import sys

from holdfast.cli import flags


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="+", metavar="KIND NAME", help="for example: ks apps, or: source git fleet")
    flags.namespaced(parser)
    parser.add_argument("--with-source", action="store_true", help="reconcile the unit's source first")
    parser.add_argument("--timeout", default="5m", metavar="DURATION", help="how long to wait (default: 5m)")


def run(args: argparse.Namespace) -> int:
    return flags.go(_reconcile(args))


async def _reconcile(args: argparse.Namespace) -> int:
    from holdfast.app import units
    from holdfast.base.duration import parse_duration

    kinds, names = units.parse(args.what)
    seconds = parse_duration(args.timeout)
    failed = 0
    async with units.connected(flags.config_of(args)) as client:
        for kind in kinds:
            for obj in await units.listed(client, kind, flags.namespace_of(args), names):
                source = units.source_of(obj) if args.with_source else None
                if source is not None:
                    inner, namespace, name = source
                    (found,) = await units.listed(client, inner, namespace, [name])
                    failed |= _told(inner.words[0], await units.request(client, inner, found, seconds))
                failed |= _told(kind.words[0], await units.request(client, kind, obj, seconds))
    return failed


def _told(kind: str, obj: dict[str, object]) -> int:
    from holdfast.app import units

    ready = units.condition(obj)
    good = ready.get("status") == "True"
    name = obj["metadata"]["name"]  # type: ignore[index]  # an object of the API always has metadata
    words = " ".join(str(ready.get("message") or "").split())
    print(f"{kind}/{name}: {words}", file=sys.stdout if good else sys.stderr)
    return 0 if good else 1
