"""How much a template may make: the size of texts and lists, the size of values that are walked through, the cost of functions.

Everything is counted in steps, the unit of a render's bound, so that no function can be used to spend more than a render may.
"""

from __future__ import annotations

from typing import Any

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import GoSlice

MAX_TEXT = 32_000_000
MAX_LIST = 5_000_000
MAX_PARTS = 1_000_000
# Longer texts than real charts have are counted as what they are: seconds of work.
_CHEAP = 1_000_000
# Below this nothing is counted.
LARGE = 10_000
SIZED = frozenset((str, list, GoSlice))

# Functions that walk through the values they are given, however often a part is in them.
WALKERS = frozenset((
        "toYaml", "mustToYaml", "toYamlPretty", "toJson", "mustToJson", "toPrettyJson", "mustToPrettyJson", "toRawJson",
        "mustToRawJson", "toToml", "mustToToml", "deepCopy", "mustDeepCopy", "deepEqual", "merge", "mustMerge",
        "mergeOverwrite", "mustMergeOverwrite", "print", "printf", "println", "quote", "squote", "toString", "toStrings",
        "cat", "join", "html", "js", "urlquery", "eq", "ne", "has", "mustHas", "without", "mustWithout", "uniq",
        "mustUniq", "sortAlpha", "regexMatch", "mustRegexMatch", "regexFind", "mustRegexFind", "regexFindAll",
        "mustRegexFindAll", "regexReplaceAll", "mustRegexReplaceAll", "regexReplaceAllLiteral",
        "mustRegexReplaceAllLiteral", "regexSplit", "mustRegexSplit", "fromYaml", "fromYamlArray", "fromJson",
        "fromJsonArray", "fromToml", "mustFromJson", "wrap", "wrapWith", "splitList", "split", "splitn", "title",
        "untitle", "snakecase", "camelcase", "kebabcase", "swapcase", "initials", "shuffle",
))  # fmt: skip
# Steps of functions that take tens of milliseconds.
COSTS = {
    "genCA": 700_000,
    "genCAWithKey": 20_000,
    "genSelfSignedCert": 700_000,
    "genSelfSignedCertWithKey": 20_000,
    "genSignedCert": 700_000,
    "genSignedCertWithKey": 20_000,
    "genPrivateKey": 700_000,
    "bcrypt": 250_000,
    "htpasswd": 250_000,
    "derivePassword": 250_000,
}


def size_steps(value: Any) -> int:
    """What making a large text or list costs. Raises GoError for one that is too large."""
    size = len(value)
    if type(value) is str:
        if size > MAX_TEXT:
            raise GoError(f"a text of more than {MAX_TEXT} characters")
        return size >> 6
    if size > MAX_LIST:
        raise GoError(f"a list of more than {MAX_LIST} items")
    return size >> 2


def text_steps(name: str, text: str) -> int:
    """What a pattern over a long text costs beside its walk: every match is work of its own."""
    return len(text) << 3 if ("egex" in name or name == "shuffle") and len(text) > LARGE else 0


def weight_steps(values: Any) -> int:
    """What walking through values costs. Raises GoError for what is too large or contains itself."""
    parts = characters = 0
    rest = [values]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            rest.extend(value.values())
        elif isinstance(value, (list, tuple)):
            rest.extend(value)
        elif isinstance(value, str):
            characters += len(value)
        parts += 1
        if parts > MAX_PARTS or characters > MAX_TEXT or len(rest) > MAX_PARTS * 5:
            raise GoError(f"the value has more than {MAX_PARTS} parts or {MAX_TEXT} characters, or contains itself")
    return (parts << 2 if parts > 100 else 0) + (characters >> 4) + (max(0, characters - _CHEAP) << 1)
