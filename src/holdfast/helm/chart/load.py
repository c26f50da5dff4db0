"""Files to a ``Chart``, as Helm loads a directory or an archive."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from holdfast.base.errors import Place
from holdfast.base.tree import EntryKind, Tree
from holdfast.helm.chart.archive import MAX_CHART, read_archive
from holdfast.helm.chart.ignore import IgnoreRules
from holdfast.helm.chart.model import Chart, Dependency, Lock, Maintainer, Metadata
from holdfast.helm.chart.reading import Struct, read, read_map
from holdfast.helm.errors import ChartError
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.semver import parse_version
from holdfast.helm.go.strconv import is_print, quote

# Of a chart with all archives below charts/, unpacked.
MAX_FAMILY = 3 * MAX_CHART
_MAX_NESTED = 100
_BOM = b"\xef\xbb\xbf"
_ALIAS = re.compile(r"[a-zA-Z0-9_-]+\Z")
_SEPARATOR = re.compile(rb"(?m)^---[^\n]*(?:\n|\Z)")


def load_chart(source: Tree | bytes) -> Chart:
    """A chart from a tree whose root is the chart, or from the bytes of a .tgz."""
    files = read_archive(source) if isinstance(source, bytes) else read_tree(source)
    if not isinstance(source, bytes) and "Chart.yaml" not in files and source.lookup("Chart.yaml") is None:
        raise ChartError("Chart.yaml file is missing")
    return load_files(files)


def load_unversioned(source: Tree) -> Chart:
    """A chart of whatever apiVersion, as linting sees it."""
    return _load_files(read_tree(source))


def read_tree(tree: Tree) -> dict[str, bytes]:
    """The files of a chart directory, without what .helmignore names."""
    rules = IgnoreRules()
    if tree.lookup(".helmignore") is not None:
        rules = IgnoreRules(tree.read(".helmignore").decode("utf-8", "replace"))
    files: dict[str, bytes] = {}
    _walk(tree, "", rules, files, [MAX_CHART])
    return files


def _walk(tree: Tree, top: str, rules: IgnoreRules, files: dict[str, bytes], left: list[int]) -> None:
    for entry in tree.entries(top):
        path = f"{top}/{entry.name}" if top else entry.name
        directory = entry.kind is EntryKind.DIRECTORY
        if rules.ignores(path, directory):
            continue
        if directory:
            _walk(tree, path, rules, files, left)
            continue
        if entry.kind is EntryKind.LINK:
            raise ChartError(f"cannot load irregular file {path} as it has file mode type bits set", place=Place(path))
        data = tree.read(path)
        left[0] -= len(data)
        if left[0] < 0:
            raise ChartError(f"error reading {path}: chart exceeds maximum decompressed size {MAX_CHART}")
        files[path] = data.removeprefix(_BOM)


def files_digest(files: Mapping[str, bytes]) -> str:
    found = hashlib.sha256()
    for path in sorted(files):
        found.update(f"{len(path)} {len(files[path])} {path}\n".encode("utf-8", "surrogateescape"))
        found.update(files[path])
    return found.hexdigest()


def load_files(files: Mapping[str, bytes]) -> Chart:
    """Raises ChartError."""
    return _load_files(files, _check_version)


class _Room:
    """What is left for a chart and all archives in it: an archive may hold archives that hold archives."""

    def __init__(self) -> None:
        self.left = MAX_FAMILY
        self.depth = 0

    def unpack(self, data: bytes) -> dict[str, bytes]:
        files = read_archive(data, min(MAX_CHART, max(self.left, 0)))
        self.left -= sum(map(len, files.values()))
        return files


def _load_files(
    files: Mapping[str, bytes], check: Callable[[Metadata], None] | None = None, room: _Room | None = None
) -> Chart:
    room = room or _Room()
    chart = Chart(Metadata(), raw=dict(files), digest=files_digest(files))
    if "Chart.yaml" not in files:
        raise ChartError("Chart.yaml file is missing")
    try:
        raw = read(files["Chart.yaml"])
        if check is not None:
            # Helm first looks at the apiVersion alone.
            Struct(raw, "chartBase", package="loader").text("apiVersion")
        fill_metadata(chart.metadata, raw)
    except GoError as fault:
        raise ChartError(f"cannot load Chart.yaml: {fault.text}", place=Place("Chart.yaml")) from None
    if check is not None:
        check(chart.metadata)
    chart.metadata.api_version = chart.metadata.api_version or "v1"
    below: dict[str, dict[str, bytes]] = {}
    for path, data in files.items():
        _sort_file(chart, path, data, below)
    validate(chart.metadata)
    for name in below:
        _subchart(chart, name, below[name], room)
    return chart


def _check_version(metadata: Metadata) -> None:
    if metadata.api_version == "v3":
        raise ChartError("invalid chart apiVersion")
    if metadata.api_version not in ("", "v1", "v2"):
        raise ChartError("unsupported chart version")


def _sort_file(chart: Chart, path: str, data: bytes, below: dict[str, dict[str, bytes]]) -> None:
    if path == "Chart.yaml":
        return
    if path in ("Chart.lock", "requirements.lock"):
        _read_lock(chart, path, data)
    elif path == "values.yaml":
        chart.values = load_values(data, "cannot load values.yaml: ")
    elif path == "values.schema.json":
        chart.schema = data
    elif path == "requirements.yaml":
        _read_requirements(chart, data)
    elif path.startswith("templates/"):
        chart.templates[path] = data
    elif path.startswith("charts/") and not path.endswith(".prov"):
        inner = path.removeprefix("charts/")
        below.setdefault(inner.partition("/")[0], {})[inner] = data
    else:
        chart.files[path] = data


def _read_lock(chart: Chart, path: str, data: bytes) -> None:
    try:
        struct = Struct(read(data), "Lock")
        rows = [_dependency(item) for item in struct.items("dependencies", "[]*v2.Dependency")]
        chart.lock = Lock(struct.text("digest"), struct.text("generated"), rows)
    except GoError as fault:
        raise ChartError(f"cannot load {path}: {fault.text}", place=Place(path)) from None
    if path == "requirements.lock":
        _old_style(
            chart, path, data, "Dependency locking is handled in Chart.lock", "We recommend migrating to Chart.lock."
        )


def _read_requirements(chart: Chart, data: bytes) -> None:
    try:
        fill_metadata(chart.metadata, read(data))
    except GoError as fault:
        raise ChartError(f"cannot load requirements.yaml: {fault.text}", place=Place("requirements.yaml")) from None
    advice = "We recommend migrating dependencies to Chart.yaml."
    _old_style(chart, "requirements.yaml", data, "Dependencies are handled in Chart.yaml", advice)


def _old_style(chart: Chart, path: str, data: bytes, what: str, advice: str) -> None:
    if chart.metadata.api_version == "v1":
        chart.files[path] = data
    else:
        chart.warnings.append(f'Warning: {what} since apiVersion "v2". {advice}')


def _subchart(chart: Chart, name: str, files: dict[str, bytes], room: _Room) -> None:
    if name[0] in "_.":
        return
    if room.depth >= _MAX_NESTED:
        raise ChartError(f"charts are nested more than {_MAX_NESTED} deep in {chart.name}")
    room.depth += 1
    try:
        if name.endswith(".tgz"):
            path, data = next(iter(files.items()))
            if path != name:
                raise ChartError(f"error unpacking subchart tar in {chart.name}: expected {name}, got {path}")
            child = _load_files(room.unpack(data), None, room)
        else:
            child = _load_files({p.partition("/")[2]: d for p, d in files.items() if "/" in p}, None, room)
    except ChartError as fault:
        if fault.message.startswith("error unpacking subchart tar"):
            raise
        raise ChartError(
            f"error unpacking subchart {name} in {chart.name}: {fault.message}", place=fault.place
        ) from None
    finally:
        room.depth -= 1
    child.parent = chart
    chart.dependencies.append(child)


def load_values(data: bytes, words: str = "") -> dict[str, Any]:
    """A values file: all of its documents, merged."""
    values: dict[str, Any] = {}
    for document in _SEPARATOR.split(data) if b"---" in data else [data]:
        try:
            found = read_map(document)
        except GoError as fault:
            raise ChartError(f"{words}cannot unmarshal yaml document: {fault.text}") from None
        values = merge_maps(values, found)
    return values


def merge_maps(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Maps are merged, everything else of ``b`` wins."""
    out = dict(a)
    for key, value in b.items():
        mine = out.get(key)
        out[key] = merge_maps(mine, value) if isinstance(value, dict) and isinstance(mine, dict) else value
    return out


