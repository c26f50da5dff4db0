"""Flags that several verbs share, in kubectl's habits, and what they mean."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from holdfast.cluster.config import ClusterConfig

DEFAULT_NAMESPACE = "flux-system"


def cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kubeconfig", metavar="FILE", help="the kubeconfig to use (default: $KUBECONFIG, ~/.kube/config)"
    )
    parser.add_argument("--context", default="", metavar="NAME", help="the context to use (default: the current one)")


def namespaced(parser: argparse.ArgumentParser) -> None:
    cluster(parser)
    parser.add_argument("-n", "--namespace", metavar="NS", help=f"the namespace (default: {DEFAULT_NAMESPACE})")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces")


def namespace_of(args: argparse.Namespace) -> str:
    """Empty means all."""
    return "" if args.all_namespaces else args.namespace or DEFAULT_NAMESPACE


def config_of(args: argparse.Namespace) -> ClusterConfig:
    from holdfast.app.kubeconfig import cluster_config

    return cluster_config(args.kubeconfig, args.context)


def go(work: Coroutine[Any, Any, int]) -> int:
    import asyncio

    return asyncio.run(work)


def table(rows: list[list[str]]) -> str:
    """Columns as kubectl prints them; the first row is the heading."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return "\n".join("   ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows)
