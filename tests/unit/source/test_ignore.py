from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.source.ignore import Pattern, Rules, parse

_SEGMENT = st.sampled_from(["a", "b", "*.md", "**", "a*", "[ab]", "?", "\\*", "", "x.md"])
_LINES = st.builds(
    lambda no, segments, end: no + "/".join(segments) + end,
    st.sampled_from(["", "!"]),
    st.lists(_SEGMENT, min_size=1, max_size=4),
    st.sampled_from(["", "/"]),
)
_PATHS = st.lists(st.sampled_from(["a", "b", "x.md", "ab", "*", "c"]), min_size=1, max_size=4).map("/".join)
_DOMAINS = st.sampled_from([(), ("a",), ("a", "b")])


@given(st.lists(st.tuples(_LINES, _DOMAINS), max_size=5), _PATHS, st.booleans())
def test_the_last_pattern_that_matches_decides_however_few_are_looked_at(
    lines: list[tuple[str, tuple[str, ...]]], path: str, is_directory: bool
) -> None:
    patterns = [Pattern.parse(line, domain) for line, domain in lines]
    deciding = [p for p in patterns if p.matches(path.split("/"), is_directory)]
    assert Rules(patterns).excludes(path, is_directory) == bool(deciding and not deciding[-1].include)


def test_rules_without_patterns_exclude_nothing() -> None:
    assert not Rules(parse("# only a comment\n\n")).excludes("a/b")
