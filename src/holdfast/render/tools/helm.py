"""A chart as ``helm template`` renders it with the application's values and parameters."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from holdfast.base.globs import BadPattern, doublestar
from holdfast.base.tree import EntryKind, Tree, walk
from holdfast.helm.chart.capabilities import default_capabilities
from holdfast.helm.engine import ReleaseOptions, RenderedChart, check_installable, check_release_name, render
from holdfast.helm.errors import BadReleaseName, HelmError, ValuesError
from holdfast.helm.values import ValueOptions
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest
from holdfast.model.app import HelmChoices
from holdfast.render.paths import resolve
from holdfast.render.tools.charts import load
from holdfast.render.tools.detect import Work, join
from holdfast.render.tools.request import ROOT, Referenced, SourceError, without_kind

_GENERIC = re.compile(r"v?(\d+\.\d+(?:\.\d+)?)")
_INLINE = "/tmp/holdfast_tmp/values"
"""Where the application's own values seem to lie in messages."""
_UNRESOLVED = "internal error: failed to resolve path. Check logs for more details"


def _is_glob(path: str) -> bool:
    return any(c in path for c in "*?[")


class _Files:
    """The value files of one rendering: where each name leads, and the bytes behind it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._places: dict[str, tuple[Tree, str]] = {}

    def listed(self, choices: HelmChoices) -> list[str]:
        """The value files in order, globs expanded, each once. Raises SourceError."""
        explicit = {n for f in choices.value_files if not _is_glob(n := self._name(f))}
        out: list[str] = []
        for declared in choices.value_files:
            name = self._place(declared)
            found = [name]
            if _is_glob(name) and name in self._places:
                found = [n for n in self._expanded(declared, name, choices) if n not in explicit]
            elif choices.ignore_missing_value_files and not self._present(name):
                continue
            out += [n for n in found if n not in out]
        return out

    def _name(self, declared: str) -> str:
        try:
            return self._place(declared)
        except SourceError:
            return ""

    def _place(self, declared: str) -> str:
        """Registers a declared file; returns the name it is known by. Raises SourceError."""
        expanded = (
            declared if declared.startswith("$") and self._ref(declared) else self._work.environment.expand(declared)
        )
        if urlsplit(expanded).scheme:
            if urlsplit(expanded).scheme not in self._work.request.settings.value_schemes:
                raise SourceError(f"the URL scheme '{urlsplit(expanded).scheme}' is not allowed")
            return expanded
        ref = self._ref(declared)
        if ref is not None:
            return self._referenced(declared, ref)
        absolute = expanded.startswith("/")
        place = join("" if absolute else self._work.where, expanded)
        return self._remember(self._work.tree, ROOT, place, expanded)

    def _referenced(self, declared: str, ref: Referenced) -> str:
        name, _, rest = declared.partition("/")
        tree = self._work.refs.get(name)
        if tree is None:
            raise SourceError(ref.problem or f"failed to find repo for {declared}")
        path = "/" + self._work.environment.expand(rest)
        try:
            return self._remember(tree, name, join("", path), path)
        except SourceError as error:
            raise SourceError(f"error resolving value file path: {error.message}") from None

    def _ref(self, declared: str) -> Referenced | None:
        return self._work.request.refs.get(declared.partition("/")[0])

    def _remember(self, tree: Tree, prefix: str, place: str | None, shown: str) -> str:
        if place is None:
            raise SourceError(f"file '{shown}' resolved to outside repository root")
        if not place:
            raise SourceError(_UNRESOLVED)
        name = f"{prefix}/{place}"
        self._places[name] = (tree, place)
        return name

    def _expanded(self, declared: str, name: str, choices: HelmChoices) -> list[str]:
        tree, pattern = self._places[name]
        prefix = name[: -len(pattern)]
        try:
            found = sorted(path for path, _ in walk(tree) if doublestar(pattern, path))
        except BadPattern as error:
            raise SourceError(f'error expanding glob pattern "{declared}": {error}') from None
        if not found and not choices.ignore_missing_value_files:
            raise SourceError(f'values file glob "{declared}" matched no files')
        for path in found:
            self._places[prefix + path] = (tree, path)
        return [prefix + path for path in found]

    def _present(self, name: str) -> bool:
        if name not in self._places:
            return True
        tree, path = self._places[name]
        real = resolve(tree, path)
        return real is not None and tree.lookup(real) is not None

    def placed(self, declared: str) -> str:
        """The name of a file that a parameter is read from. Raises SourceError."""
        try:
            return self._place(declared)
        except SourceError as error:
            what = "set-file path" if self._ref(declared) is not None else "helm value file path"
            raise SourceError(f"error resolving {what}: {error.message}") from error

    def shown(self, text: str) -> str:
        """A text with the names of other sources' files as people know them: every checkout has the same root there."""
        for name, (_, path) in self._places.items():
            if name.startswith("$"):
                text = text.replace(name, f"{ROOT}/{path}")
        return text

    def read(self, name: str) -> bytes:
        """Raises ValuesError as Helm words it."""
        if name not in self._places:
            self._work.volatile = True
            try:
                return self._work.request.doors.file(name)
            except SourceError as error:
                raise ValuesError(error.message) from error
        tree, path = self._places[name]
        real = resolve(tree, path)
        entry = tree.lookup(real) if real is not None else None
        if real is None or entry is None:
            raise ValuesError(f"open {name}: no such file or directory")
        if entry.kind is EntryKind.DIRECTORY:
            raise ValuesError(f"read {name}: is a directory")
        return tree.read(real)


