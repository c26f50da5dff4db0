"""Which resources a patch or replacement is for: anchored regular expressions and label selectors.

Source: kustomize ``types/selector.go``; Kubernetes ``labels.Parse``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from holdfast.base.lazy import pattern
from holdfast.base.record import Record
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.ids import id_text, split_api_version
from holdfast.kustomize.resource import Resource

if TYPE_CHECKING:
    from holdfast.kube.selectors import LabelSelector

Matcher = Callable[[str], bool]
_LITERAL = pattern(r"[A-Za-z0-9_/ :-]*")


def matcher(pattern: str) -> Matcher | None:
    """A whole-text match; None where there is no pattern, which matches everything."""
    if not pattern:
        return None
    if _LITERAL.fullmatch(pattern):
        return pattern.__eq__
    return go_regex(f"^(?:{pattern})$").search_text


class GoRegex(Record):
    compiled: Any

    def search_text(self, text: str) -> bool:
        return self.compiled.search(text) is not None


def go_regex(pattern: str) -> GoRegex:
    """A regular expression with Go's syntax and linear time (RE2)."""
    if _SIMPLE.fullmatch(pattern):
        return GoRegex(re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern))
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return GoRegex(re2.compile(pattern, options))
    except re2.error as err:
        text = err.args[0].decode() if err.args and isinstance(err.args[0], bytes) else str(err)
        raise KustomizeError(f"error parsing regexp: {_go_problem(text)}") from None


def _go_problem(text: str) -> str:
    """RE2's complaint in Go's words."""
    what, _, where = text.partition(": ")
    words = {
        "missing )": "missing closing )",
        "missing ]": "missing closing ]",
        "no argument for repetition operator": "missing argument to repetition operator",
        "bad repetition operator": "invalid nested repetition operator",
        "invalid perl operator": "invalid or unsupported Perl syntax",
        "invalid repetition size": "invalid repeat count",
    }
    return f"{words.get(what, what)}: `{where}`"


# Patterns without nested repetition mean the same in Python and cannot run away; they save loading RE2.
_SIMPLE = pattern(r"\^?(?:\(\?:)?(?:[A-Za-z0-9_/:@=-]|\.[*+]|\\\.|\||\.)*\)?\$?")


class Selector(Record):
    """``select``, ``reject`` or ``target``: every given part has to match."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    label_selector: str = ""
    annotation_selector: str = ""

    @classmethod
    def of(cls, spec: dict[str, Any]) -> Selector:
        return cls(
            spec.get("group", ""),
            spec.get("version", ""),
            spec.get("kind", ""),
            spec.get("name", ""),
            spec.get("namespace", ""),
            spec.get("labelSelector", ""),
            spec.get("annotationSelector", ""),
        )

    @property
    def names_nothing(self) -> bool:
        return not (self.group or self.version or self.kind or self.name or self.namespace)

    def __str__(self) -> str:
        api_version = f"{self.group}/{self.version}" if self.group else self.version
        ident = id_text(api_version, self.kind, self.name, self.namespace)
        return f"{ident}:a={self.annotation_selector}:l={self.label_selector}"


class CompiledSelector:
    """A selector ready to be asked often. Raises KustomizeError where an expression is wrong."""

    def __init__(self, selector: Selector) -> None:
        self.selector = selector
        self._group, self._version, self._kind = (
            matcher(selector.group),
            matcher(selector.version),
            matcher(selector.kind),
        )
        self._name, self._namespace = matcher(selector.name), matcher(selector.namespace)
        self._labels: LabelSelector | None = None
        self._annotations: LabelSelector | None = None

    def gvk(self, group: str, version: str, kind: str) -> bool:
        return (
            (self._kind is None or self._kind(kind))
            and (self._group is None or self._group(group))
            and (self._version is None or self._version(version))
        )

    def name(self, name: str) -> bool:
        return self._name is None or self._name(name)

    def namespace(self, namespace: str) -> bool:
        return self._namespace is None or self._namespace(namespace)

    def texts(self, resource: Resource) -> bool:
        """Whether labels and annotations match."""
        if self.selector.label_selector:
            if self._labels is None:
                self._labels = parse_requirements(self.selector.label_selector)
            if not self._labels.matches(resource.labels()):
                return False
        if self.selector.annotation_selector:
            if self._annotations is None:
                self._annotations = parse_requirements(self.selector.annotation_selector)
            if not self._annotations.matches(resource.annotations()):
                return False
        return True

    def select(self, resources: Iterable[Resource]) -> list[Resource]:
        """Those whose current or original name and namespace match, and the rest of the selector too."""
        return [r for r in resources if self._selects(r)]

    def _selects(self, resource: Resource) -> bool:
        api_version, kind = resource.type_meta()
        group, version = split_api_version(api_version)
        if not self.gvk(group, version, kind):
            return False
        if self._name is not None and not self._name(resource.name):
            first = resource.previous[0] if resource.previous else None
            if first is None or not self._name(first.name):
                return False
        if self._namespace is not None and not self._namespace(resource.effective_namespace):
            first = resource.previous[0] if resource.previous else None
            if first is None or not self._namespace(first.namespace or "default"):
                return False
        return self.texts(resource)


def parse_requirements(text: str) -> LabelSelector:
    """A label selector: ``a=b, c!=d, e in (f,g), h notin (i), j, !k, l>1``. Raises KustomizeError."""
    # Imported at need: few kustomizations select by labels.
    from holdfast.kube.selectors import SelectorError, parse_labels

    try:
        return parse_labels(text)
    except SelectorError as err:
        message = err.message
    for newer, older in _OLDER_WORDS:
        message = re.sub(newer, older, message)
    raise KustomizeError(message)


_OLDER_WORDS = (
    (r"<nil>: Invalid value: (.*?): ", r"invalid label key \1: "),
    (r"values\[0\]: Invalid value: .*?: ", ""),
    (r"values\[\d+\]\[(.*?)\]: Invalid value: (.*?): ", r'invalid label value: \2: at key: "\1": '),
    ("a valid label key must", "a qualified name must"),
    (r"expected: in, notin, =, ==, !=, gt, lt$", "expected: '=', '!=', '==', 'in', notin'"),
)
"""kustomize carries an older parser, which says the same in other words."""
