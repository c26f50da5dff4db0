"""The smallest change to a YAML text that gives it other data.

``update(text, data)`` compares the text's data with the wanted data and edits only the lines of what differs. Block
collections are edited in place, flow collections are written anew as a whole, new fields go to the end of their mapping.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import yaml as pyyaml

from holdfast.base.lazy import pattern
from holdfast.kube import yaml
from holdfast.kube.yaml import quoting
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.scalars import identity_text

Edit = tuple[int, int, str]
"""First line, line after the last one, and the lines that take their place."""


_BREAKS = "\n\r\x85\u2028\u2029"
_LINES = pattern(f"[^{_BREAKS}]*(?:\\r\\n|[{_BREAKS}]|\\Z)")


class _Rewrite(Exception):
    """A node cannot be edited in place; the one above has to be written anew."""


def update(text: str, data: dict[str, Any], order: tuple[str, ...] = ()) -> str:
    """``text`` with the data ``data``. New fields come in ``order``. Raises KustomizeError where the text is no mapping.

    The first document counts; what follows it stays.
    """
    root, old = _composed(text)
    if root is None or old is None:
        return text + ("" if not text or text.endswith("\n") else "\n") + _fields(data, order)
    if root.id != "mapping" or root.flow_style:
        raise KustomizeError("the kustomization file has to be a block mapping to be edited")
    editor = _Editor(text)
    try:
        editor.mapping(root, old, {k: v for k, v in data.items() if k in old})
        editor.append(_fields({k: v for k, v in data.items() if k not in old}, order), root)
    except _Rewrite:
        raise KustomizeError("the kustomization file cannot be edited line by line") from None
    return editor.result()


def rename(text: str, old: str, new: str) -> str:
    """``text`` with another name for a field at the top, where there is one field of that name."""
    root, _ = _composed(text)
    keys = [key for key, _ in root.value if key.id == "scalar" and key.value == old] if root is not None else []
    if len(keys) != 1:
        raise KustomizeError(f"'{old}' is set more than once")
    return text[: keys[0].start_mark.index] + new + text[keys[0].end_mark.index :]


def _composed(text: str) -> tuple[Any, Any]:
    """The first document as nodes and as data."""
    try:
        loader = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)(text)
        return (loader.get_node() if loader.check_node() else None), yaml.load(text)
    except (pyyaml.YAMLError, yaml.YAMLError, RecursionError) as err:
        raise KustomizeError(f"invalid Kustomization: {err}") from None


def _fields(data: dict[str, Any], order: tuple[str, ...]) -> str:
    rank = {name: index for index, name in enumerate(order)}
    return "".join(yaml.dump({name: data[name]}) for name in sorted(data, key=lambda n: rank.get(n, len(rank))))


class _Editor:
    def __init__(self, text: str) -> None:
        self._break = "\r\n" if "\r\n" in text else "\n"
        # As YAML counts lines; Python knows more line breaks.
        self._lines: list[str] = [line for line in _LINES.findall(text) if line]
        if self._lines and self._lines[-1][-1] not in _BREAKS:
            self._lines[-1] += self._break
        self._edits: list[Edit] = []
        self._leads: dict[int, str] = {}

    def result(self) -> str:
        lines = list(self._lines)
        for number, lead in self._leads.items():
            lines[number] = lead + lines[number][len(lead) :]
        # From the end, so that line numbers hold; of two insertions in one place the first made stays first.
        numbered = sorted(enumerate(self._edits), key=lambda e: (e[1][0], e[1][1], e[0]), reverse=True)
        for _, (first, last, new) in numbered:
            moved = self._leads.get(first, "") if first < last and new else ""
            new = moved + new[len(moved) :]
            lines[first:last] = [new.replace("\r\n", "\n").replace("\n", self._break)] if new else []
        return "".join(lines)

    def append(self, text: str, root: Any) -> None:
        """Add lines behind the document."""
        if not text:
            return
        end = self._end(root)
        while end < len(self._lines) and not self._lines[end].startswith(("---", "...")):
            end += 1
        self._edits.append((end, end, _indented(text, root.start_mark.column)))

    # Values

    def value(self, node: Any, old: Any, new: Any) -> None:
        """Make ``new`` of the value ``old`` at ``node``. Raises _Rewrite where that takes more than this node's lines."""
        if identity_text(old) == identity_text(new):
            return
        if node.id == "scalar" and type(new) not in (dict, list) and node.style not in ("|", ">"):
            self._scalar(node, new)
        elif type(old) is dict and type(new) is dict and node.id == "mapping" and not node.flow_style and new:
            self.mapping(node, old, new)
        elif type(old) is list and type(new) is list and node.id == "sequence" and not node.flow_style and new:
            self._sequence(node, old, new)
        elif node.id != "scalar" and node.flow_style and node.start_mark.line == node.end_mark.line:
            self._inline(node, old, new)
        elif type(old) is list and type(new) is list and node.id == "sequence" and new:
            self._flow_lines(node, old, new)
        else:
            raise _Rewrite

    def _scalar(self, node: Any, new: Any) -> None:
        if node.start_mark.line != node.end_mark.line or node.start_mark.index == node.end_mark.index:
            raise _Rewrite
        text = _token(new, node.style)
        self._replace(node, text)

    def _inline(self, node: Any, old: Any, new: Any) -> None:
        if changed := _one_text(node, old, new):
            child, text = changed
            self._replace(child, _quoted(text, child.style) if child.style else _flow(text))
        elif not new and type(new) in (dict, list):
            self._replace(node, "{}" if type(new) is dict else "[]")
        elif node.value:
            self._replace(node, _flow(new))
        else:
            raise _Rewrite

    def _replace(self, node: Any, text: str) -> None:
        number = node.start_mark.line
        line = self._lines[number]
        if any(first <= number < last for first, last, _ in self._edits):
            raise _Rewrite
        self._edits.append((number, number + 1, line[: node.start_mark.column] + text + line[node.end_mark.column :]))

    # Mappings

    def mapping(self, node: Any, old: dict[str, Any], new: dict[str, Any]) -> None:
        pairs = [(k, v) for k, v in node.value if k.id == "scalar"]
        indent = pairs[0][0].start_mark.column if pairs else node.start_mark.column
        self._lead(pairs, new, indent)
        for key, value in pairs:
            name = key.value
            if name not in old:
                continue
            if name not in new:
                self._edits.append((key.start_mark.line, self._behind(key, value), ""))
                continue
            saved = list(self._edits), dict(self._leads)
            try:
                self.value(value, old[name], new[name])
            except _Rewrite:
                self._edits, self._leads = saved
                self._rewrite_pair(key, value, name, new[name], indent)
        added = {k: v for k, v in new.items() if k not in old}
        if added:
            end = self._behind(*pairs[-1]) if pairs else self._end(node)
            self._edits.append((end, end, _indented(yaml.dump(added), indent)))

    def _lead(self, pairs: list[tuple[Any, Any]], new: dict[str, Any], indent: int) -> None:
        """Where the first pair goes away and a dash stands before it, the dash moves to the first pair that stays."""
        if not pairs or pairs[0][0].value in new:
            return
        lead = self._lines[pairs[0][0].start_mark.line][:indent]
        if not lead.strip():
            return
        stays = next((key.start_mark for key, _ in pairs if key.value in new), None)
        if stays is None or self._lines[stays.line][: stays.column].strip() or stays.column != len(lead):
            raise _Rewrite
        self._leads[stays.line] = lead

    def _rewrite_pair(self, key: Any, value: Any, name: str, new: Any, indent: int) -> None:
        number = key.start_mark.line
        before = self._lines[number][: key.start_mark.column]
        lines = yaml.dump({name: new}).splitlines(keepends=True)
        text = before + lines[0] + "".join(" " * indent + line for line in lines[1:])
        self._edits.append((number, self._behind(key, value), text))

    # Lists

    def _sequence(self, node: Any, old: list[Any], new: list[Any]) -> None:
        items = node.value
        if any(after.start_mark.index <= before.start_mark.index for before, after in pairwise(items)):
            raise _Rewrite
        starts = [self._dash(item) for item in items]
        dash = starts[0][1]
        for tag, a1, a2, b1, b2 in _steps(old, new):
            while a1 < a2 and b1 < b2 and (tag == "equal" or not _is_collection(old[a1], new[b1])):
                self._item(items[a1], starts[a1], old[a1], new[b1])
                a1, b1 = a1 + 1, b1 + 1
            if tag == "equal":
                continue
            for index in range(a1, a2):
                self._edits.append((starts[index][0], self._end(items[index]), ""))
            if b1 < b2:
                at = self._end(items[a2 - 1]) if a2 else starts[0][0]
                text = "".join(_item_lines(value, dash) for value in new[b1:b2])
                self._edits.append((at, at, text))

    def _flow_lines(self, node: Any, old: list[Any], new: list[Any]) -> None:
        """A list in brackets with a line for each item. A comma behind the last item does no harm."""
        items = node.value
        lines = [self._own_line(item) for item in items]
        indent = self._lines[lines[0]][: items[0].start_mark.column] if lines else ""
        for tag, a1, a2, b1, b2 in _steps(old, new):
            while a1 < a2 and b1 < b2 and (tag == "equal" or not _is_collection(old[a1], new[b1])):
                self.value(items[a1], old[a1], new[b1])
                a1, b1 = a1 + 1, b1 + 1
            self._edits += [(line, line + 1, "") for line in lines[a1:a2]]
            if b1 < b2:
                self._add_flow_lines(items, lines, a2, [f"{indent}{_flow(value)},\n" for value in new[b1:b2]])

    def _add_flow_lines(self, items: list[Any], lines: list[int], at: int, added: list[str]) -> None:
        if not at:
            raise _Rewrite
        number, end = lines[at - 1], items[at - 1].end_mark.column
        line = self._lines[number]
        if any(first <= number < last for first, last, _ in self._edits):
            raise _Rewrite
        if not line[end:].lstrip().startswith(","):
            self._edits.append((number, number + 1, f"{line[:end]},{line[end:]}"))
        self._edits.append((number + 1, number + 1, "".join(added)))

    def _own_line(self, item: Any) -> int:
        """The line that holds this item, its comma and a comment, and nothing else."""
        start, end = item.start_mark, item.end_mark
        line = self._lines[start.line]
        behind = line[end.column :].strip().removeprefix(",").lstrip()
        if start.line != end.line or line[: start.column].strip() or (behind and not behind.startswith("#")):
            raise _Rewrite
        return int(start.line)

    def _item(self, node: Any, start: tuple[int, int], old: Any, new: Any) -> None:
        saved = list(self._edits), dict(self._leads)
        try:
            self.value(node, old, new)
        except _Rewrite:
            self._edits, self._leads = saved
            self._edits.append((start[0], self._end(node), _item_lines(new, start[1])))

    def _dash(self, item: Any) -> tuple[int, int]:
        """Line and column of the dash before an item; only items on the line of their dash can be edited."""
        line = item.start_mark.line
        before = self._lines[line][: item.start_mark.column]
        if before.strip() != "-":
            raise _Rewrite
        return line, before.index("-")

    def _behind(self, key: Any, value: Any) -> int:
        """The line after the last one of a pair. An alias is where its key is, whatever it stands for."""
        alias = value.start_mark.index < key.start_mark.index
        return int(key.end_mark.line) + 1 if alias else self._end(value)

    def _end(self, node: Any) -> int:
        """The line after the last one of a node; comments behind it are not its own."""
        if node.id != "scalar" and not node.flow_style and node.value:
            if node.id == "mapping":
                return self._behind(*node.value[-1])
            if node.value[-1].start_mark.index < node.start_mark.index:
                raise _Rewrite
            return self._end(node.value[-1])
        end, start = node.end_mark, node.start_mark.line
        number: int = end.line if end.column == 0 and end.line > start else end.line + 1
        while number > start + 1 and not self._lines[number - 1].strip():
            number -= 1
        least: int = start + 1
        return max(number, least)


