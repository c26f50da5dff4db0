from __future__ import annotations

import asyncio
import base64
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from holdfast.sandbox import tls
from holdfast.sandbox.auth.credentials import Signer, TokenSecrets
from holdfast.sandbox.context import Call
from holdfast.sandbox.controllers.facade import Controller
from holdfast.sandbox.controllers.local import LocalFacade
from holdfast.sandbox.resources import Resource
from tests.unit.sandbox.auth.cluster import NOW, Cluster

TYPE = "kubernetes.io/service-account-token"


class Running:
    """A cluster with one of the controllers, driven on the test's loop."""

    def __init__(self, make: Callable[[LocalFacade, Cluster], Controller]) -> None:
        self.cluster = Cluster()
        self.registry = self.cluster.machine.registry
        self.controller = make(LocalFacade(self.registry, lambda: NOW), self.cluster)
        self.controller.start()

    def resource(self, plural: str, group: str = "") -> Resource:
        found = self.registry.catalog.lookup(group, "v1", plural)
        assert found is not None
        return found

    def create(self, resource: Resource, obj: dict[str, Any]) -> None:
        full = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        self.registry.create(Call(NOW), resource, "default" if resource.namespaced else "", full)

    async def settled(self, resource: Resource, key: tuple[str, str]) -> Any:
        for _ in range(20):
            await asyncio.sleep(0)
        record = self.registry.find(resource, key)
        return None if record is None else self.registry.show(resource, record)


@pytest.fixture
def secrets() -> Callable[[], Running]:
    return lambda: Running(lambda facade, cluster: TokenSecrets(facade, cluster.machine.registry.issuer, "CA"))


def secret(account: str) -> dict[str, Any]:
    annotations = {"kubernetes.io/service-account.name": account}
    return {"metadata": {"name": "s", "annotations": annotations}, "type": TYPE}


async def test_a_token_secret_is_filled_and_its_token_is_the_accounts(secrets: Callable[[], Running]) -> None:
    running = secrets()
    running.create(running.resource("serviceaccounts"), {"metadata": {"name": "robot"}})
    running.create(running.resource("secrets"), secret("robot"))
    found = await running.settled(running.resource("secrets"), ("default", "s"))
    data = {key: base64.b64decode(value).decode() for key, value in found["data"].items()}
    assert data["ca.crt"] == "CA" and data["namespace"] == "default"
    claims = running.registry.issuer.read(data["token"], NOW)
    assert claims is not None and (claims.account, claims.bound[0][:2]) == ("robot", ("secret", "s"))
    await running.controller.stop()


async def test_a_token_secret_of_nobody_goes(secrets: Callable[[], Running]) -> None:
    running = secrets()
    running.create(running.resource("secrets"), secret("ghost"))
    assert await running.settled(running.resource("secrets"), ("default", "s")) is None
    await running.controller.stop()


def request(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "jane")])
    wanted = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return wanted.public_bytes(serialization.Encoding.PEM)


async def signed(usages: list[str], conditions: list[dict[str, str]]) -> dict[str, Any]:
    ca = tls.new_ca("test", NOW)
    running = Running(lambda facade, _: Signer(facade, ca))
    resource = running.resource("certificatesigningrequests", "certificates.k8s.io")
    spec = {
        "request": base64.b64encode(request(ec.generate_private_key(ec.SECP256R1()))).decode(),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": usages,
        "expirationSeconds": 3600,
    }
    running.create(resource, {"metadata": {"name": "jane"}, "spec": spec})

    def approve(old: Any) -> Any:
        return {**old, "status": {"conditions": conditions}}

    running.registry.update(Call(NOW), resource, ("", "jane"), approve, subresource="approval")
    found: dict[str, Any] = await running.settled(resource, ("", "jane"))
    await running.controller.stop()
    return found["status"]


APPROVED = {"type": "Approved", "status": "True"}


async def test_an_approved_request_is_signed_for_as_long_as_it_asks() -> None:
    status = await signed(["client auth"], [APPROVED])
    certificate = x509.load_pem_x509_certificate(base64.b64decode(status["certificate"]))
    assert certificate.subject.rfc4514_string() == "CN=jane"
    lasting = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lasting == datetime.timedelta(hours=1, minutes=5)


async def test_a_denied_request_and_one_for_other_usages_are_not_signed() -> None:
    assert "certificate" not in await signed(["client auth"], [{"type": "Denied", "status": "True"}])
    status = await signed(["server auth"], [APPROVED])
    assert "certificate" not in status
    assert status["conditions"][-1]["type"] == "Failed"
