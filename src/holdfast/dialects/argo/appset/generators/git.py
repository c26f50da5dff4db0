"""``git``: one parameter set for every directory, or for every object in the files, of a repository that fits."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from holdfast.base.globs import BadPattern, path_match, pathspec
from holdfast.base.tree import EntryKind, Tree, walk
from holdfast.dialects.argo.appset.facts import GeneratorError, GitTree
from holdfast.dialects.argo.appset.generators.context import EMPTY, Context, wrapped
from holdfast.dialects.argo.appset.params import Params, flatten, floats, normalize
from holdfast.dialects.argo.project import unsigned
from holdfast.kube.yaml import YAMLError, load

_LINKS = 8


def generate(spec: Mapping[str, Any], context: Context) -> list[Params]:
    _check_project(str(spec.get("repoURL") or ""), context)
    directories, files = spec.get("directories") or (), spec.get("files") or ()
    if not directories and not files:
        raise GeneratorError(EMPTY)
    try:
        return _directories(spec, directories, context) if directories else _files(spec, files, context)
    except GeneratorError as error:
        raise wrapped("error generating params from git", error) from error


def _check_project(url: str, context: Context) -> None:
    """A project has a say in what may be read; one that only the parameters name cannot be asked."""
    name, known = context.set.project, context.facts.projects
    if not name or known is None:
        return
    if name not in known:
        raise GeneratorError(f'error getting project {name}: AppProject.argoproj.io "{name}" not found')
    if known[name].demands_signature(url):
        # Parameters of a commit that nobody vouches for could make any application.
        raise GeneratorError(unsigned(url, known[name]))


def _tree(spec: Mapping[str, Any], context: Context, doing: str) -> Tree:
    question = GitTree(str(spec.get("repoURL") or ""), str(spec.get("revision") or ""), context.set.project)
    try:
        found: Tree = context.facts.ask(question)
    except GeneratorError as error:
        raise wrapped(doing, error) from error
    return found


# --- directories


def _directories(spec: Mapping[str, Any], items: Sequence[Mapping[str, Any]], context: Context) -> list[Params]:
    tree = _tree(spec, context, "error getting directories from repo: error retrieving Git Directories")
    wanted = [d for d in _all_directories(tree, "") if _included(d, items)]
    found = []
    for path in wanted:
        params = _path_params(spec, path, "", context)
        _add_values(spec, params, context, "error generating params from apps: failed to append templated values")
        found.append(params)
    return found


def _all_directories(tree: Tree, top: str) -> Iterator[str]:
    """All but hidden ones, parents first."""
    for entry in tree.entries(top):
        if entry.kind is EntryKind.DIRECTORY and not entry.name.startswith("."):
            path = f"{top}/{entry.name}" if top else entry.name
            yield path
            yield from _all_directories(tree, path)


def _included(path: str, items: Sequence[Mapping[str, Any]]) -> bool:
    """An exclusion beats every inclusion; a pattern that is none is passed over."""
    found = False
    for item in items:
        try:
            if not path_match(str(item.get("path") or ""), path):
                continue
        except BadPattern:
            continue
        if item.get("exclude"):
            return False
        found = True
    return found


# --- files


def _files(spec: Mapping[str, Any], items: Sequence[Mapping[str, Any]], context: Context) -> list[Params]:
    tree = _tree(spec, context, "error retrieving Git files")
    included = [str(i.get("path") or "") for i in items if not i.get("exclude")]
    excluded = [str(i.get("path") or "") for i in items if i.get("exclude")]
    paths = sorted(
        path
        for path, _ in walk(tree)
        if any(pathspec(p, path) for p in included) and not any(pathspec(p, path) for p in excluded)
    )
    found: list[Params] = []
    for path in paths:
        try:
            found += [_of_object(spec, path, o, context) for o in _objects(_content(tree, path))]
        except GeneratorError as error:
            url = spec.get("repoURL") or ""
            raise wrapped(f"unable to process file '{path}' from repository '{url}'", error) from error
    return found


def _content(tree: Tree, path: str) -> bytes:
    """A file's bytes, through links that stay in the repository."""
    for _ in range(_LINKS):
        entry = tree.lookup(path)
        if entry is None or entry.kind is EntryKind.DIRECTORY:
            break
        data = tree.read(path)
        if entry.kind is EntryKind.FILE:
            return data
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), data.decode("utf-8", "replace")))
    raise GeneratorError(f"unable to read files: open {path}: no such file or directory")


def _objects(data: bytes) -> list[dict[str, Any]]:
    """One object, or a list of them."""
    try:
        value = load(data)
    except YAMLError as error:
        raise GeneratorError(f"unable to parse file: {_go_text(error.message)}") from error
    if value is None:
        return [{}]
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and all(isinstance(o, dict) or o is None for o in value):
        return [o or {} for o in value]
    kind, wanted = _mismatch(value)
    raise GeneratorError(
        "unable to parse file: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
        f"{kind} into Go value of type {wanted}"
    )


def _go_text(message: str) -> str:
    prefix = "error converting YAML to JSON: "
    return message if message.startswith(prefix) else prefix + message


def _mismatch(value: Any) -> tuple[str, str]:
    wanted = "[]map[string]interface {}"
    if isinstance(value, list):
        value = next(o for o in value if o is not None and not isinstance(o, dict))
        wanted = "map[string]interface {}"
    names = ((bool, "bool"), ((int, float), "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in names if isinstance(value, kind)), "value"), wanted


def _of_object(spec: Mapping[str, Any], path: str, value: Mapping[str, Any], context: Context) -> Params:
    read = floats(value)
    show = context.renderer.engine.show
    params: Params = dict(read) if context.go else {k: show(v) for k, v in flatten(read).items()}
    directory = posixpath.dirname(path) or "."
    params.update(_path_params(spec, directory, posixpath.basename(path), context))
    _add_values(spec, params, context, "failed to append templated values")
    return params


# --- what both give


def _path_params(spec: Mapping[str, Any], path: str, filename: str, context: Context) -> Params:
    """``path`` and what belongs to it; nested for Go templates, with dots and brackets in the name otherwise."""
    prefix = str(spec.get("pathParamPrefix") or "")
    base = posixpath.basename(path)
    described: Params = {"basename": base, "basenameNormalized": normalize(base)}
    if filename:
        described |= {"filename": filename, "filenameNormalized": normalize(filename)}
    segments = path.split("/")
    if context.go:
        nested = {"path": {"path": path, **described, "segments": segments}}
        return {prefix: nested} if prefix else nested
    name = f"{prefix}.path" if prefix else "path"
    flat: Params = {name: path, **{f"{name}.{k}": v for k, v in described.items()}}
    flat |= {f"{name}[{i}]": segment for i, segment in enumerate(segments) if segment}
    return flat


def _add_values(spec: Mapping[str, Any], params: Params, context: Context, doing: str) -> None:
    try:
        context.renderer.add_values(spec.get("values"), params)
    except GeneratorError as error:
        raise wrapped(doing, error) from error