def _is_collection(*values: Any) -> bool:
    return any(type(value) in (dict, list) for value in values)


def _one_text(node: Any, old: Any, new: Any) -> tuple[Any, str] | None:
    """The node of the only field of a mapping that has another text now, with the text."""
    if type(old) is not dict or type(new) is not dict or list(old) != list(new):
        return None
    changed = [field for field in old if identity_text(old[field]) != identity_text(new[field])]
    found = [value for key, value in node.value if key.id == "scalar" and key.value in changed]
    if (
        len(changed) != 1
        or len(found) != 1
        or found[0].id != "scalar"
        or found[0].start_mark.index < node.start_mark.index
    ):
        return None
    text = new[changed[0]]
    return (found[0], text) if type(text) is str and "\n" not in text else None


def _quoted(text: str, style: str) -> str:
    return quoting.double(text) if style == '"' else quoting.single(text)


def _steps(old: list[Any], new: list[Any]) -> list[tuple[str, int, int, int, int]]:
    """How one list becomes the other: item by item where nothing came or went."""
    if len(old) == len(new) and all(_alike(*pair) for pair in zip(old, new, strict=True)):
        return [("equal", 0, len(old), 0, len(new))]
    matcher = SequenceMatcher(None, [_identity(i) for i in old], [_identity(i) for i in new], autojunk=False)
    return list(matcher.get_opcodes())


