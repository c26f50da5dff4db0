"""``holdfast explain KIND NAME``: why a unit, a source or any object is as it is, and what it waits for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from holdfast.cli import flags

if TYPE_CHECKING:
    from holdfast.cluster.client import Client
    from holdfast.kube.refs import Manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="+", metavar="KIND NAME", help="for example: ks apps, or deployment/web")
    flags.namespaced(parser)


def run(args: argparse.Namespace) -> int:
    return flags.go(_explain(args))


async def _explain(args: argparse.Namespace) -> int:
    import time

    from holdfast.app import units
    from holdfast.app.explain import explain
    from holdfast.base.errors import Stop

    kind, _, name = args.what[0].partition("/")
    name = name or (args.what[-1] if len(args.what) > 1 else "")
    if not name:
        raise Stop("name an object, for example: holdfast explain ks apps")
    async with units.connected(flags.config_of(args)) as client:
        obj = await find(client, kind, name, flags.namespace_of(args))
        for sentence in await explain(client, obj, now=time.time()):
            print(sentence)
    return 0


async def find(client: Client, kind: str, name: str, namespace: str) -> Manifest:
    """By any word that kubectl knows for the kind."""
    from holdfast.base.errors import Stop
    from holdfast.kube.refs import ObjectRef

    word = kind.lower()
    for resource in await client.discovery.all():
        if word in (resource.plural, resource.singular, resource.kind.lower(), *resource.short_names):
            where = namespace if resource.namespaced else ""
            return await client.get(ObjectRef(resource.group, resource.kind, where, name), version=resource.version)
    raise Stop(f"the cluster serves no kind called {kind}")
