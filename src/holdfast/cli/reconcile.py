"""``holdfast reconcile KIND NAME``: look now, and wait until it was handled."""

from __future__ import annotations

import argparse
import sys

from holdfast.cli import flags


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="+", metavar="KIND NAME", help="for example: ks apps, or: source git fleet")
    flags.namespaced(parser)
    parser.add_argument("--with-source", action="store_true", help="reconcile the unit's source first")
    parser.add_argument("--force", action="store_true", help="upgrade a HelmRelease even where nothing changed")
    parser.add_argument("--reset", action="store_true", help="forget a HelmRelease's failures: its retries count anew")
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
                for inner, namespace, name in units.sources_of(obj) if args.with_source else ():
                    (found,) = await units.listed(client, inner, namespace, [name])
                    if (found.get("spec") or {}).get("type") == "oci":
                        continue  # a registry has no index: nobody reconciles such a HelmRepository
                    failed |= _told(inner.words[0], await units.request(client, inner, found, seconds))
                also = [a for a, asked in ((units.FORCE_AT, args.force), (units.RESET_AT, args.reset)) if asked]
                failed |= _told(kind.words[0], await units.request(client, kind, obj, seconds, also=also))
    return failed


def _told(kind: str, obj: dict[str, object]) -> int:
    from holdfast.app import units

    ready = units.condition(obj)
    good = ready.get("status") == "True"
    name = obj["metadata"]["name"]  # type: ignore[index]  # an object of the API always has metadata
    words = " ".join(str(ready.get("message") or "").split())
    print(f"{kind}/{name}: {words}", file=sys.stdout if good else sys.stderr)
    return 0 if good else 1
