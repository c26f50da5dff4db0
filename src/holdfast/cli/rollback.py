"""``holdfast rollback KIND NAME [REVISION]``: hold a unit at an earlier revision until Git catches up, or revert in Git."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from holdfast.cli import flags

if TYPE_CHECKING:
    from holdfast.app.rollback import Choice
    from holdfast.app.units import Kind
    from holdfast.kube.refs import Manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="+", metavar="KIND NAME [REVISION]", help="for example: ks apps, or: ks apps 3f2a9c1"
    )
    flags.namespaced(parser)
    parser.add_argument(
        "--revert", action="store_true", help="write a commit that puts the unit's files back, instead of a pin"
    )
    parser.add_argument("--repo", default=".", metavar="DIR", help="the clone to write the commit in (default: .)")
    parser.add_argument(
        "--timeout", type=float, default=300.0, metavar="SECONDS", help="how long to wait (default: 300)"
    )


def run(args: argparse.Namespace) -> int:
    return flags.go(_rollback(args))


async def _rollback(args: argparse.Namespace) -> int:
    from holdfast.app import rollback, units
    from holdfast.base.errors import Stop

    kinds, names = units.parse(args.what)
    if len(kinds) != 1 or not kinds[0].unit or not 1 <= len(names) <= 2:
        raise Stop("name one unit, and a revision if it is not the one before: holdfast rollback ks apps 3f2a9c1")
    kind = kinds[0]
    if kind.gvk.kind == "Application":
        return await _application(args, kind, names)
    if kind.gvk.kind != "Kustomization":
        raise Stop(
            f"a {kind.gvk.kind} is not taken back by a pin",
            hint="suspend it and use helm rollback, or revert the commit that changed it",
        )
    async with units.connected(flags.config_of(args)) as client:
        (obj,) = await units.listed(client, kind, flags.namespace_of(args), names[:1])
        choice = rollback.choose(obj, names[1] if len(names) > 1 else "")
        if args.revert:
            return _revert(args, obj, choice)
        asked = await rollback.pin(client, kind, obj, choice)
        done = await units.request(client, kind, asked, args.timeout)
    ready = units.condition(done)
    print(f"{kind.words[0]}/{names[0]} is held at {choice.to}: {ready.get('message')}")
    print("It follows Git again when a commit changes what it renders, or at once: holdfast resume ks " + names[0])
    return 0 if ready.get("status") == "True" else 1


async def _application(args: argparse.Namespace, kind: Kind, names: list[str]) -> int:
    from holdfast.app import argo_units, units

    async with units.connected(flags.config_of(args)) as client:
        (obj,) = await units.listed(client, kind, flags.namespace_of(args), names[:1])
        entry = argo_units.choose(obj, names[1] if len(names) > 1 else "")
        ordered = await argo_units.roll_back(client, obj, entry)
        done = await units.until(client, kind, ordered, args.timeout, argo_units.finished)
    told = units.condition(done)["message"]
    print(f"application/{names[0]} was synced to what history entry {entry.id} delivered: {told}")
    return 0


def _revert(args: argparse.Namespace, obj: Manifest, choice: Choice) -> int:
    from holdfast.app import rollback

    commit, paths = rollback.revert(obj, choice, args.repo)
    for path in paths:
        print(f"put back {path}")
    print(f"committed {commit[:12]}; deliver it with: git push")
    return 0
