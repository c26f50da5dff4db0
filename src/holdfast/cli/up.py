"""``holdfast up REPO``: from nothing to reconciled."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("repository", metavar="REPO", help="a checkout, a bare repository, or the URL of one")
    add(
        "--path",
        metavar="P",
        help="the directory to start from (default: the cluster that the repository declares, else its root)",
    )
    add("--branch", metavar="B", help="the branch to follow (default: the checkout's, else main)")
    add(
        "--target-namespace",
        metavar="NS",
        help="the namespace for everything there, made if it is absent (default: what the objects say; where none of them"
        " says anything, the context's)",
    )
    add("--sandbox", action="store_true", help="use the embedded sandbox, started if it does not run")
    add("--name", default="default", help="which sandbox (default: default)")
    add("--kubeconfig", metavar="FILE", help="the kubeconfig to use")
    add("--context", default="", metavar="C", help="the context to use (default: the current one)")
    add("--timeout", default="5m", metavar="DURATION", help="how long to wait for everything (default: 5m)")
    add("--once", action="store_true", help="stop the controller again at the end")


def run(args: argparse.Namespace) -> int:
    import asyncio
    import os
    import signal
    import time
    from dataclasses import replace

    from holdfast.app import up
    from holdfast.app.controller import default_state
    from holdfast.app.kubeconfig import cluster_config
    from holdfast.base.duration import parse_duration
    from holdfast.cluster.client import Client

    kubeconfig = _sandbox(args.name) if args.sandbox else args.kubeconfig
    config = cluster_config(kubeconfig, args.context)
    repository = up.locate(args.repository, args.branch, args.path)
    namespace = args.target_namespace or (config.namespace if repository.unplaced else "")
    repository = replace(repository, target_namespace=namespace)
    started = time.monotonic()

    async def register() -> None:
        async with Client(config) as client:
            await up.register(client, repository)

    asyncio.run(register())
    if repository.flux:
        _say(f"registered {repository.url}, branch {repository.branch}, path {repository.path}")
        if namespace and not args.target_namespace:
            _say(f"its objects name no namespace: they go to {namespace} (--target-namespace chooses another)")
    for obj in repository.applications:
        _say(f"applied {obj['kind']} {obj['metadata']['name']}")
    pid, log = up.start_controller(
        kubeconfig or "", args.context, default_state() / "up", local_sources=repository.url.startswith("file://")
    )
    try:
        ending = asyncio.run(up.follow(config, _say, parse_duration(args.timeout)))
    finally:
        if args.once:
            os.kill(pid, signal.SIGTERM)
    if ending.blocked:
        for name, words in ending.blocked.items():
            print(f"blocked: {name}: {words}", file=sys.stderr)
        print(f"  the controller's log: {log}", file=sys.stderr)
        return 1
    print(f"all {ending.units} units are ready ({time.monotonic() - started:.1f} s)")
    if args.sandbox:
        print(f"export KUBECONFIG={kubeconfig}")
    if not args.once:
        print(f"the controller goes on (pid {pid}); stop it with: kill {pid}")
    return 0


def _sandbox(name: str) -> str:
    from holdfast.app import sandbox

    state = sandbox.load(name)
    if state is None or not sandbox.alive(state):
        state = sandbox.start(sandbox.Settings(name=name), foreground=False)
        _say(f"sandbox {name} started")
    assert state is not None
    return state.kubeconfig


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
