"""``holdfast run``: the controller, in the foreground, until SIGTERM."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.model.safety import Budget


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _general(parser.add_argument)
    _safety(parser.add_argument)
    _tenancy(parser.add_argument)


def _general(add: Callable[..., object]) -> None:
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
        "--memo",
        default="file",
        metavar="file|none|URL",
        help="where renderings are kept beyond a restart: a file of the state directory (the default), nowhere, or a Redis "
        "that replicas share (redis://host:6379/0)",
    )
    add(
        "--sharding",
        default="none",
        choices=["none", "leases"],
        help="let one replica work while the others wait (the default), or share the objects among all live replicas",
    )
    add(
        "--argocd-core",
        default="auto",
        choices=["auto", "pod", "off"],
        help="let 'argocd --core' find this controller: in sandboxes (the default), through the loopback ports 6379 and 8081 of "
        "this pod, or not",
    )
    add(
        "--log-level",
        default="info",
        choices=["debug", "info", "warning", "error"],
        help="how much to say (default: info)",
    )


def _safety(add: Callable[..., object]) -> None:
    add(
        "--deletion-safety",
        default="guarded",
        choices=["guarded", "flux", "upstream"],
        help="guard deletions (the default), or delete exactly what Flux, Helm and Argo CD delete (flux, upstream)",
    )
    add(
        "--prune-budget",
        default="10,50%",
        metavar="N,P%",
        help="what one unit may lose at once without consent, the larger counts (default: 10,50%%)",
    )
    add(
        "--commit-prune-budget",
        default="30,50%",
        metavar="N,P%",
        help="what all units of a source may lose with one commit (default: 30,50%%)",
    )
    add(
        "--drift",
        default="enabled",
        choices=["enabled", "warn", "disabled"],
        help="put changed objects right (the default), only tell of them, or neither",
    )


def _tenancy(add: Callable[..., object]) -> None:
    add(
        "--no-cross-namespace-refs",
        action="store_true",
        help="refuse sources in other namespaces than their unit's",
    )
    add("--default-service-account", default="", metavar="NAME", help="the account units act as that name none")
    add(
        "--sops-age-secret",
        default="",
        metavar="[NS/]NAME",
        help="the Secret with age keys for units that ask for decryption and name no Secret",
    )
    add(
        "--external-artifacts",
        action="store_true",
        help="let units use ExternalArtifacts, whose files other controllers serve",
    )
    add("--no-remote-bases", action="store_true", help="refuse kustomizations with bases at other places")
    add(
        "--watch-label-selector",
        default="",
        metavar="SELECTOR",
        help="reconcile only objects with these labels, such as sharding.fluxcd.io/key=shard1",
    )


def run(args: argparse.Namespace) -> int:
    import logging

    from holdfast.app.memory import frugal

    frugal()
    from holdfast.app.controller import Settings, default_state
    from holdfast.app.controller import run as work
    from holdfast.app.kubeconfig import cluster_config
    from holdfast.base.duration import parse_duration
    from holdfast.model.safety import DriftMode, Safety

    logging.basicConfig(level=args.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = Settings(
        config=cluster_config(args.kubeconfig, args.context),
        namespace=args.namespace,
        concurrency=args.concurrency,
        listen=args.listen,
        requeue_dependency=parse_duration(args.requeue_dependency),
        state=default_state(),
        local_sources=args.allow_local_sources,
        memo=args.memo,
        safety=Safety(
            guarded=args.deletion_safety == "guarded",
            budget=_budget(args.prune_budget),
            drift=DriftMode(args.drift),
        ),
        commit_budget=_budget(args.commit_prune_budget),
        cross_namespace=not args.no_cross_namespace_refs,
        service_account=args.default_service_account,
        age_secret=_secret(args.sops_age_secret),
        external_artifacts=args.external_artifacts,
        remote_bases=not args.no_remote_bases,
        argo_core=args.argocd_core,
        selector=args.watch_label_selector,
        shared=args.sharding == "leases",
    )
    work(settings)
    return 0


def _budget(text: str) -> Budget:
    from holdfast.base.errors import Stop
    from holdfast.model.safety import parse_budget

    found = parse_budget(text)
    if found is None:
        raise Stop(f"'{text}' is no budget: name a number of objects, a share like 40%, or both with a comma")
    return found


def _secret(name: str) -> tuple[str, str] | None:
    """(namespace, name); the namespace is the controller's own where none is given."""
    namespace, _, name = name.rpartition("/")
    return (namespace or "flux-system", name) if name else None
