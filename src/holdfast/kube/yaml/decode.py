"""A tree of nodes to JSON data: aliases, merge keys, tags, keys as strings, in the order and with the limits of go-yaml.

Source of the rules: ``decode.go`` of go.yaml.in/yaml v2 and v3, and ``convertToJSONableObject`` of sigs.k8s.io/yaml.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from holdfast.kube.yaml.compose import ALIAS, MAPPING, SCALAR, Node
from holdfast.kube.yaml.errors import Flaw
from holdfast.kube.yaml.gotext import go_float32, go_integer, go_quote, go_syntax
from holdfast.kube.yaml.scalars import DOUBLED, HIGHEST, HIGHEST_UNSIGNED, LOWEST, Dialect, OddKey, plain, tagged

BINARY = "tag:yaml.org,2002:binary"
MERGE = "tag:yaml.org,2002:merge"
NULL = "tag:yaml.org,2002:null"
FREE_RATIO, LEAST_RATIO = 0.99, 0.10
STRAY = re.compile("[\udc80-\udcff]")
RATIO_FROM, RATIO_TO = 400_000, 4_000_000


def decode(
    root: Node,
    dialect: Dialect,
    *,
    strict: bool = False,
    odd: list[int] | None = None,
    gaps: list[int] | None = None,
    doubles: bool = False,
) -> Any:
    """The data below ``root``. ``strict`` makes a key that is set twice an error under `Dialect.OBJECT`; under KYAML it always is.

    ``odd`` takes the lines of the keys that are `OddKey`, ``gaps`` those where nothing stands between brackets. With ``doubles``, KYAML lets keys that are set twice pass: the first
    one counts, and `DOUBLED` is put beside it.
    """
    decoder = _Kyaml(dialect, odd, gaps, doubles) if dialect is Dialect.KYAML else _Decoder(dialect, strict)
    value = decoder.value(root)
    if decoder.faults:
        lines = "\n  ".join(text for _, text in decoder.faults)
        raise Flaw(f"yaml: unmarshal errors:\n  {lines}", decoder.faults[0][0])
    return value


class _Decoder:
    def __init__(self, dialect: Dialect, strict: bool) -> None:
        self.dialect = dialect
        self.strict = strict
        self.faults: list[tuple[int, str]] = []
        self.open: set[int] = set()
        self.count = 0
        self.by_alias = 0

    def value(self, node: Node) -> Any:
        self.tick()
        kind = node.kind
        if kind == SCALAR:
            return json_number(self.scalar(node), node)
        if kind == ALIAS:
            return self.alias(node)
        if kind == MAPPING:
            return self.mapping(node)
        return [self.value(item) for item in node.items]

    def tick(self) -> None:
        """Counts one step; too large a share of steps spent inside aliases is an alias bomb."""
        self.count += 1
        if self.open:
            self.by_alias += 1
            if self.by_alias > 100 and self.count > 1000 and self.by_alias / self.count > allowed_ratio(self.count):
                raise Flaw("yaml: document contains excessive aliasing")

    def alias(self, node: Node) -> Any:
        if id(node) in self.open:
            raise Flaw(f"yaml: anchor '{node.text}' value contains itself", node.line)
        self.open.add(id(node))
        assert node.target is not None
        value = self.value(node.target)
        self.open.discard(id(node))
        return value

    def scalar(self, node: Node) -> Any:
        if not node.tag:
            return plain(node.text, self.dialect) if node.implicit else node.text
        if node.tag == BINARY:
            return _binary(node)
        try:
            return tagged(node.text, node.tag, self.dialect)
        except Flaw as flaw:
            flaw.line = node.line
            raise

    def mapping(self, node: Node) -> dict[str, Any]:
        out: dict[str, Any] = {}
        self.fill(node, out)
        return out

    def fill(self, node: Node, out: dict[str, Any]) -> None:
        items = node.items
        for index in range(0, len(items), 2):
            key, item = items[index], items[index + 1]
            if is_merge(key):
                self.merge(item, out)
                continue
            name, shown = self.key(key, item)
            value = self.value(item)
            if self.strict and name in out:
                self.faults.append((item.line, f"line {item.line}: key {shown} already set in map"))
                continue
            out[name] = value

    def key(self, node: Node, item: Node) -> tuple[str, str]:
        """A key as a string, and as Go shows it in a message."""
        target = node.target if node.kind == ALIAS else node
        assert target is not None
        if target.kind != SCALAR:
            raise Flaw(f"yaml: invalid map key: {go_syntax(self.value(node), self.map_type())}", node.line)
        self.tick()
        raw = self.scalar(target)
        if isinstance(raw, str):
            return raw, go_quote(raw) if self.strict else ""
        if raw is None:
            raise self.unsupported("%!s(<nil>), key: <nil>", node, item)
        if isinstance(raw, float):
            text = go_float32(raw)
        elif isinstance(raw, bool):
            text = "true" if raw else "false"
        elif raw > HIGHEST:
            raise self.unsupported(f"uint64, key: {hex(raw)}", node, item)
        else:
            text = str(raw)
        return text, text

    def unsupported(self, what: str, node: Node, item: Node) -> Flaw:
        value = self.value(item)
        shown = "<nil>" if value is None else go_syntax(value, self.map_type())
        return Flaw(f"unsupported map key of type: {what}, value: {shown}", node.line)

    def map_type(self) -> str:
        return "map[interface {}]interface {}"

    def merge(self, node: Node, out: dict[str, Any]) -> None:
        # Earlier maps of a list win over later ones, and a merge overwrites the keys written above it: v2 works in order.
        for part in self.parts(node):
            self.tick()
            if part.kind == ALIAS:
                self.open.add(id(part))
                self.fill(part.target or part, out)
                self.open.discard(id(part))
            else:
                self.fill(part, out)

    def parts(self, node: Node) -> list[Node]:
        parts = [node] if node.kind in (MAPPING, ALIAS) else node.items[::-1]
        for part in parts or [node] * (node.kind == SCALAR):
            target = part.target if part.kind == ALIAS else part
            if target is None or target.kind != MAPPING:
                raise Flaw("yaml: map merge requires map or sequence of maps as the value", node.line)
            if id(part) in self.open:
                raise Flaw(f"yaml: anchor '{part.text}' value contains itself", node.line)
        return parts


class _Kyaml(_Decoder):
    """kyaml keeps YAML nodes until the end, then go-yaml v3 makes JSON of them.

    One thing is left to the reader: kustomize fails in the end where a key below the top still is no string.
    """

    def __init__(self, dialect: Dialect, odd: list[int] | None, gaps: list[int] | None, doubles: bool) -> None:
        super().__init__(dialect, True)
        self.brackets = 0
        self.doubles = doubles
        self.odd = odd if odd is not None else []
        self.gaps = gaps if gaps is not None else []

    def scalar(self, node: Node) -> Any:
        # The lone tag "!" does not survive kyaml's way through text.
        if node.tag == "!":
            return plain(node.text, self.dialect)
        # Between brackets a text with a colon is quoted on that way, so a moment stays as it was written.
        if self.brackets and ":" in node.text and not node.tag:
            return node.text
        if self.brackets and not node.text and node.implicit:
            self.gaps.append(node.line)
        return super().scalar(node)

    def value(self, node: Node) -> Any:
        if not node.flow:
            return super().value(node)
        self.brackets += 1
        value = super().value(node)
        self.brackets -= 1
        return value

    def fill(self, node: Node, out: dict[str, Any]) -> None:
        faults = len(self.faults)
        if self.duplicated(node):
            if not self.doubles:
                return
            out[DOUBLED] = self.faults[faults][1]
            self.odd.append(node.line)
            del self.faults[faults:]
        merge: Node | None = None
        items = node.items
        for index in range(0, len(items), 2):
            if is_merge(items[index]):
                merge = items[index + 1]
                continue
            name = self.name(items[index])
            value = self.value(items[index + 1])
            out.setdefault(name, value)
        if merge is not None:
            self.merge(merge, out)

    def name(self, node: Node) -> str:
        """A key by its text, whatever it looks like: a patch may write 6443 where the object has "6443"."""
        target = node.target if node.kind == ALIAS else node
        if target is not None and target.kind == SCALAR and self.is_odd(target):
            self.odd.append(node.line)
            return OddKey(target.text)
        return self.key(node, node)[0]

    def is_odd(self, key: Node) -> bool:
        """Numbers, booleans and null are no strings, nor is a moment, whose text has changed on reading."""
        value = self.scalar(key)
        return not isinstance(value, str) or (not key.tag and value != key.text)

    def duplicated(self, node: Node) -> bool:
        seen: dict[tuple[int, str], list[int]] = {}
        twice = False
        for key in node.items[::2]:
            lines = seen.setdefault((key.kind, key.text), [])
            if lines and key.kind in (SCALAR, ALIAS):
                twice = True
                for line in lines:
                    self.faults.append(
                        (key.line, f"line {key.line}: mapping key {go_quote(key.text)} already defined at line {line}")
                    )
            lines.append(key.line)
        return twice

    def map_type(self) -> str:
        return "map[string]interface {}"

    def parts(self, node: Node) -> list[Node]:
        return super().parts(node)[::-1]


def is_merge(node: Node) -> bool:
    return node.text == "<<" and node.kind == SCALAR and (node.implicit or node.tag == MERGE)


def allowed_ratio(count: int) -> float:
    """The share of ``count`` decoding steps that aliases may cause: 99 % of a small document, 10 % of a very large one."""
    if count <= RATIO_FROM:
        return FREE_RATIO
    if count >= RATIO_TO:
        return LEAST_RATIO
    return FREE_RATIO - (FREE_RATIO - LEAST_RATIO) * (count - RATIO_FROM) / (RATIO_TO - RATIO_FROM)


def json_number(value: Any, node: Node) -> Any:
    """A number after its journey through JSON: a float without a fraction comes back as an integer where 64 bits hold it."""
    if type(value) is float:
        if value != value or value in (float("inf"), float("-inf")):
            shown = "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
            raise Flaw(f"json: unsupported value: {shown}", node.line)
        if value.is_integer() and LOWEST <= (whole := go_integer(value)) <= HIGHEST_UNSIGNED:
            return whole
    return value


def _binary(node: Node) -> str:
    text = node.text.replace("\n", "").replace("\r", "")
    try:
        # Go puts one replacement character for every byte that is not UTF-8, Python one for a run of them.
        return STRAY.sub("\ufffd", base64.b64decode(text, validate=True).decode("utf-8", "surrogateescape"))
    except (binascii.Error, ValueError):
        raise Flaw("yaml: !!binary value contains invalid base64 data", node.line) from None