def _alike(old: Any, new: Any) -> bool:
    if type(old) is dict and type(new) is dict:
        return all(old.get(field) == new.get(field) for field in ("name", "path"))
    return not _is_collection(old, new)


def _identity(value: Any) -> str:
    """What makes an item of a list the same one although other fields of it changed."""
    if type(value) is dict:
        for field in ("name", "path"):
            if isinstance(value.get(field), str):
                return f"{field} {value[field]} {value.get('namespace', '')}"
    return identity_text(value)


def _indented(text: str, indent: int) -> str:
    return "".join(" " * indent + line for line in text.splitlines(keepends=True))


def _item_lines(value: Any, column: int) -> str:
    return _indented(yaml.dump([value]), column)


def _token(value: Any, style: str | None) -> str:
    text = yaml.dump(value).rstrip("\n")
    if type(value) is str and "\n" not in value and style in ('"', "'"):
        return _quoted(value, style)
    if "\n" in text:
        raise _Rewrite
    return text


def _flow(value: Any) -> str:
    if type(value) is dict:
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if type(value) is list:
        return "[" + ", ".join(map(_flow, value)) + "]"
    token = _token(value, None)
    unsafe = type(value) is str and token == value and any(c in value for c in ",[]{}")
    return quoting.double(str(value)) if unsafe else token
