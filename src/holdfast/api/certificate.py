"""A certificate for a door that nobody checks the name of: clients that want encryption, but know no authority."""

from __future__ import annotations

import datetime
import ssl
import tempfile
from pathlib import Path


def self_signed(protocols: list[str]) -> ssl.SSLContext:
    """A server's context with a certificate made for this run. ``protocols`` are offered to the client (ALPN)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "holdfast")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=3650))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(protocols)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with tempfile.TemporaryDirectory() as scratch:
        both = Path(scratch) / "both.pem"
        both.touch(mode=0o600)
        both.write_bytes(certificate.public_bytes(pem) + secret)
        context.load_cert_chain(both)
    return context
