"""The XML of S3 servers."""

from __future__ import annotations

import pytest

from holdfast.source.s3_answers import NotXML, Page, location, page, parse


def test_a_page_has_keys_and_etags_without_quotes_whatever_the_order_of_its_elements() -> None:
    text = b"""<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated>
    <Contents><ETag>&quot;e1&quot;</ETag><Key>a+b%2Bc/%C3%A4</Key></Contents>
    <Contents><Key>d</Key><ETag>e2</ETag></Contents>
    <NextContinuationToken>t/1=</NextContinuationToken><EncodingType>url</EncodingType></ListBucketResult>"""
    assert page(text) == Page((("a b+c/\xe4", "e1"), ("d", "e2")), "t/1=")


def test_keys_are_literal_where_the_server_did_not_encode_them() -> None:
    text = b"<ListBucketResult><Contents><Key>a+b%20c</Key><ETag>e</ETag></Contents></ListBucketResult>"
    assert page(text) == Page((("a+b%20c", "e"),), None)


def test_a_truncated_page_that_does_not_say_how_to_go_on_is_refused() -> None:
    with pytest.raises(NotXML, match="continuation token"):
        page(b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")


@pytest.mark.parametrize(
    "text",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>',
        b"<a><b></a>",
        b"not found",
        b"",
    ],
)
def test_entities_and_what_is_no_document_are_refused(text: bytes) -> None:
    with pytest.raises(NotXML):
        parse(text)


def test_old_and_empty_names_of_regions_are_understood() -> None:
    texts = ("<L/>", "<L>EU</L>", "<L>eu-central-1</L>")
    assert [location(t.encode()) for t in texts] == ["us-east-1", "eu-west-1", "eu-central-1"]
