from __future__ import annotations

import base64
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unit.sandbox.auth.cluster import Cluster, rule

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
GROUP = "certificates.k8s.io"


def request(organization: str, signer: str) -> dict[str, Any]:
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization)])
    key = ec.generate_private_key(ec.SECP256R1())
    wanted = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    text = base64.b64encode(wanted.public_bytes(serialization.Encoding.PEM)).decode()
    return {"metadata": {"name": "r"}, "spec": {"request": text, "signerName": signer, "usages": ["client auth"]}}


def test_nobody_asks_for_a_certificate_of_the_masters() -> None:
    answer = Cluster().send("POST", REQUESTS, request("system:masters", "kubernetes.io/kube-apiserver-client"))
    assert answer.code == 403
    assert answer.message.endswith(
        "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
    )


def test_approval_needs_the_right_to_the_signer_or_its_domain() -> None:
    cluster = Cluster()
    cluster.made(REQUESTS, request("dev", "example.com/own"))
    cluster.grant("al", rule("patch", "certificatesigningrequests/approval", GROUP), name="a", namespace="")
    patch = {"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "R", "message": "m"}]}}

    def approve() -> tuple[int, Any]:
        path, media = f"{REQUESTS}/r/approval", "application/merge-patch+json"
        answer = cluster.send("PATCH", path, patch, as_="al", media=media)
        return answer.code, answer.body.get("message")

    code, message = approve()
    assert code == 403
    assert message.endswith('user not permitted to approve requests with signerName "example.com/own"')
    cluster.grant("al", rule("approve", "signers", GROUP, resourceNames=["example.com/*"]), name="b", namespace="")
    assert approve()[0] == 200
