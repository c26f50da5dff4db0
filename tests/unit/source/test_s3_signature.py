"""Signatures against the examples in Amazon's documentation of S3."""

from __future__ import annotations

import pytest

from holdfast.source.s3_signature import NO_BODY, Keys, authorization

KEYS = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
HOST = "https://examplebucket.s3.amazonaws.com"
HEADERS = {"x-amz-content-sha256": NO_BODY, "x-amz-date": "20130524T000000Z"}


@pytest.mark.parametrize(
    ("url", "more", "signature"),
    [
        (
            f"{HOST}/test.txt",
            {"Range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (f"{HOST}/?lifecycle", {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (f"{HOST}/?prefix=J&max-keys=2", {}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_a_documented_request_has_the_documented_signature(url: str, more: dict[str, str], signature: str) -> None:
    found = authorization("GET", url, {**more, **HEADERS}, KEYS, "us-east-1")
    names = "host;range;x-amz-content-sha256;x-amz-date" if more else "host;x-amz-content-sha256;x-amz-date"
    assert found == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


def test_keys_do_not_show_their_secret() -> None:
    assert KEYS.secret not in repr(KEYS)
