"""What is read out of Secrets."""

from __future__ import annotations

import base64

import pytest

from holdfast.dialects.flux.secret_data import CredentialsInvalid, Trust, basic_auth, proxy_url, trust

PEM = "-----BEGIN CERTIFICATE-----\n" + base64.b64encode(b"\x30\x03abc").decode() + "\n-----END CERTIFICATE-----\n"


def test_a_proxy_gets_its_user_and_password() -> None:
    data = {"address": b"http://proxy:3128", "username": b"u", "password": b"p@ss"}
    assert proxy_url(data, "ns/p") == "http://u:p%40ss@proxy:3128"
    assert proxy_url({"address": b"socks5://proxy:1"}, "ns/p") == "socks5://proxy:1"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"a": b"b"}, "secret 'ns/p': key 'address' not found"),
        ({"address": b""}, "secret 'ns/p': proxy address is empty"),
        (
            {"address": b"ftp://x"},
            "secret 'ns/p': proxy URL must use one of the supported schemes (http, https, socks5), got 'ftp'",
        ),
    ],
)
def test_a_proxy_without_an_address_is_told(data: dict[str, bytes], words: str) -> None:
    with pytest.raises(CredentialsInvalid) as caught:
        proxy_url(data, "ns/p")
    assert caught.value.message == words


def test_trust_is_read_from_either_generation_of_keys() -> None:
    assert trust({"caFile": PEM.encode()}, "ns/c") == Trust(ca=PEM)
    pair = {"tls.crt": PEM.encode(), "tls.key": PEM.encode()}
    assert trust(pair, "ns/c") == Trust(certificate=PEM, key=PEM)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"a": b"b"}, "secret 'ns/c' must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'"),
        ({"tls.crt": b"x"}, "secret 'ns/c' contains 'tls.crt' but missing 'tls.key'"),
        ({"tls.key": b"x"}, "secret 'ns/c' contains 'tls.key' but missing 'tls.crt'"),
        ({"ca.crt": b"nonsense"}, "failed to parse CA certificate"),
        (
            {"tls.crt": b"x", "tls.key": b"y"},
            "failed to parse TLS certificate and key: tls: failed to find any PEM data in certificate input",
        ),
    ],
)
def test_trust_that_is_none_is_told(data: dict[str, bytes], words: str) -> None:
    with pytest.raises(CredentialsInvalid) as caught:
        trust(data, "ns/c")
    assert caught.value.message == words


def test_a_user_needs_a_password_and_the_other_way_round() -> None:
    assert basic_auth({"username": b"u", "password": b"p"}, "ns/s") == ("u", "p")
    assert basic_auth({}, "ns/s") == ("", "")
    with pytest.raises(CredentialsInvalid, match="malformed basic auth - has 'password' but missing 'username'"):
        basic_auth({"password": b"p"}, "ns/s")
