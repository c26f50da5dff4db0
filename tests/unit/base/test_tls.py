"""Whom a client of TLS trusts."""

from __future__ import annotations

import ssl

from holdfast.base.tls import client_context


def test_certificates_and_names_are_verified_and_key_identifiers_are_not_demanded() -> None:
    context = client_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
