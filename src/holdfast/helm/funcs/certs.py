"""Sprig's keys and certificates: genPrivateKey, genCA, genSignedCert and the rest."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable
from typing import Any, ClassVar

from holdfast.helm.funcs.text import decode_base64
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import to_string
from holdfast.helm.go.types import GoStruct, from_bytes, to_bytes
from holdfast.helm.gotemplate.runtime import Frame


class Certificate(GoStruct):
    go_type: ClassVar[str] = "sprig.certificate"
    fields: ClassVar[dict[str, tuple[str, str]]] = {"Cert": ("cert", "string"), "Key": ("key", "string")}
    __slots__ = ("cert", "key")

    def __init__(self, cert: str, key: str) -> None:
        self.cert = cert
        self.key = key


def _generate(kind: str, bits: int = 4096) -> Any:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

    if kind in ("", "rsa"):
        return rsa.generate_private_key(65537, bits)
    if kind == "dsa":
        return dsa.generate_private_key(2048)
    if kind == "ecdsa":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else None


def _pem_of(key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    form = PrivateFormat.PKCS8 if isinstance(key, ed25519.Ed25519PrivateKey) else PrivateFormat.TraditionalOpenSSL
    return str(key.private_bytes(Encoding.PEM, form, NoEncryption()).decode())


def _gen_private_key(kind: str) -> str:
    key = _generate(kind)
    return _pem_of(key) if key is not None else f"Unknown type {kind}"


def pem_block(text: str) -> tuple[str, bytes] | None:
    """The first PEM block: its type and its bytes."""
    import re

    match = re.search(r"-----BEGIN ([^\n]*?)-----[ \t]*\r?\n(.*?)-----END \1-----", text, re.DOTALL)
    if match is None:
        return None
    body = match[2]
    if ":" in body.split("\n", 1)[0]:
        body = body.split("\n\n", 1)[-1]
    try:
        return match[1], decode_base64(to_bytes("".join(body.split())))
    except GoError:
        return None


def _parse_key(text: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    block = pem_block(text)
    if block is None:
        raise GoError("no PEM data in input")
    kind, data = block
    if kind != "PRIVATE KEY" and not kind.endswith(" PRIVATE KEY"):
        raise GoError(f"no private key data in PEM block of type {kind}")
    name = kind.removesuffix("PRIVATE KEY").strip()
    if name not in ("", "RSA", "EC", "DSA"):
        raise GoError(f"invalid private key type {name}")
    try:
        if name == "DSA":
            return load_pem_private_key(to_bytes(text), None)
        return load_der_private_key(data, None)
    except (ValueError, TypeError) as fault:
        words = f"parsing {name} private key from PEM" if name else "decoding PEM as PKCS#8"
        raise GoError(f"{words}: {fault}") from None


def _parse_certificate(text: str) -> Any:
    from cryptography import x509

    block = pem_block(text)
    if block is None:
        raise GoError("unable to decode certificate")
    try:
        return x509.load_der_x509_certificate(block[1])
    except ValueError as fault:
        raise GoError(f"error parsing certificate: decodedCert.Bytes: {fault}") from None


def _build_custom(cert: str, key: str) -> Certificate:
    texts = []
    for what, data in (("certificate", cert), ("private key", key)):
        try:
            texts.append(from_bytes(decode_base64(to_bytes(data.replace("\n", "").replace("\r", "")))))
        except GoError:
            raise GoError(f"unable to decode base64 {what}") from None
    _parse_certificate(texts[0])
    try:
        _parse_key(texts[1])
    except GoError as fault:
        raise GoError(f"error parsing private key: {fault.text}") from None
    return Certificate(*texts)


def _alternative_names(ips: Any, names: Any) -> list[Any]:
    from cryptography import x509

    found: list[Any] = []
    for name in names or ():
        if not isinstance(name, str):
            raise GoError(f"error processing alternate dns name: {to_string(name)} is not a string")
        found.append(x509.DNSName(name))
    addresses: list[Any] = []
    for ip in ips or ():
        if not isinstance(ip, str):
            raise GoError(f"error parsing ip: {to_string(ip)} is not a string")
        try:
            addresses.append(x509.IPAddress(ipaddress.ip_address(ip)))
        except ValueError:
            raise GoError(f"error parsing ip: {ip}") from None
    return found + addresses


class _Issuer:
    """Who signs: a name, a key, and the key id that goes into what it signs."""

    def __init__(self, name: Any, key: Any, key_id: bytes | None) -> None:
        self.name = name
        self.key = key
        self.key_id = key_id


def _common_name(name: str) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])


def _hash_for(key: Any) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _key_usage(ca: bool) -> Any:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True, key_encipherment=True, key_cert_sign=ca, content_commitment=False, data_encipherment=False,
        key_agreement=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _issue(
    f: Frame, cn: str, ips: Any, names: Any, days: int, key: Any, issuer: _Issuer | None, ca: bool
) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID

    subject = _common_name(cn)
    signer = issuer or _Issuer(subject, key, None)
    start = datetime.datetime.fromtimestamp(f.rt.services.clock() // 1_000_000_000, datetime.UTC)
    serial = int.from_bytes(f.rt.services.random(16), "big") >> 1 or 1
    builder = x509.CertificateBuilder(signer.name, subject, key.public_key(), serial, start, _end(start, days))
    builder = builder.add_extension(_key_usage(ca), critical=True)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = builder.add_extension(usage, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if ca:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if signer.key_id:
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(signer.key_id, None, None), critical=False)
    alternatives = _alternative_names(ips, names)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=not cn)
    signed = builder.sign(signer.key, _hash_for(signer.key))
    return Certificate(signed.public_bytes(Encoding.PEM).decode(), _pem_of(key))


def _end(start: datetime.datetime, days: int) -> datetime.datetime:
    try:
        return start + datetime.timedelta(days=days)
    except OverflowError:
        raise GoError("error creating certificate: cannot represent time as GeneralizedTime") from None


def _rsa() -> Any:
    return _generate("rsa", 2048)


def _given(text: str) -> Any:
    try:
        return _parse_key(text)
    except GoError as fault:
        raise GoError(f"parsing private key: {fault.text}") from None


def _signer(ca: Certificate) -> _Issuer:
    from cryptography import x509

    try:
        cert = _parse_certificate(ca.cert)
    except GoError as fault:
        raise GoError(fault.text.replace("decodedCert.", "decodedSignerCert.")) from None
    try:
        key = _parse_key(ca.key)
    except GoError as fault:
        raise GoError(f"error parsing private key: {fault.text}") from None
    try:
        key_id = cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        key_id = None
    return _Issuer(cert.subject, key, key_id)


def _gen_ca(f: Frame, cn: str, days: int) -> Certificate:
    return _issue(f, cn, (), (), days, _rsa(), None, True)


def _gen_ca_with_key(f: Frame, cn: str, days: int, key: str) -> Certificate:
    return _issue(f, cn, (), (), days, _given(key), None, True)


def _gen_self_signed(f: Frame, cn: str, ips: Any, names: Any, days: int) -> Certificate:
    return _issue(f, cn, ips, names, days, _rsa(), None, False)


def _gen_self_signed_with_key(f: Frame, cn: str, ips: Any, names: Any, days: int, key: str) -> Certificate:
    return _issue(f, cn, ips, names, days, _given(key), None, False)


def _gen_signed(f: Frame, cn: str, ips: Any, names: Any, days: int, ca: Certificate) -> Certificate:
    return _issue(f, cn, ips, names, days, _rsa(), _signer(ca), False)


def _gen_signed_with_key(f: Frame, cn: str, ips: Any, names: Any, days: int, ca: Certificate, key: str) -> Certificate:
    return _issue(f, cn, ips, names, days, _given(key), _signer(ca), False)


_L = "[]interface {}"

TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("genPrivateKey", "string", _gen_private_key),
    ("buildCustomCert", "string, string", _build_custom),
)

FRAME_TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("genCA", "string, int", _gen_ca),
    ("genCAWithKey", "string, int, string", _gen_ca_with_key),
    ("genSelfSignedCert", f"string, {_L}, {_L}, int", _gen_self_signed),
    ("genSelfSignedCertWithKey", f"string, {_L}, {_L}, int, string", _gen_self_signed_with_key),
    ("genSignedCert", f"string, {_L}, {_L}, int, sprig.certificate", _gen_signed),
    ("genSignedCertWithKey", f"string, {_L}, {_L}, int, sprig.certificate, string", _gen_signed_with_key),
)