def fill_metadata(m: Metadata, value: Any) -> None:
    """Decode over what is there already, as Go does for requirements.yaml. Raises GoError."""
    s = Struct(value, "Metadata")
    plain = {
        "name": "name", "home": "home", "version": "version", "description": "description", "icon": "icon", "apiVersion": "api_version",
        "condition": "condition", "tags": "tags", "appVersion": "app_version", "kubeVersion": "kube_version", "type": "type",
    }  # fmt: skip
    for key, attribute in plain.items():
        if s.values.get(key.lower()) is not None:
            setattr(m, attribute, s.text(key))
    if "deprecated" in s.values:
        m.deprecated = s.flag("deprecated")
    m.sources = s.texts("sources") or m.sources
    m.keywords = s.texts("keywords") or m.keywords
    m.annotations = s.text_map("annotations") or m.annotations
    if s.values.get("maintainers") is not None:
        m.maintainers = [_maintainer(item) for item in s.items("maintainers", "[]*v2.Maintainer")]
    if s.values.get("dependencies") is not None:
        m.dependencies = [_dependency(item) for item in s.items("dependencies", "[]*v2.Dependency")]


def _maintainer(value: Any) -> Maintainer:
    if value is None:
        raise ChartError("validation: maintainers must not contain empty or null nodes")
    s = Struct(value, "Maintainer", "maintainers.")
    return Maintainer(s.text("name"), s.text("email"), s.text("url"))


