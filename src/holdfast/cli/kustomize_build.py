"""``holdfast kustomize build [DIR]`` with kustomize's flags.

DIR is a directory, the URL of a Git repository with a directory in it, or ``-`` for a kustomization.yaml on stdin that stands
in the current directory.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from holdfast.cli import plainflags
from holdfast.cli.plainflags import Flag

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from holdfast.cli.kustomize_outside import Outside
    from holdfast.cli.plainflags import Arguments
    from holdfast.kustomize import BuildOptions, BuildResult, Resource

_RESTRICTIONS = {"LoadRestrictionsRootOnly": "root", "": "root", "LoadRestrictionsNone": "none"}
_DEPRECATED = {
    "reorder": "Flag --reorder has been deprecated, use the new 'sortOptions' field in kustomization.yaml instead.",
    "enable_managedby_label": "Flag --enable-managedby-label has been deprecated, The flag `enable-managedby-label` has been "
    "deprecated. Use the `managedByLabel` option in the `buildMetadata` field instead.",
}


FLAGS = (
    Flag("--output", "write to this file, or one file per object into this directory", "PATH", short="-o"),
    Flag(
        "--load-restrictor",
        "LoadRestrictionsNone lets kustomizations load files from outside of their directory",
        "NAME",
        "LoadRestrictionsRootOnly",
    ),
    Flag("--reorder", "legacy sorts the output, none keeps the order (deprecated: use sortOptions)", "ORDER", None),
    Flag("--enable-helm", "allow helmCharts"),
    Flag("--helm-command", "render charts with this helm executable (default: without one)", "PATH", None),
    Flag("--helm-api-versions", "for Capabilities.APIVersions", "VERSION", many=True),
    Flag("--helm-kube-version", "for Capabilities.KubeVersion", "VERSION"),
    Flag("--helm-debug", "run helm with --debug"),
    Flag("--enable-alpha-plugins", "allow KRM functions"),
    Flag("--enable-exec", "allow functions that are executables; only for sources you trust"),
    Flag("--enable-managedby-label", "add app.kubernetes.io/managed-by (deprecated)"),
    Flag("--env", "environment for functions", "NAME=VALUE", short="-e", many=True),
    Flag("--as-current-user", "accepted; only containers would need it"),
    Flag("--mount", metavar="MOUNT", many=True),
    Flag("--network"),
    Flag("--network-name", metavar="NAME", default="bridge"),
    Flag("--stack-trace"),
)


def read(words: Sequence[str]) -> Arguments | None:
    """The arguments where they are plain; None where argparse has to judge."""
    return plainflags.read(words, FLAGS, "targets")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    text = "directory with a kustomization, or a Git URL (default: .)"
    parser.add_argument("targets", nargs="*", metavar="DIR", help=text)
    plainflags.add(parser, FLAGS)
    parser.set_defaults(handler=run)


def run(args: Arguments) -> int:
    from holdfast.base.errors import HoldfastError

    for name, text in _DEPRECATED.items():
        if getattr(args, name):
            print(text, file=sys.stderr)
    wrong = _wrong_usage(args)
    if wrong:
        print(f"Error: {wrong}", file=sys.stderr)
        return 1
    # One build makes many objects, drops few and is the last that the process does: looking for cycles among them would take
    # a fifth of the time.
    import gc

    gc.disable()
    try:
        result = _build(args)
    except HoldfastError as err:
        from holdfast.cli.kustomize_errors import report

        report(err, "/")
        return 1
    for warning in result.warnings:
        print(warning, file=sys.stderr)
    try:
        _write(result.resources, args.output)
    except OSError as err:
        if not args.output:
            raise
        print(f"Error: open {err.filename or args.output}: {(err.strerror or str(err)).lower()}", file=sys.stderr)
        return 1
    return 0


def _wrong_usage(args: Arguments) -> str:
    if len(args.targets) > 1:
        return "specify one path to kustomization.yaml"
    if args.load_restrictor not in _RESTRICTIONS:
        legal = "[LoadRestrictionsRootOnly LoadRestrictionsNone]"
        return f"illegal flag value --load-restrictor {args.load_restrictor}; legal values: {legal}"
    if args.reorder not in (None, "legacy", "none"):
        return f"illegal flag value --reorder {args.reorder}; legal values: [legacy none]"
    return ""


def _build(args: Arguments) -> BuildResult:
    from holdfast.cli.kustomize_outside import Outside
    from holdfast.kustomize import KustomizeError, build
    from holdfast.kustomize.remote import parse_repo_url

    target = args.targets[0] if args.targets else "."
    if not target:
        raise KustomizeError("must build at directory: directory path cannot be empty")
    with Outside(args.helm_command or "", args.helm_debug, args.env) as outside:
        options = _options(args, outside)
        if target != "-" and parse_repo_url(target) is not None:
            fetched = outside.fetch(target)
            return build(fetched.tree, fetched.path, options._replace(load_restrictions="root", whole_disk=False))
        tree, path = outside.local(target)
        return build(tree, path, options)


def _options(args: Arguments, outside: Outside) -> BuildOptions:
    from holdfast.kustomize import BuildOptions

    managed_by = args.enable_managedby_label or os.environ.get("KUSTOMIZE_ENABLE_MANAGEDBY_LABEL") == "on"
    return BuildOptions(
        load_restrictions="none" if _RESTRICTIONS[args.load_restrictor] == "none" else "root",
        reorder=args.reorder,
        enable_helm=args.enable_helm or args.enable_alpha_plugins,
        enable_plugins=args.enable_alpha_plugins,
        enable_exec=args.enable_exec,
        managed_by_label=managed_by,
        whole_disk=True,
        helm=None if args.helm_command == "" else outside.inflate,
        helm_kube_version=args.helm_kube_version,
        helm_api_versions=tuple(args.helm_api_versions),
        fetch=outside.fetch,
        fetch_file=outside.fetch_file,
        function=outside.run_function,
    )


def _write(resources: Sequence[Resource], output: str) -> None:
    from holdfast.kube import yaml

    if output and os.path.isdir(output):
        _write_files(resources, output)
        return
    text = yaml.dump_all(r.manifest for r in resources)
    if output:
        with open(output, "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)


def _write_files(resources: Sequence[Resource], directory: str) -> None:
    from holdfast.kube import yaml

    namespaces = {r.effective_namespace for r in resources if not r.cluster_scoped}
    for resource in resources:
        group, _, version = resource.api_version.rpartition("/")
        kind = "_".join(part for part in (group, version, resource.kind) if part)
        name = f"{kind.lower()}_{resource.name.lower()}.yaml"
        if len(namespaces) > 1 and not resource.cluster_scoped:
            name = f"{resource.effective_namespace.lower()}_{name}"
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(yaml.dump(resource.manifest))