def run(work: Work) -> list[Manifest]:
    """Raises SourceError."""
    _check_references(work)
    choices = work.source.helm
    kube = _kube_version(choices.kube_version or work.request.kube_version)
    files = _Files(work)
    try:
        listed = files.listed(choices)
    except SourceError as error:
        raise SourceError(
            f"error resolving helm value files: error resolving value file path: {error.message}"
        ) from error
    from_files = [(name, files.placed(path)) for name, path in choices.file_parameters]
    _check_description(work)
    try:
        made = _render(work, choices, kube, files, listed, from_files)
    except HelmError as error:
        command = _command(work, choices, kube, listed, from_files)
        raise SourceError(
            f"failed to execute helm template command: failed running helm: `{files.shown(command)}` "
            f"failed exit status 1: {files.shown(_reason(error))}"
        ) from error
    return _objects(choices, made)


def _reason(error: HelmError) -> str:
    """What Helm would have written to its standard error."""
    if isinstance(error, BadReleaseName):
        quoted = json.dumps(error.message)
        log = f'level=ERROR msg="release name check failed" error={quoted}\n'
        return f"{log}Error: release name check failed: {error.message}"
    trailer = "\n\nUse --debug flag to render out invalid YAML" if error.trailer else ""
    return f"Error: {error.message.rstrip()}{trailer}"


def _check_description(work: Work) -> None:
    """Dependencies' repositories are looked for before Helm is asked: a chart that cannot be described fails there."""
    path = f"{work.where}/Chart.yaml".lstrip("/")
    real = resolve(work.tree, path)
    entry = work.tree.lookup(real) if real is not None else None
    problem = "error getting helm repos: error retrieving helm dependency repos: "
    if real is None or entry is None:
        shown = f"{ROOT}/{path}"
        raise SourceError(f"{problem}error reading helm chart from {shown}: open {shown}: no such file or directory")
    try:
        yaml.load(work.tree.read(real))
    except yaml.YAMLError as error:
        raise SourceError(
            f"{problem}error unmarshalling the helm chart while getting helm dependency repos: "
            f"error converting YAML to JSON: {error.message}"
        ) from None


def _check_references(work: Work) -> None:
    choices = work.source.helm
    if not work.request.several:
        return
    refs = work.request.refs
    for declared in (*choices.value_files, *(path for _, path in choices.file_parameters)):
        if not declared.startswith("$"):
            continue
        name = declared.partition("/")[0]
        if not refs:
            raise SourceError(f"source referenced \"{name}\", but no source has a 'ref' field defined")
        if name not in refs:
            known = ", ".join(refs)
            raise SourceError(f'source referenced "{name}", which is not one of the available sources ({known})')
        if refs[name].is_chart:
            raise SourceError(
                "source has a 'chart' field defined, but Helm charts are not yet not supported for 'ref' sources"
            )
        if refs[name].problem:
            raise SourceError(refs[name].problem)


