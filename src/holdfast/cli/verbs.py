"""The table of verbs. One row per verb; its module is imported only when the verb is used.

A verb's module has two functions: ``add_arguments(parser: argparse.ArgumentParser) -> None`` and
``run(args: argparse.Namespace) -> int``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    name: str
    module: str
    help: str


VERBS: tuple[Verb, ...] = (
    Verb("completion", "holdfast.cli.completion", "print a completion script for a shell"),
    Verb("demo", "holdfast.cli.demo", "see GitOps work on this machine, end to end"),
    Verb("envsubst", "holdfast.cli.envsubst", "substitute variables as post-build substitution does"),
    Verb("helm", "holdfast.cli.helm", "render, lint, show and fetch Helm charts"),
    Verb("kstatus", "holdfast.cli.kstatus", "compute the readiness of an object in a file"),
    Verb("kustomize", "holdfast.cli.kustomize", "build, edit and create kustomizations"),
    Verb("render", "holdfast.cli.render", "render a whole repository without a cluster"),
    Verb("run", "holdfast.cli.run", "run the controller in the foreground"),
    Verb("sandbox", "holdfast.cli.sandbox", "run an embedded Kubernetes-compatible API server"),
    Verb("test", "holdfast.cli.test", "find what is wrong in a repository, without a cluster"),
    Verb("up", "holdfast.cli.up", "register a repository and follow it until all is ready"),
    Verb("version", "holdfast.cli.version", "print the version"),
)
