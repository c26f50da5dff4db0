"""The table of verbs. One row per verb; its module is imported only when the verb is used.

A verb's module has two functions: ``add_arguments(parser: argparse.ArgumentParser) -> None`` and
``run(args: argparse.Namespace) -> int``.
"""

from __future__ import annotations

from holdfast.base.record import Record


class Verb(Record):
    name: str
    module: str
    help: str


VERBS: tuple[Verb, ...] = (
    Verb("blame", "holdfast.cli.blame", "which file, line and commit wrote each field of an object"),
    Verb("check", "holdfast.cli.check", "is this cluster, and what runs in it, fit for delivery?"),
    Verb("completion", "holdfast.cli.completion", "print a completion script for a shell"),
    Verb("demo", "holdfast.cli.demo", "see GitOps work on this machine, end to end"),
    Verb("diff", "holdfast.cli.diff", "what a change does, between revisions or in a cluster"),
    Verb("envsubst", "holdfast.cli.envsubst", "substitute variables as post-build substitution does"),
    Verb("events", "holdfast.cli.events", "what the controller said"),
    Verb("explain", "holdfast.cli.explain", "why something is as it is, and what it waits for"),
    Verb("get", "holdfast.cli.get", "list units and sources with their state"),
    Verb("helm", "holdfast.cli.helm", "render, lint, show and fetch Helm charts"),
    Verb("history", "holdfast.cli.history", "what a unit went through, newest first"),
    Verb("kstatus", "holdfast.cli.kstatus", "compute the readiness of an object in a file"),
    Verb("kustomize", "holdfast.cli.kustomize", "build, edit and create kustomizations"),
    Verb("reconcile", "holdfast.cli.reconcile", "look now, and wait until it was handled"),
    Verb("render", "holdfast.cli.render", "render a whole repository without a cluster"),
    Verb("resume", "holdfast.cli.resume", "reconcile a suspended unit or source again"),
    Verb("rollback", "holdfast.cli.rollback", "take a unit back to an earlier revision"),
    Verb("run", "holdfast.cli.run", "run the controller in the foreground"),
    Verb("sandbox", "holdfast.cli.sandbox", "run an embedded Kubernetes-compatible API server"),
    Verb("suspend", "holdfast.cli.suspend", "stop reconciling a unit or source"),
    Verb("test", "holdfast.cli.test", "find what is wrong in a repository, without a cluster"),
    Verb("tree", "holdfast.cli.tree", "what units own"),
    Verb("undo", "holdfast.cli.undo", "bring back what was pruned last"),
    Verb("up", "holdfast.cli.up", "register a repository and follow it until all is ready"),
    Verb("version", "holdfast.cli.version", "print the version"),
)
