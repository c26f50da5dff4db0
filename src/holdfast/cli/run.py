"""``holdfast run``: the controller, in the foreground, until SIGTERM."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--kubeconfig",
        metavar="FILE",
        help="the kubeconfig to use (default: $KUBECONFIG, ~/.kube/config, the pod's account)",
    )
    add("--context", default="", metavar="NAME", help="the context to use (default: the current one)")
    add("-n", "--namespace", default="", metavar="NS", help="watch units of this namespace only (default: all)")
    add("--concurrency", type=int, default=20, metavar="N", help="units reconciled at the same time (default: 20)")
    add(
        "--listen",
        default="127.0.0.1:0",
        metavar="ADDR",
        help="where to serve artifacts, metrics and webhooks (default: 127.0.0.1, any port)",
    )
    add(
        "--requeue-dependency",
        default="30s",
        metavar="DURATION",
        help="how long to wait at most before looking at a dependency again (default: 30s)",
    )
    add(
        "--allow-local-sources",
        action="store_true",
        help="let GitRepositories name directories of this machine (file://); for one's own machine only",
    )
    add(
        "--log-level",
        default="info",
        choices=["debug", "info", "warning", "error"],
        help="how much to say (default: info)",
    )


def run(args: argparse.Namespace) -> int:
    import logging

    from holdfast.app.controller import Settings, default_state
    from holdfast.app.controller import run as work
    from holdfast.app.kubeconfig import cluster_config
    from holdfast.base.duration import parse_duration

    logging.basicConfig(level=args.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = Settings(
        config=cluster_config(args.kubeconfig, args.context),
        namespace=args.namespace,
        concurrency=args.concurrency,
        listen=args.listen,
        requeue_dependency=parse_duration(args.requeue_dependency),
        state=default_state(),
        local_sources=args.allow_local_sources,
    )
    work(settings)
    return 0
