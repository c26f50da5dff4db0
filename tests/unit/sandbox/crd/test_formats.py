"""Formats of strings, as the API server judges them."""

import pytest

from holdfast.sandbox.crd.formats import fits

GOOD = {
    "date-time": ["2020-01-01T00:00:00Z", "2020-01-01t00:00:00.5+01:00"],
    "date": ["2020-02-29"],
    "duration": ["1h30m", "0", "-1.5h", "2 days", "3 weeks", "1x 2 days"],
    "ipv4": ["1.2.3.4", "01.2.3.4", "::ffff:1.2.3.4"],
    "ipv6": ["::1", "::ffff:1.2.3.4"],
    "cidr": ["10.0.0.0/8", "2001:db8::/32"],
    "uri": ["http://a/b", "/x"],
    "email": ["a@b.c", "Name <a@b>"],
    "hostname": ["a", "a-b.example.com", "1a.co"],
    "mac": ["01:02:03:04:05:06", "01-02-03-04-05-06", "0102.0304.0506"],
    "uuid4": ["123e4567-e89b-42d3-a456-426614174000"],
    "byte": ["YWJj", "YQ=="],
    "isbn": ["0-306-40615-2", "978-3-16-148410-0"],
    "creditcard": ["4111 1111 1111 1111"],
    "ssn": ["111-11-1111"],
    "hexcolor": ["#fff", "a0b1c2"],
    "rgbcolor": ["rgb(0, 10, 255)"],
    "bsonobjectid": ["507f1f77bcf86cd799439011"],
    "password": ["anything"],
    "made-up": ["anything"],
}
BAD = {
    "date-time": ["2020-01-01", "2020-01-01T25:00:00Z", "2020-01-01 00:00:00Z"],
    "date": ["2020-02-30", "2020-1-1"],
    "duration": ["", "abc", "1x"],
    "ipv4": ["1.2.3", "x", "::1"],
    "ipv6": ["1.2.3.4", "fe80::1%eth0"],
    "cidr": ["10.0.0.0", "10.0.0.0/33"],
    "uri": ["x"],
    "email": ["a"],
    "hostname": ["-a.com", "a_b", "a.b-"],
    "mac": ["01:02"],
    "uuid4": ["123e4567-e89b-12d3-a456-426614174000"],
    "byte": ["", "a", "YW-j"],
    "isbn": ["0-306-40615-3"],
    "creditcard": ["4111 1111 1111 1112"],
    "ssn": ["111111111"],
    "hexcolor": ["#ggg"],
    "rgbcolor": ["rgb(0,0,256)"],
    "bsonobjectid": ["x"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in GOOD.items() for text in texts])
def test_a_text_fits_its_format(name: str, text: str) -> None:
    assert fits(name, text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_a_text_does_not_fit_its_format(name: str, text: str) -> None:
    assert not fits(name, text)
