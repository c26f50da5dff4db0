"""The sandbox's certificates pass the strictest of clients."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from holdfast.sandbox import tls

NOW = datetime.datetime.now(datetime.UTC)


def handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    there = server.wrap_bio(to_server, to_client, server_side=True)
    done: set[ssl.SSLObject] = set()
    while len(done) < 2:
        for side in (here, there):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                continue


def test_strict_clients_and_servers_accept_them(tmp_path: Path) -> None:
    ca = tls.new_ca("sandbox", NOW)
    server = tls.server_context(tls.new_server(ca, ["localhost", "127.0.0.1"], NOW), ca, tmp_path)
    own = tls.new_client(ca, "alice", ["system:masters"], NOW)
    (tmp_path / "client.pem").write_bytes(own.certificate + own.key)
    client = ssl.create_default_context(cadata=ca.certificate.decode())
    client.load_cert_chain(tmp_path / "client.pem")
    for context in (client, server):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    handshake(client, server)


def test_signed_requests_name_their_authority() -> None:
    ca, key = tls.new_ca("sandbox", NOW), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bob")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = tls.sign_request(
        ca, request.public_bytes(serialization.Encoding.PEM), datetime.timedelta(hours=1), NOW, server=False
    )
    found = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    authority = x509.load_pem_x509_certificate(ca.certificate)
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert found.value.key_identifier == own.value.digest
