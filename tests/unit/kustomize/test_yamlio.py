"""Streams of documents: told apart quickly where nothing needs thought, and then as they always are."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from holdfast.kustomize.yamlio import _plain_documents, split_documents

STREAMS = st.lists(st.sampled_from([b"\n", b"---", b"a: b", b" ", b"# c"]), max_size=10).map(b"".join)


@given(STREAMS)
@example(b"a: b\n---\n---\nc: d\n")
def test_the_quick_way_tells_the_same_documents_apart(stream: bytes) -> None:
    assert _plain_documents(stream) in (None, split_documents(stream))


def test_it_takes_streams_whose_separators_stand_alone() -> None:
    assert _plain_documents(b"a: b\n---\nc: d\n") == [b"a: b\n", b"c: d\n"]
    assert _plain_documents(b"a: b\n--- # c\nc: d\n") is None