def _kube_version(text: str) -> str:
    match = _GENERIC.match(text)
    if text and match is None:
        raise SourceError(f'could not parse kubernetes version {text}: could not parse "{text}" as version')
    return match[1] if match else ""


def _release(work: Work, choices: HelmChoices) -> ReleaseOptions:
    name = choices.release_name or work.request.name.rpartition("_")[2]
    return ReleaseOptions(name, choices.namespace or work.request.namespace or "default")


def _render(
    work: Work, choices: HelmChoices, kube: str, files: _Files, listed: list[str], from_files: list[tuple[str, str]]
) -> RenderedChart:
    expand = work.environment.expand
    plain = [f"{p.name}={_clean(expand(p.value))}" for p in choices.parameters if not p.force_string]
    texts = [f"{p.name}={_clean(expand(p.value))}" for p in choices.parameters if p.force_string]
    placed = [f"{name}={path}" for name, path in from_files]
    extra = _inline(choices)
    names = [*listed, *([_INLINE] if extra else [])]
    values = ValueOptions(
        names, [], plain, texts, placed, [], lambda name: extra if name == _INLINE else files.read(name)
    ).merged()
    chart, outside = load(work.tree, work.where, work.request.doors)
    work.volatile = work.volatile or outside
    check_installable(chart)
    release = _release(work, choices)
    check_release_name(release.name)
    versions = choices.api_versions or work.request.api_versions
    capabilities = default_capabilities(kube, tuple(versions))
    return render(chart, values, release, capabilities, skip_schema=choices.skip_schema_validation)


def _inline(choices: HelmChoices) -> bytes:
    if choices.values_object is not None:
        return yaml.dump(dict(choices.values_object)).encode()
    return choices.values.encode()


def _clean(value: str) -> str:
    """Commas are not separators in a parameter, unless it is a list in braces or they are escaped already."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)


def _command(work: Work, choices: HelmChoices, kube: str, listed: list[str], from_files: list[tuple[str, str]]) -> str:
    release = _release(work, choices)
    parts = ["helm template .", "--name-template", release.name]
    if choices.namespace or work.request.namespace:
        parts += ["--namespace", release.namespace]
    if kube:
        parts += ["--kube-version", kube]
    for flag, force in (("--set", False), ("--set-string", True)):
        for p in choices.parameters:
            if p.force_string is force:
                parts += [flag, f"{p.name}={_clean(work.environment.expand(p.value))}"]
    for name, path in from_files:
        parts += ["--set-file", f"{name}={path}"]
    for name in listed:
        parts += ["--values", name]
    if _inline(choices):
        parts += ["--values", _INLINE]
    parts.append("<api versions removed>")
    if not choices.skip_crds:
        parts.append("--include-crds")
    if choices.skip_schema_validation:
        parts.append("--skip-schema-validation")
    if choices.skip_tests:
        parts.append("--skip-tests")
    return " ".join(parts)


def _objects(choices: HelmChoices, made: RenderedChart) -> list[Manifest]:
    crds = [] if choices.skip_crds else made.crds
    hooks = [h for h in made.hooks if not (choices.skip_tests and "test" in h.events)]
    out: list[Manifest] = []
    for manifest in (*crds, *made.manifests, *hooks):
        try:
            documents = yaml.load_all(manifest.text)
        except yaml.YAMLError as error:
            raise SourceError(f"failed to unmarshal manifest: error converting YAML to JSON: {error.message}") from None
        for document in documents:
            out.append(_checked(document.value))
    return out


def _checked(value: Any) -> Manifest:
    problem = "failed to unmarshal manifest: error unmarshaling JSON: while decoding JSON: "
    if not isinstance(value, dict):
        raise SourceError(f"{problem}{json.dumps(value)} is no object")
    if not value.get("kind"):
        raise SourceError(problem + without_kind(value))
    return value
