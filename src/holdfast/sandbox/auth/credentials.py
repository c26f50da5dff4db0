"""Credentials that appear by themselves: token Secrets of service accounts, and certificates of approved signing requests.

In: changes of Secrets, ServiceAccounts and CertificateSigningRequests. Out: their data and status filled in. Never: approval.
"""

from __future__ import annotations

import base64
import datetime
from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.facade import Change, Controller, Facade, key_of
from holdfast.sandbox.tls import Pair, sign_request
from holdfast.sandbox.tokens import ISSUER, TokenIssuer

_TOKEN: Final = "kubernetes.io/service-account-token"
_NAME: Final = "kubernetes.io/service-account.name"
_UID: Final = "kubernetes.io/service-account.uid"
_FOREVER: Final = 10 * 365 * 24 * 3600
_YEAR: Final = 365 * 24 * 3600
_REQUESTS: Final = "certificatesigningrequests.certificates.k8s.io"
_CLIENT: Final = {"client auth"}
_SERVER: Final = {"server auth"}
_ANY: Final = {"digital signature", "key encipherment"}
_SIGNERS: Final = {
    "kubernetes.io/kube-apiserver-client": _CLIENT,
    "kubernetes.io/kube-apiserver-client-kubelet": _CLIENT,
    "kubernetes.io/kubelet-serving": _SERVER,
}
"""The signers of a cluster and what they sign for; others are somebody else's."""


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class TokenSecrets(Controller):
    """Fills Secrets of type service-account-token; without their account they go."""

    name = "token-secrets"

    def __init__(self, facade: Facade, issuer: TokenIssuer, ca: str) -> None:
        super().__init__(facade)
        self._issuer = issuer
        self._ca = ca
        self._secrets: set[tuple[str, str]] = set()

    def changed(self, change: Change) -> None:
        if change.resource == "secrets" and change.object.get("type") == _TOKEN:
            key = key_of(change.object)
            if change.deleted:
                self._secrets.discard(key)
            else:
                self._secrets.add(key)
                self.enqueue(key)
        elif change.resource == "serviceaccounts":
            for key in self._secrets:
                if key[0] == key_of(change.object)[0]:
                    self.enqueue(key)

    async def work(self, key: Any) -> None:
        secret = self.facade.get("secrets", *key)
        if secret is None or secret.get("type") != _TOKEN or secret["metadata"].get("deletionTimestamp"):
            return
        annotations = secret["metadata"].get("annotations") or {}
        account = self.facade.get("serviceaccounts", key[0], annotations.get(_NAME) or "")
        if account is None or annotations.get(_UID, account["metadata"]["uid"]) != account["metadata"]["uid"]:
            await self.facade.delete("secrets", *key, uid=secret["metadata"]["uid"])
            return
        wanted = self._filled(secret, account)
        if wanted != secret:
            await self.facade.update("secrets", wanted, manager="sandbox-token-secrets")

    def _filled(self, secret: Manifest, account: Manifest) -> Manifest:
        data = dict(secret.get("data") or {})
        data.setdefault("ca.crt", _encoded(self._ca))
        data.setdefault("namespace", _encoded(secret["metadata"]["namespace"]))
        if not data.get("token"):
            bound = {"kind": "Secret", "name": secret["metadata"]["name"], "uid": secret["metadata"]["uid"]}
            data["token"] = _encoded(self._issuer.issue(account, [ISSUER], _FOREVER, self.now(), [bound]))
        annotations = {**(secret["metadata"].get("annotations") or {}), _UID: account["metadata"]["uid"]}
        return {**secret, "metadata": {**secret["metadata"], "annotations": annotations}, "data": data}


class Signer(Controller):
    """Signs approved requests to the cluster's own signers with the sandbox's authority."""

    name = "signer"

    def __init__(self, facade: Facade, ca: Pair) -> None:
        super().__init__(facade)
        self._ca = ca

    def changed(self, change: Change) -> None:
        if change.resource == _REQUESTS and not change.deleted:
            self.enqueue(change.object["metadata"]["name"])

    async def work(self, key: Any) -> None:
        request = self.facade.get(_REQUESTS, "", key)
        if request is None or not _ready(request):
            return
        spec, status = request["spec"], dict(request.get("status") or {})
        problem = _problem(spec)
        if problem:
            failed = {"type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": problem}
            stamp = self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            failed |= {"lastUpdateTime": stamp, "lastTransitionTime": stamp}
            status["conditions"] = [*(status.get("conditions") or ()), failed]
        else:
            lasting = datetime.timedelta(seconds=spec.get("expirationSeconds") or _YEAR)
            serving = set(spec["usages"]) & _SERVER
            signed = sign_request(
                self._ca, base64.b64decode(spec["request"]), lasting, self.now(), server=bool(serving)
            )
            status["certificate"] = base64.b64encode(signed).decode()
        await self.facade.update(
            _REQUESTS, {**request, "status": status}, manager="sandbox-signer", subresource="status"
        )


def _ready(request: Manifest) -> bool:
    status = request.get("status") or {}
    kinds = {c.get("type") for c in status.get("conditions") or ()}
    return (
        request["spec"].get("signerName") in _SIGNERS
        and not status.get("certificate")
        and "Approved" in kinds
        and not kinds & {"Denied", "Failed"}
    )


def _problem(spec: Manifest) -> str:
    needed, usages = _SIGNERS[spec["signerName"]], set(spec.get("usages") or ())
    if not needed <= usages or usages - needed - _ANY:
        return f"invalid usage for {spec['signerName']}: {' '.join(sorted(usages))}"
    return ""
