"""``holdfast sandbox start|stop|status|kubeconfig|snapshot|restore``: the embedded Kubernetes-compatible API server."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    start = actions.add_parser("start", help="start a sandbox; returns when it is ready")
    _start_arguments(start)
    start.add_argument(
        "--from-cluster",
        metavar="CONTEXT",
        help="start with what a real cluster holds, which is only read (a context of $KUBECONFIG or ~/.kube/config)",
    )
    _name(actions.add_parser("stop", help="stop a sandbox"))
    _name(actions.add_parser("status", help="tell whether a sandbox runs; exit 1 if not"))
    _name(actions.add_parser("kubeconfig", help="print a sandbox's kubeconfig"))
    save = actions.add_parser("snapshot", help="write everything that a running sandbox holds to a file")
    save.add_argument("file", type=Path, metavar="FILE", help="where to; it may hold secrets, so only you can read it")
    _name(save)
    restore = actions.add_parser("restore", help="start a sandbox with what a snapshot holds")
    restore.add_argument("file", type=Path, metavar="FILE", help="the snapshot")
    _start_arguments(restore)


def _start_arguments(start: argparse.ArgumentParser) -> None:
    _name(start)
    start.add_argument(
        "--port", type=int, default=0, metavar="N", help="listen on this port (the last one used, or any free one)"
    )
    start.add_argument("--kubeconfig", type=Path, metavar="FILE", help="write the kubeconfig here")
    start.add_argument(
        "--data", type=Path, metavar="DIR", help="keep everything in this folder; without it, in memory only"
    )
    start.add_argument(
        "--controllers",
        default="all",
        metavar="LIST",
        help="which controllers run: namespace, gc, serviceaccount, quota, aggregation, workloads, or all (default), or none",
    )
    start.add_argument(
        "--authorization", choices=("RBAC", "AlwaysAllow"), default="RBAC", help="who may do what (default RBAC)"
    )
    start.add_argument("--foreground", action="store_true", help="stay in the foreground until interrupted")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="default", help="which sandbox (default: default); several can run at once")


def run(args: argparse.Namespace) -> int:
    actions = {
        "start": _start,
        "stop": _stop,
        "status": _status,
        "kubeconfig": _kubeconfig,
        "snapshot": _snapshot,
        "restore": _restore,
    }
    return actions[args.action](args)


def _start(args: argparse.Namespace) -> int:
    if args.from_cluster is None:
        return _begin(args, None)
    import tempfile

    from holdfast.app import sandbox_copy
    from holdfast.app.kubeconfig import cluster_config

    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "snapshot"
        told = sandbox_copy.copy(cluster_config(None, args.from_cluster), file)
        for what, number in sorted((+told.left_out).items()):
            print(f"not copied: {what} ({number})", file=sys.stderr)
        print(
            f"copied {told.kinds.total()} objects of {len(told.kinds)} kinds from {args.from_cluster}", file=sys.stderr
        )
        return _begin(args, file)


def _restore(args: argparse.Namespace) -> int:
    return _begin(args, args.file.absolute())


def _snapshot(args: argparse.Namespace) -> int:
    from holdfast.app import sandbox, sandbox_copy
    from holdfast.app.kubeconfig import cluster_config

    count = sandbox_copy.save(cluster_config(sandbox.running(args.name).kubeconfig), args.file)
    print(f"{args.file}: {count} objects", file=sys.stderr)
    return 0


def _begin(args: argparse.Namespace, restore: Path | None) -> int:
    from holdfast.app import sandbox

    settings = sandbox.Settings(
        name=args.name,
        port=args.port,
        kubeconfig=args.kubeconfig,
        data=args.data.absolute() if args.data else None,
        controllers=sandbox.parse_controllers(args.controllers),
        authorization=args.authorization,
        restore=restore,
    )
    state = sandbox.start(settings, foreground=args.foreground)
    if state is not None:
        print(f"sandbox {state.name} is ready at {state.server}")
        print(f"export KUBECONFIG={state.kubeconfig}")
    return 0


def _stop(args: argparse.Namespace) -> int:
    from holdfast.app import sandbox

    stopped = sandbox.stop(args.name)
    print(f"sandbox {args.name} stopped" if stopped else f"sandbox {args.name} is not running")
    return 0


def _status(args: argparse.Namespace) -> int:
    from holdfast.app import sandbox

    state = sandbox.load(args.name)
    if state is None or not sandbox.alive(state):
        print(f"sandbox {args.name} is not running")
        return 1
    print(f"sandbox {state.name} runs at {state.server} (pid {state.pid})")
    print(f"kubeconfig: {state.kubeconfig}")
    print(f"data: {state.data or 'in memory'}")
    print(f"controllers: {', '.join(state.controllers) or 'none'}")
    return 0


def _kubeconfig(args: argparse.Namespace) -> int:
    from holdfast.app import sandbox

    print(sandbox.kubeconfig(args.name), end="")
    return 0