def _dependency(value: Any) -> Dependency:
    if value is None:
        raise ChartError("validation: dependencies must not contain empty or null nodes")
    s = Struct(value, "Dependency", "dependencies.")
    return Dependency(
        s.text("name"), s.text("version"), s.text("repository"), s.text("condition"), s.texts("tags"), s.flag("enabled"),
        s.items("import-values", "[]interface {}"), s.text("alias"),
    )  # fmt: skip


def _sanitize(text: str) -> str:
    return "".join(" " if c.isspace() else c for c in text if c.isspace() or is_print(c))


def validate(m: Metadata) -> None:
    """Raises ChartError("validation: ...")."""
    for name in ("name", "description", "home", "icon", "condition", "tags", "app_version", "kube_version"):
        setattr(m, name, _sanitize(getattr(m, name)))
    m.sources, m.keywords = list(map(_sanitize, m.sources)), list(map(_sanitize, m.keywords))
    problem = _name_fault(m) or _version_fault(m)
    if not problem and m.type not in ("", "application", "library"):
        problem = "chart.metadata.type must be application or library"
    if problem:
        raise ChartError(f"validation: {problem}", place=Place("Chart.yaml"))
    for x in m.maintainers:
        x.name, x.email, x.url = _sanitize(x.name), _sanitize(x.email), _sanitize(x.url)
    _validate_dependencies(m)


def _name_fault(m: Metadata) -> str:
    if not m.name:
        return "chart.metadata.name is required"
    if m.name in (".", ".."):
        return f"chart.metadata.name {quote(m.name)} is not allowed"
    return f"chart.metadata.name {quote(m.name)} is invalid" if "/" in m.name else ""


def _version_fault(m: Metadata) -> str:
    if not m.version:
        return "chart.metadata.version is required"
    try:
        parse_version(m.version)
    except GoError:
        return f"chart.metadata.version {quote(m.version)} is invalid"
    return ""


def _validate_dependencies(m: Metadata) -> None:
    seen: set[str] = set()
    for d in m.dependencies:
        d.name, d.version, d.repository = _sanitize(d.name), _sanitize(d.version), _sanitize(d.repository)
        d.condition, d.tags = _sanitize(d.condition), list(map(_sanitize, d.tags))
        if d.alias and not _ALIAS.match(d.alias):
            raise ChartError(
                f"validation: dependency {quote(d.name)} has disallowed characters in the alias",
                place=Place("Chart.yaml"),
            )
        key = d.alias or d.name
        if key in seen:
            raise ChartError(
                f"validation: more than one dependency with name or alias {quote(key)}", place=Place("Chart.yaml")
            )
        seen.add(key)
