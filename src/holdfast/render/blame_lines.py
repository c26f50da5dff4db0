"""From a step of a build to the line that asked for it.

A step is named by its kustomization's file and its position there; what it did to a value is looked for in the entry that
configures it: the line of an image's ``newTag``, of a label's pair, the place in a patch file that holds the very field.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import Tree
from holdfast.kube import yaml
from holdfast.kube.leaves import Path, leaf_lines, leaves, step_of
from holdfast.kube.yaml.errors import Flaw
from holdfast.kustomize.resource import Source
from holdfast.kustomize.trace import Traced, Write
from holdfast.kustomize.yamlio import split_documents


@dataclass(frozen=True, slots=True)
class Origin:
    """``file`` and ``line`` are in the unit's source, empty where no file of it says so; ``guess`` where it is not certain."""

    file: str = ""
    line: int = 0
    how: str = ""
    guess: bool = False


_SIMPLE = {"NamespaceTransformer": "namespace", "PrefixTransformer": "namePrefix", "SuffixTransformer": "nameSuffix"}


class _Page:
    """A file's documents: data and the lines of their leaves."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.documents: list[tuple[Any, dict[Path, int]]] = []
        line = 1
        for part in split_documents(text.replace(b"\r\n", b"\n")):
            try:
                self.documents.append((yaml.load(part), leaf_lines(part, line)))
            except (HoldfastError, Flaw):
                self.documents.append((None, {}))
            line += part.count(b"\n") + 1  # the separator's own line

    def line(self, path: Path, document: int = 0) -> int:
        """Of a path, or of the nearest thing above it."""
        if document >= len(self.documents):
            return 0
        lines = self.documents[document][1]
        while path and path not in lines:
            path = path[:-1]
        return lines.get(path, 0)


class Lines:
    """Looks lines up in one tree; ``unit`` names the declaring unit in the answers."""

    def __init__(self, tree: Tree, unit: str) -> None:
        self._tree = tree
        self._unit = unit
        self._pages: dict[str, _Page | None] = {}

    def origin(self, write: Write, path: Path, traced: Traced) -> Origin:
        step = write.step
        if write.source is not None:
            return self._read(write.source, path)
        if step.kind == "finish":
            return Origin(
                step.file if self._page(step.file) else "", 0, "a reference or content hash, written at the end"
            )
        page = self._page(step.file)
        if page is None:
            return Origin(how=f"spec of {self._unit}")
        data = page.documents[0][0] if page.documents else None
        if not isinstance(data, Mapping):
            return Origin(step.file, 0, step.kind)
        find: Callable[..., Origin | None] = _FINDERS.get(step.kind, Lines._by_kind)
        found = find(self, write, path, traced, page, data)
        return found or Origin(how=f"spec of {self._unit}", guess=step.kind not in _FINDERS)

    def _page(self, file: str) -> _Page | None:
        if file not in self._pages:
            entry = self._tree.lookup(file) if file else None
            self._pages[file] = _Page(self._tree.read(file)) if entry is not None else None
        return self._pages[file]

    def _read(self, source: Source, path: Path) -> Origin:
        if source.path.startswith("helm chart "):
            return Origin("", 0, f"rendered by {source.path}", guess=True)
        page = self._page(source.path) or _Page(source.text)
        within: Path = tuple(str(s) if isinstance(s, str) else f"[{s}]" for s in source.within)
        return Origin(source.path, page.line((*within, *path), source.document))

    # --- one finder per kind of step

    def _by_kind(self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]) -> Origin | None:
        key = "transformers" if write.step.kind == "transformers" else write.step.kind
        if key not in data:
            return None
        return Origin(write.step.file, page.line((key,)), key, guess=True)

    def _simple(self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]) -> Origin | None:
        key = _SIMPLE[write.step.kind]
        if key not in data:
            return Origin(how=f"spec of {self._unit}")
        return Origin(write.step.file, page.line((key,)), key)

    def _label(self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]) -> Origin | None:
        entries = data.get("labels") or []
        index = write.step.position
        at: Path = (
            ("labels", step_of(entries, index), "pairs", path[-1])
            if index < len(entries)
            else ("commonLabels", path[-1])
        )
        return Origin(write.step.file, page.line(at), at[0])

    def _annotation(
        self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]
    ) -> Origin | None:
        return Origin(write.step.file, page.line(("commonAnnotations", path[-1])), "commonAnnotations")

    def _replicas(
        self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]
    ) -> Origin | None:
        entries = data.get("replicas") or []
        if write.step.position >= len(entries):
            return None
        at: Path = ("replicas", step_of(entries, write.step.position), "count")
        return Origin(write.step.file, page.line(at), "replicas")

    def _image(self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]) -> Origin | None:
        entries, value = data.get("images") or [], str(write.value)
        for index, entry in enumerate(entries):
            for key in ("digest", "newTag", "newName"):
                if entry.get(key) and str(entry[key]) in value:
                    at: Path = ("images", step_of(entries, index), key)
                    return Origin(write.step.file, page.line(at), "images")
        # The unit's own images are added to those of the file.
        return Origin(how=f"spec.images of {self._unit}")

    def _replacement(
        self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]
    ) -> Origin | None:
        return Origin(write.step.file, page.line(("replacements",)), "replacements")

    def _patch(self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]) -> Origin | None:
        key = "patches" if write.step.kind == "PatchTransformer" else "patchesJson6902"
        entries = data.get(key) or []
        if write.step.position >= len(entries):
            return Origin(how=f"spec.patches of {self._unit}")
        entry, at = entries[write.step.position], (key, step_of(entries, write.step.position))
        if entry.get("path"):
            return self._in_patch_file(write, path, str(entry["path"]), key)
        start = page.line((*at, "patch"))
        inside = _Page(str(entry.get("patch") or "").encode())
        line = _line_in_patch(inside, path)
        return Origin(write.step.file, start + line, key) if line else Origin(write.step.file, start, key)

    def _in_patch_file(self, write: Write, path: Path, file: str, how: str) -> Origin:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(write.step.file), file))
        patch = self._page(name)
        return Origin(name, _line_in_patch(patch, path) if patch else 0, how)

    def _merges(self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]) -> Origin | None:
        """Of all files of ``patchesStrategicMerge``, the one that holds this very value."""
        entries = [str(e) for e in data.get("patchesStrategicMerge") or []]
        for index, entry in enumerate(entries):
            if "\n" in entry:
                if _holds(_Page(entry.encode()), path, write.value):
                    return Origin(write.step.file, page.line(("patchesStrategicMerge", f"[{index}]")), "a patch")
                continue
            found = self._page(posixpath.normpath(posixpath.join(posixpath.dirname(write.step.file), entry)))
            if found is not None and _holds(found, path, write.value):
                return self._in_patch_file(write, path, entry, "patchesStrategicMerge")
        return Origin(write.step.file, page.line(("patchesStrategicMerge",)), "patchesStrategicMerge", guess=True)

    def _generated(
        self, write: Write, path: Path, traced: Traced, page: _Page, data: Mapping[str, Any]
    ) -> Origin | None:
        names = [w.value for w in traced.writes.get(("metadata", "name"), ())]
        for key in ("configMapGenerator", "secretGenerator"):
            entries = data.get(key) or []
            for index, entry in enumerate(entries):
                if entry.get("name") in names:
                    return self._generator(write, path, page, (key, step_of(entries, index)), entry)
        for index, entry in enumerate(data.get("helmCharts") or []):
            at = ("helmCharts", step_of(data["helmCharts"], index))
            return Origin(write.step.file, page.line(at), f"chart {entry.get('name')}", guess=True)
        return None

    def _generator(self, write: Write, path: Path, page: _Page, at: Path, entry: Mapping[str, Any]) -> Origin:
        folder = posixpath.dirname(write.step.file)
        if path[0] in ("data", "binaryData"):
            for item in entry.get("files") or ():
                name, _, file = str(item).rpartition("=")
                if path[-1] == (name or posixpath.basename(file)):
                    return Origin(posixpath.normpath(posixpath.join(folder, file)), 1, f"a file of {at[0]}")
            for index, item in enumerate(entry.get("literals") or ()):
                if str(item).partition("=")[0] == path[-1]:
                    return Origin(write.step.file, page.line((*at, "literals", f"[{index}]")), at[0])
            for file in [*(entry.get("envs") or ()), *([entry["env"]] if entry.get("env") else ())]:
                name = posixpath.normpath(posixpath.join(folder, str(file)))
                line = self._line_of_variable(name, path[-1])
                if line:
                    return Origin(name, line, f"a file of {at[0]}")
        return Origin(write.step.file, page.line((*at, path[-1])), at[0])

    def _line_of_variable(self, file: str, name: str) -> int:
        page = self._page(file)
        for number, line in enumerate((page.text if page else b"").splitlines(), 1):
            if line.partition(b"=")[0].strip() == name.encode():
                return number
        return 0


def _line_in_patch(page: _Page, path: Path) -> int:
    """The best match among the documents of a patch: the field itself, or as far as the patch goes towards it."""
    best, depth = 0, -1
    for document, (data, lines) in enumerate(page.documents):
        if isinstance(data, list):
            found = _operation(data, path)
            if found is not None:
                return page.line((f"[{found}]",), document)
            continue
        reach = len(path)
        while reach and path[:reach] not in lines:
            reach -= 1
        if reach > depth:
            best, depth = page.line(path, document), reach
    return best


def _operation(operations: list[Any], path: Path) -> int | None:
    """The last JSON patch operation on this field or on something around it."""
    found = None
    for index, operation in enumerate(operations):
        steps = str(operation.get("path", "") if isinstance(operation, Mapping) else "").strip("/").split("/")
        steps = [s.replace("~1", "/").replace("~0", "~") for s in steps]
        if len(steps) <= len(path) and all(_meets(s, p) for s, p in zip(steps, path, strict=False)):
            found = index
    return found


def _meets(step: str, of: str) -> bool:
    """A list's item is counted in a JSON patch and may be named in a path: any number may mean any name."""
    return step == of or (of.startswith("[") and (step == "-" or step.isdigit()))


def _holds(page: _Page, path: Path, value: Any) -> bool:
    return any(leaves(data).get(path) == value for data, _ in page.documents if isinstance(data, Mapping))


_FINDERS: dict[str, Callable[..., Origin | None]] = {
    **dict.fromkeys(_SIMPLE, Lines._simple),
    "LabelTransformer": Lines._label,
    "AnnotationsTransformer": Lines._annotation,
    "ReplicaCountTransformer": Lines._replicas,
    "ImageTagTransformer": Lines._image,
    "ReplacementTransformer": Lines._replacement,
    "PatchTransformer": Lines._patch,
    "PatchJson6902Transformer": Lines._patch,
    "PatchStrategicMergeTransformer": Lines._merges,
    "generators": Lines._generated,
}
