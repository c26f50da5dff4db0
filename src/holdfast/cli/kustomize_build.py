"""``holdfast kustomize build [DIR]`` with kustomize's flags.

DIR is a directory, the URL of a Git repository with a directory in it, or ``-`` for a kustomization.yaml on stdin that stands
in the current directory.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.cli.kustomize_outside import Outside
    from holdfast.kustomize import BuildOptions, BuildResult, Resource

_RESTRICTIONS = {"LoadRestrictionsRootOnly": "root", "": "root", "LoadRestrictionsNone": "none"}
_DEPRECATED = {
    "reorder": "Flag --reorder has been deprecated, use the new 'sortOptions' field in kustomization.yaml instead.",
    "enable_managedby_label": "Flag --enable-managedby-label has been deprecated, The flag `enable-managedby-label` has been "
    "deprecated. Use the `managedByLabel` option in the `buildMetadata` field instead.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("targets", nargs="*", metavar="DIR", help="directory with a kustomization, or a Git URL (default: .)")
    add(
        "-o",
        "--output",
        default="",
        metavar="PATH",
        help="write to this file, or one file per object into this directory",
    )
    add(
        "--load-restrictor",
        default="LoadRestrictionsRootOnly",
        metavar="NAME",
        help="LoadRestrictionsNone lets kustomizations load files from outside of their directory",
    )
    add(
        "--reorder", metavar="ORDER", help="legacy sorts the output, none keeps the order (deprecated: use sortOptions)"
    )
    add("--enable-helm", action="store_true", help="allow helmCharts")
    add("--helm-command", metavar="PATH", help="render charts with this helm executable (default: without one)")
    add("--helm-api-versions", action="append", default=[], metavar="VERSION", help="for Capabilities.APIVersions")
    add("--helm-kube-version", default="", metavar="VERSION", help="for Capabilities.KubeVersion")
    add("--helm-debug", action="store_true", help="run helm with --debug")
    add("--enable-alpha-plugins", action="store_true", help="allow KRM functions")
    add("--enable-exec", action="store_true", help="allow functions that are executables; only for sources you trust")
    add("--enable-managedby-label", action="store_true", help="add app.kubernetes.io/managed-by (deprecated)")
    add("-e", "--env", action="append", default=[], metavar="NAME=VALUE", help="environment for functions")
    add("--as-current-user", action="store_true", help="accepted; only containers would need it")
    add("--mount", action="append", default=[], help=argparse.SUPPRESS)
    add("--network", action="store_true", help=argparse.SUPPRESS)
    add("--network-name", default="bridge", help=argparse.SUPPRESS)
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    from holdfast.base.errors import HoldfastError

    for name, text in _DEPRECATED.items():
        if getattr(args, name):
            print(text, file=sys.stderr)
    wrong = _wrong_usage(args)
    if wrong:
        print(f"Error: {wrong}", file=sys.stderr)
        return 1
    # One build makes many objects and drops few: looking for cycles among them is a fifth of the time.
    import gc

    gc.disable()
    try:
        result = _build(args)
    except HoldfastError as err:
        print(f"Error: {err.message}", file=sys.stderr)
        if err.hint:
            print(f"  {err.hint}", file=sys.stderr)
        return 1
    for warning in result.warnings:
        print(warning, file=sys.stderr)
    _write(result.resources, args.output)
    return 0


def _wrong_usage(args: argparse.Namespace) -> str:
    if len(args.targets) > 1:
        return "specify one path to kustomization.yaml"
    if args.load_restrictor not in _RESTRICTIONS:
        legal = "[LoadRestrictionsRootOnly LoadRestrictionsNone]"
        return f"illegal flag value --load-restrictor {args.load_restrictor}; legal values: {legal}"
    if args.reorder not in (None, "legacy", "none"):
        return f"illegal flag value --reorder {args.reorder}; legal values: [legacy none]"
    return ""


def _build(args: argparse.Namespace) -> BuildResult:
    from holdfast.cli.kustomize_outside import Outside
    from holdfast.kustomize import build
    from holdfast.kustomize.remote import parse_repo_url

    target = args.targets[0] if args.targets else "."
    with Outside(args.helm_command or "", args.helm_debug, args.env) as outside:
        options = _options(args, outside)
        if target != "-" and parse_repo_url(target) is not None:
            fetched = outside.fetch(target)
            return build(fetched.tree, fetched.path, options._replace(load_restrictions="root", whole_disk=False))
        tree, path = outside.local(target)
        return build(tree, path, options)


def _options(args: argparse.Namespace, outside: Outside) -> BuildOptions:
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
