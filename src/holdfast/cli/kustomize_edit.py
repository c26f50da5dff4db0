"""``holdfast kustomize edit add|set|remove|fix ...`` and ``create``: change the kustomization in the current directory.

Only the lines that have to change are changed: comments, order and quotes stay.
"""

from __future__ import annotations

import argparse
import glob
import os
import sys
from collections.abc import Callable
from typing import Any

Data = dict[str, Any]
Action = Callable[[argparse.Namespace, Data], "dict[str, bytes] | None"]
"""Changes the data; what it returns are other files with new contents."""

_TARGET = ("group", "version", "kind", "name", "namespace")
_LISTS = {
    "resource": "resources",
    "component": "components",
    "generator": "generators",
    "transformer": "transformers",
    "base": "resources",
}
_GENERATORS = {"configmap": "configMapGenerator", "secret": "secretGenerator"}
_TEXTS = {"namespace": "namespace", "nameprefix": "namePrefix", "namesuffix": "nameSuffix"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", dest="edit", required=True)
    _add_commands(_group(commands, "add", "add items to a field"))
    _set_commands(_group(commands, "set", "set values of fields"))
    _remove_commands(_group(commands, "remove", "remove items from a field"))
    fix = commands.add_parser("fix", help="replace deprecated fields")
    fix.add_argument(
        "--vars", action="store_true", help="turn vars into replacements; this changes resource files as well"
    )
    fix.set_defaults(handler=run_fix, change=_fix)


def _group(commands: Any, name: str, text: str) -> Any:
    group = commands.add_parser(name, help=text)
    return group.add_subparsers(metavar="WHAT", title="what", dest="what", required=True)


def _command(group: Any, name: str, text: str, change: Action, *positional: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = group.add_parser(name, help=text)
    parser.set_defaults(handler=run, change=change)
    for each in positional:
        parser.add_argument(each.rstrip("*"), nargs="*" if each.endswith("*") else None)
    return parser


def _add_commands(group: Any) -> None:
    for what in _LISTS:
        parser = _command(group, what, f"add a {what}", _add_paths, "paths*")
        parser.add_argument("--no-verify", action="store_true", help="do not check that the path exists")
    for what in ("label", "annotation"):
        parser = _command(group, what, f"add a common {what} (key:value)", _add_pairs, "pairs*")
        parser.add_argument("-f", "--force", action="store_true", help="overwrite what is there")
        parser.add_argument("--without-selector", action="store_true", help="labels only: not in selectors")
        parser.add_argument("--include-templates", action="store_true", help="labels only: in pod templates too")
    _patch_arguments(_command(group, "patch", "add a patch", _add_patch))
    _command(group, "buildmetadata", "add build metadata options", _build_metadata, "options")
    for what in _GENERATORS:
        parser = _command(group, what, f"add a {what} generator", _add_generator, "name")
        _generator_arguments(parser, what)


def _set_commands(group: Any) -> None:
    _command(group, "image", "set images (name=newname:tag)", _set_images, "images*")
    _command(group, "replicas", "set replicas (name=count)", _set_replicas, "replicas*")
    for what in _TEXTS:
        _command(group, what, f"set {what}", _set_text, "value")
    for what in ("label", "annotation"):
        _command(group, what, f"set a common {what} (key:value)", _set_pairs, "pairs*")
    _command(group, "buildmetadata", "set build metadata options", _build_metadata, "options")
    for what in _GENERATORS:
        parser = _command(group, what, f"change a {what} generator", _set_generator, "name")
        parser.add_argument("--from-literal", action="append", default=[], metavar="KEY=VALUE")
        parser.add_argument("--namespace", default="")
        parser.add_argument("--new-namespace", default="")


def _remove_commands(group: Any) -> None:
    for what in ("resource", "component", "transformer", "generator"):
        _command(group, what, f"remove a {what}", _remove_paths, "paths*")
    for what in ("label", "annotation"):
        parser = _command(group, what, f"remove a common {what}", _remove_pairs, "keys*")
        parser.add_argument("-i", "--ignore-non-existence", action="store_true")
    _patch_arguments(_command(group, "patch", "remove a patch", _remove_patch))
    _command(group, "buildmetadata", "remove build metadata options", _build_metadata, "options")
    for what in _GENERATORS:
        parser = _command(group, what, f"remove {what} generators (by comma)", _remove_generator, "name")
        parser.add_argument("--namespace", default="")


def _patch_arguments(parser: argparse.ArgumentParser) -> None:
    for option in ("path", "patch", *_TARGET, "annotation-selector", "label-selector"):
        parser.add_argument(f"--{option}", default="")


def _generator_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--from-file", action="append", default=[], metavar="[KEY=]PATH")
    parser.add_argument("--from-literal", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--from-env-file", default="", metavar="PATH")
    parser.add_argument("--disableNameSuffixHash", action="store_true")
    parser.add_argument("--behavior", default="")
    parser.add_argument("--namespace", default="")
    if what == "secret":
        parser.add_argument("--type", default="Opaque")


def run(args: argparse.Namespace) -> int:
    from holdfast.base.errors import HoldfastError

    try:
        _edit(args)
    except HoldfastError as err:
        print(f"Error: {err.message}", file=sys.stderr)
        return 1
    return 0


def _edit(args: argparse.Namespace) -> None:
    from holdfast.kube import yaml
    from holdfast.kustomize.edit import update
    from holdfast.kustomize.edit.commands import FIELD_ORDER
    from holdfast.kustomize.kustfile import parse

    path = _file()
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    parse(text.encode(), path)
    data = yaml.load(text) or {}
    others = args.change(args, data) or {}
    changed = update(text, data, FIELD_ORDER)
    # What was written has to mean what was wanted; if it ever does not, the user's file stays as it is.
    if (yaml.load(changed) or {}) != data:
        from holdfast.kustomize import KustomizeError

        raise KustomizeError("the file cannot be edited in place; bring it into block style and try again")
    if changed != text:
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(changed)
    for name, content in others.items():
        with open(name, "wb") as other:
            other.write(content)


def _file() -> str:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.kustfile import FILE_NAMES

    found = [name for name in FILE_NAMES if os.path.isfile(name)]
    if not found:
        raise KustomizeError(f"Missing kustomization file '{FILE_NAMES[0]}'.\n")
    if len(found) > 1:
        raise KustomizeError("Found multiple kustomization file: " + ",".join(found) + "\n")
    return found[0]


def _log(text: str) -> None:
    print(text, file=sys.stderr)


def matching_paths(patterns: list[str], verify: bool = True) -> list[str]:
    """Files and directories that patterns name; URLs stay as they are."""
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.remote import is_remote_file, parse_repo_url

    out: list[str] = []
    for pattern in patterns:
        found = sorted(glob.glob(pattern)) if verify else [pattern]
        if not found and not is_remote_file(pattern) and parse_repo_url(pattern) is None:
            raise KustomizeError(f"{pattern} has no match: must build at directory: not a valid directory")
        out += found or [pattern]
    return out


def _add_paths(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if not args.paths:
        raise KustomizeError(f"must specify a {args.what} file")
    own = _file()
    paths = [p for p in matching_paths(args.paths, not args.no_verify) if p != own]
    for path in commands.add_entries(data, _LISTS[args.what], paths):
        _log(f"{args.what} {path} already in kustomization file")


def _add_pairs(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if args.include_templates and not args.without_selector:
        raise KustomizeError("--without-selector flag must be specified for --include-templates to work")
    if args.what == "label" and args.without_selector:
        commands.add_plain_labels(data, args.pairs, args.force, args.include_templates)
    else:
        commands.add_pairs(data, _pairs_field(args.what), args.pairs, args.what, args.force)


def _pairs_field(what: str) -> str:
    return "commonLabels" if what == "label" else "commonAnnotations"


def _patch(args: argparse.Namespace) -> Data:
    target = {field: getattr(args, field) for field in _TARGET if getattr(args, field)}
    if args.annotation_selector:
        target["annotationSelector"] = args.annotation_selector
    if args.label_selector:
        target["labelSelector"] = args.label_selector
    patch: Data = {field: getattr(args, field) for field in ("path", "patch") if getattr(args, field)}
    return {**patch, "target": target} if target else patch


def _add_patch(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize.edit import commands

    if not commands.add_patch(data, _patch(args)):
        _log("patch already in kustomization file")


def _remove_patch(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize.edit import commands

    if not commands.remove_patch(data, _patch(args)):
        _log("patch doesn't exist in kustomization file")


def _build_metadata(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize.edit import commands

    change = {
        "add": commands.add_build_metadata,
        "set": commands.set_build_metadata,
        "remove": commands.remove_build_metadata,
    }
    change[args.edit](data, args.options.split(","))


def _add_generator(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    files = [path for source in args.from_file for path in source.split(",")]
    if not files and not args.from_literal and not args.from_env_file:
        raise KustomizeError("at least from-env-file, or from-file or from-literal must be set")
    wanted: Data = {"name": args.name, "namespace": args.namespace, "behavior": args.behavior}
    wanted |= {"literals": args.from_literal, "files": files}
    wanted["envs"] = [args.from_env_file] if args.from_env_file else []
    if args.disableNameSuffixHash:
        wanted["options"] = {"disableNameSuffixHash": True}
    if args.what == "secret":
        wanted["type"] = args.type
    commands.add_generator(data, _GENERATORS[args.what], wanted)


def _set_generator(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if not args.from_literal and not args.new_namespace:
        raise KustomizeError("at least one of [--from-literal, --new-namespace] must be specified")
    kind = {"configmap": "ConfigMap", "secret": "Secret"}[args.what]
    wanted = {"name": args.name, "namespace": args.namespace, "literals": args.from_literal}
    commands.set_generator(data, _GENERATORS[args.what], kind, wanted, args.new_namespace)


def _remove_generator(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    names = args.name.split(",")
    missing = commands.remove_generators(data, _GENERATORS[args.what], names, args.namespace)
    if len(missing) == len(names):
        raise KustomizeError(f"no specified {args.what}(s) were found in the kustomization file")
    for name in missing:
        _log(f"{args.what} {name} doesn't exist in kustomization file")


def _set_images(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize.edit import commands

    commands.set_images(data, args.images)


def _set_replicas(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize.edit import commands

    commands.set_replicas(data, args.replicas)


def _set_text(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize.edit import commands

    commands.set_text(data, _TEXTS[args.what], args.value)


def _set_pairs(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize.edit import commands

    commands.set_pairs(data, _pairs_field(args.what), args.pairs, args.what)


def _remove_paths(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if not args.paths:
        raise KustomizeError(f"must specify a {args.what} file")
    for pattern in commands.remove_entries(data, _LISTS[args.what], args.paths):
        _log(f"pattern {pattern} doesn't match any {args.what} in kustomization file")


def _remove_pairs(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize.edit import commands

    keys = [key for each in args.keys for key in each.split(",")]
    commands.remove_pairs(data, _pairs_field(args.what), keys, args.what, args.ignore_non_existence)


class _Here:
    """The current directory, for the conversion of vars."""

    def read(self, path: str) -> bytes | None:
        try:
            with open(path, "rb") as file:
                return file.read()
        except (OSError, ValueError):
            return None

    def names(self, directory: str) -> list[str]:
        try:
            return sorted(os.listdir(directory))
        except (OSError, ValueError):
            return []


def run_fix(args: argparse.Namespace) -> int:
    """``fix``; with ``--vars`` it says whether a build gives the same as before."""
    if not args.vars:
        return run(args)
    before, _ = _built()
    code = run(args)
    if code:
        return code
    after, problem = _built()
    if problem:
        print(f"Warning: 'Fixed' kustomization now produces the error when running `kustomize build`: {problem}")
    elif after != before:
        print("Warning: 'Fixed' kustomization now produces different output when running `kustomize build`:")
        print(f"...{after}...")
    return 0


def _built() -> tuple[str, str]:
    """What a build of the current directory gives, and the problem where it gives nothing."""
    from holdfast.base.errors import HoldfastError
    from holdfast.cli.kustomize_outside import Outside
    from holdfast.kube import yaml
    from holdfast.kustomize import BuildOptions, build

    try:
        with Outside() as outside:
            options = BuildOptions(whole_disk=True, fetch=outside.fetch, fetch_file=outside.fetch_file)
            return yaml.dump_all(build(*outside.local("."), options).manifests), ""
    except HoldfastError as err:
        return "", err.message


def _fix(args: argparse.Namespace, data: Data) -> dict[str, bytes] | None:
    from holdfast.kustomize.edit import commands
    from holdfast.kustomize.edit.vars import convert

    commands.fix(data, os.path.isfile)
    return convert(data, _Here()) if args.vars else None
