"""``holdfast kustomize edit add|set|remove|fix ...`` and ``create``: change the kustomization in the current directory.

Only the lines that have to change are changed: comments, order and quotes stay.
"""

from __future__ import annotations

import argparse
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
    builtin = commands.add_parser("alpha-list-builtin-plugin", help="list the built-in plugins")
    builtin.set_defaults(handler=_list_builtin)


def _list_builtin(_: argparse.Namespace) -> int:
    from holdfast.kustomize.plugins import KINDS

    print("Builtin plugins:\n")
    for kind in KINDS:
        print(f" * {kind}")
    return 0


def _group(commands: Any, name: str, text: str) -> Any:
    group = commands.add_parser(name, help=text)
    return group.add_subparsers(metavar="WHAT", title="what", dest="what", required=True)


def _command(group: Any, name: str, text: str, change: Action, *positional: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = group.add_parser(name, help=text, allow_abbrev=False)
    parser.add_argument("--stack-trace", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(handler=run, change=change)
    for each in positional:
        parser.add_argument(each.rstrip("*"), nargs="*" if each.endswith("*") else None)
    return parser


def _add_commands(group: Any) -> None:
    for what in (*_LISTS, "base"):
        parser = _command(group, what, f"add a {what}", _add_base if what == "base" else _add_paths, "paths*")
        parser.add_argument("--no-verify", action="store_true", help="do not check that the path exists")
    for what in ("label", "annotation"):
        parser = _command(group, what, f"add a common {what} (key:value)", _add_pairs, "pairs*")
        parser.add_argument("-f", "--force", action="store_true", help="overwrite what is there")
        if what == "label":
            parser.add_argument("--without-selector", action="store_true", help="not in selectors")
            parser.add_argument("--include-templates", action="store_true", help="in pod templates too")
    _patch_arguments(_command(group, "patch", "add a patch", _add_patch))
    _command(group, "buildmetadata", "add build metadata options", _build_metadata, "options*")
    for what in _GENERATORS:
        parser = _command(group, what, f"add a {what} generator", _add_generator, "names*")
        _generator_arguments(parser, what)


def _set_commands(group: Any) -> None:
    _command(group, "image", "set images (name=newname:tag)", _set_images, "images*")
    _command(group, "replicas", "set replicas (name=count)", _set_replicas, "replicas*")
    for what in _TEXTS:
        _command(group, what, f"set {what}", _set_text, "values*")
    for what in ("label", "annotation"):
        _command(group, what, f"set a common {what} (key:value)", _set_pairs, "pairs*")
    _command(group, "buildmetadata", "set build metadata options", _build_metadata, "options*")
    for what in _GENERATORS:
        parser = _command(group, what, f"change a {what} generator", _set_generator, "names*")
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
    _command(group, "buildmetadata", "remove build metadata options", _build_metadata, "options*")
    for what in _GENERATORS:
        parser = _command(group, what, f"remove {what} generators (by comma)", _remove_generator, "names*")
        parser.add_argument("--namespace", default="")


def _patch_arguments(parser: argparse.ArgumentParser) -> None:
    for option in ("path", "patch", *_TARGET, "annotation-selector", "label-selector"):
        parser.add_argument(f"--{option}", default="")


def _generator_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--from-file", action="append", default=[], metavar="[KEY=]PATH")
    parser.add_argument("--from-literal", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--from-env-file", default="", metavar="PATH")
    parser.add_argument("--disableNameSuffixHash", action="store_true")
    parser.add_argument("--behavior", default="", help="create, merge or replace")
    parser.add_argument("--namespace", default="")
    if what == "secret":
        parser.add_argument("--type", default="Opaque")


def run(args: argparse.Namespace) -> int:
    from holdfast.base.errors import HoldfastError
    from holdfast.cli.kustomize_errors import report

    try:
        _edit(args)
    except HoldfastError as err:
        report(err)
        return 1
    return 0


def _edit(args: argparse.Namespace) -> None:
    from holdfast.kustomize.edit import Document

    if args.edit == "add" and args.what in ("generator", "transformer") and args.paths and not args.no_verify:
        args.paths = _existing(args.paths)
        if not args.paths:
            return
    path = _file()
    with open(path, "rb") as file:
        text = file.read()
    document = Document(text, path)
    others = args.change(args, document.fields) or {}
    changed = document.saved(migrate=args.edit == "fix")
    if changed != text:
        with open(path, "wb") as file:
            file.write(changed)
    for name, content in others.items():
        with open(name, "wb") as other:
            other.write(content)


def _file() -> str:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.kustfile import FILE_NAMES

    found = [name for name in FILE_NAMES if os.path.exists(name)]
    if not found:
        raise KustomizeError(f"Missing kustomization file '{FILE_NAMES[0]}'.")
    if len(found) > 1:
        raise KustomizeError(f"Found multiple kustomization file: [{' '.join(found)}]")
    if os.path.isdir(found[0]):
        raise KustomizeError(f"{found[0]} should be a file")
    return found[0]


def only(words: list[str], problem: str) -> str:
    """The one word that there has to be."""
    from holdfast.kustomize import KustomizeError

    if len(words) != 1:
        raise KustomizeError(problem)
    return words[0]


def _log(text: str) -> None:
    print(text, file=sys.stderr)


def matching_paths(patterns: list[str], verify: bool = True) -> list[str]:
    """Files and directories that patterns name; URLs stay as they are."""
    from holdfast.cli.globbing import visible
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.remote import is_remote_file, parse_repo_url

    if not verify:
        return patterns
    out: list[str] = []
    for pattern in patterns:
        found = visible(pattern)
        if not found and not is_remote_file(pattern) and parse_repo_url(pattern) is None:
            place = os.path.abspath(pattern)
            problem = f"evalsymlink failure on '{place}' : lstat {place}: no such file or directory"
            reason = (
                f"must build at directory: not a valid directory: {problem}" if pattern else "new root cannot be empty"
            )
            raise KustomizeError(f"{pattern} has no match: {reason}")
        out += found or [pattern]
    return out


def _existing(patterns: list[str]) -> list[str]:
    """Files that patterns name; a pattern without any is told and no more."""
    from holdfast.cli.globbing import visible

    out: list[str] = []
    for pattern in patterns:
        found = visible(pattern)
        if not found:
            _log(f"{pattern} has no match")
        out += found
    return out


def _add_paths(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if not args.paths:
        raise KustomizeError(f"must specify a {args.what} file")
    paths = args.paths
    if args.what in ("resource", "component"):
        own = _file()
        paths = [p for p in matching_paths(paths, not args.no_verify) if p != own]
    for path in commands.add_entries(data, _LISTS[args.what], paths):
        _log(f"{args.what} {path} already in kustomization file")


def _add_base(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    for path in only(args.paths, "must specify a base directory").split(","):
        if not args.no_verify and not os.path.exists(path):
            raise KustomizeError(f"{path} does not exist")
        if commands.add_entries(data, "resources", [path]):
            raise KustomizeError(f"base {path} already in kustomization file")


def _add_pairs(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if args.what == "label" and args.include_templates and not args.without_selector:
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
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    change = {
        "add": commands.add_build_metadata,
        "set": commands.set_build_metadata,
        "remove": commands.remove_build_metadata,
    }
    if not args.options:
        raise KustomizeError("must specify a buildMetadata option")
    many = f"too many arguments: [{' '.join(args.options)}]; to provide multiple buildMetadata options, please separate options by comma"
    change[args.edit](data, only(args.options, many).split(","))


def _add_generator(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize.edit import commands

    files = _file_sources([path for source in args.from_file for path in source.split(",")])
    name = only(args.names, "failed to validate flags: name must be specified once")
    _check_sources(args, files)
    wanted: Data = {"name": name, "namespace": args.namespace, "behavior": args.behavior}
    wanted |= {"literals": args.from_literal, "files": files}
    wanted["envs"] = [args.from_env_file] if args.from_env_file else []
    if args.disableNameSuffixHash:
        wanted["options"] = {"disableNameSuffixHash": True}
    if args.what == "secret":
        wanted["type"] = args.type
    commands.add_generator(data, _GENERATORS[args.what], wanted)
    _check_generator(args.what, data, name, args.namespace, "failed to create {}")


def _check_sources(args: argparse.Namespace, files: list[str]) -> None:
    from holdfast.kustomize import KustomizeError

    problem = ""
    if not files and not args.from_literal and not args.from_env_file:
        problem = "at least from-env-file, or from-file or from-literal must be set"
    elif args.from_env_file and (files or args.from_literal):
        problem = "from-env-file cannot be combined with from-file or from-literal"
    elif args.behavior not in ("", "create", "merge", "replace"):
        problem = 'invalid behavior: must be one of "create", "merge", or "replace"'
    if problem:
        raise KustomizeError(f"failed to validate flags: {problem}")


def _file_sources(sources: list[str]) -> list[str]:
    """``[key=]pattern`` as the files there are; a key is for one file."""
    from holdfast.kustomize import KustomizeError

    out: list[str] = []
    for source in sources:
        key, _, pattern = source.partition("=") if source.count("=") == 1 else ("", "", source.partition("=")[0])
        found = _existing([pattern])
        if key and len(found) != 1:
            shown = f"'pattern '{source}' catches files [{' '.join(found)}], should catch only one"
            raise KustomizeError(f"failed to expand file source: {shown}")
        out += [f"{key}={path}" if key else path for path in found]
    return out


def _check_generator(what: str, data: Data, name: str, namespace: str, prefix: str) -> None:
    """What the entry generates, if it does."""
    from holdfast.base.errors import HoldfastError
    from holdfast.cli.disk import QuickDiskTree
    from holdfast.kustomize import BuildOptions, KustomizeError
    from holdfast.kustomize.edit import commands
    from holdfast.kustomize.generators import configs
    from holdfast.kustomize.ids import CLUSTER_SCOPED
    from holdfast.kustomize.loader import Files, Loader

    entry = commands.find_generator(data, _GENERATORS[what], name, namespace)
    loader = Loader(
        Files(QuickDiskTree("/"), "", whole_disk=True), os.getcwd().lstrip("/"), BuildOptions(whole_disk=True)
    )
    make = configs.make_config_map if what == "configmap" else configs.make_secret
    try:
        make(loader, entry or {}, CLUSTER_SCOPED)
    except HoldfastError as err:
        raise KustomizeError(f"{prefix.format(what)}: {err.message}") from None


def _set_generator(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    name = only(args.names, "failed to validate flags: name must be specified once")
    if not args.from_literal and not args.new_namespace:
        problem = "at least one of [--from-literal, --new-namespace] must be specified"
        raise KustomizeError(f"failed to validate flags: {problem}")
    kind = {"configmap": "ConfigMap", "secret": "Secret"}[args.what]
    wanted = {"name": name, "namespace": args.namespace, "literals": args.from_literal}
    try:
        commands.set_generator(data, _GENERATORS[args.what], kind, wanted, args.new_namespace)
    except KustomizeError as err:
        raise err.within(f"failed to create {args.what}") from None
    place = args.new_namespace or args.namespace
    _check_generator(args.what, data, name, place, f"failed to create {{}}: failed to validate {kind} structure")


def _remove_generator(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if not args.names:
        raise KustomizeError(f"at least one {args.what} name must be specified")
    given = " ".join(args.names)
    many = f"too many arguments: [{given}]; to provide multiple {args.what}s to remove, please separate {args.what} names by commas"
    names = only(args.names, many).split(",")
    missing = commands.remove_generators(data, _GENERATORS[args.what], names, args.namespace)
    if len(missing) == len(names):
        raise KustomizeError(f"no specified {args.what}(s) were found in the kustomization.yaml file")
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

    what = args.what.removeprefix("name") if args.what != "namespace" else args.what
    value = only(args.values, f"must specify exactly one {what} value")
    commands.set_text(data, _TEXTS[args.what], value)


def _set_pairs(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if args.what == "annotation" and (wrong := next((p for p in args.pairs if not _is_annotation_key(p)), None)):
        rules = "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/"
        raise KustomizeError(f"invalid annotation key: see the syntax and character set rules at {rules} ('{wrong}')")
    commands.set_pairs(data, _pairs_field(args.what), args.pairs, args.what)


def _is_annotation_key(pair: str) -> bool:
    import re

    key, colon, _ = pair.partition(":")
    prefix = r"([a-zA-Z](([-a-zA-Z0-9.]{0,251})[a-zA-Z0-9])?/)?"
    return (bool(colon) and not key) or bool(
        re.fullmatch(prefix + "[a-zA-Z0-9]([-a-zA-Z0-9_.]{0,61}[a-zA-Z0-9])?", key)
    )


def _remove_paths(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if not args.paths:
        raise KustomizeError(f"must specify a {args.what} file")
    for pattern in commands.remove_entries(data, _LISTS[args.what], args.paths):
        _log(f"pattern {pattern} doesn't match any {args.what} in kustomization file")


def _remove_pairs(args: argparse.Namespace, data: Data) -> None:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import commands

    if not args.keys:
        raise KustomizeError(f"must specify {args.what}")
    keys = only(args.keys, f"{args.what}s must be comma-separated, with no spaces").split(",")
    if "" in keys:
        raise KustomizeError(f"invalid {args.what}: '' (name is empty)")
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
    """``fix``; it says whether a build gives the same as before."""
    before, refused = _built()
    code = run(args)
    if code:
        return code
    after, problem = _built()
    if problem:
        print(f"Warning: 'Fixed' kustomization now produces the error when running `kustomize build`: {problem}")
    elif after != before and not refused:
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
    if args.vars:
        return convert(data, _Here())
    if data.get("vars"):
        print("To convert vars -> replacements, run the command `holdfast kustomize edit fix --vars`")
    return None
