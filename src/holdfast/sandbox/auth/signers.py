"""Who may approve and sign certificate requests, and what nobody may ask for.

In: a write of a signing request or of its approval or status. Out: nothing, or a refusal. Never: certificates.
"""

from __future__ import annotations

import base64
from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext, status
from holdfast.sandbox.auth.attributes import Attributes, Authorizer
from holdfast.sandbox.context import Call
from holdfast.sandbox.identity import User
from holdfast.sandbox.resources import Resource

_GROUP: Final = "certificates.k8s.io"
_CLIENT: Final = "kubernetes.io/kube-apiserver-client"


class Signers:
    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def check(
        self, call: Call, resource: Resource, operation: str, new: Manifest | None, old: Manifest | None, sub: str
    ) -> None:
        """Stands among the validating hooks."""
        if resource.group != _GROUP or resource.plural != "certificatesigningrequests" or new is None:
            return
        name = str(new["metadata"].get("name") or "")
        if operation == "CREATE":
            if new["spec"].get("signerName") == _CLIENT and "system:masters" in _organizations(new["spec"]):
                raise _refusal(name, f"use of {_CLIENT} signer with system:masters group is not allowed")
            return
        verb = _verb(new, old or {}, sub)
        signer = str(((old or new).get("spec") or {}).get("signerName") or "")
        if verb and not self._may(call.user, verb, signer):
            raise _refusal(name, f"user not permitted to {verb} requests with signerName {gotext.quote(signer)}")

    def _may(self, user: User, verb: str, signer: str) -> bool:
        """By the signer's own name, or by all of its domain."""
        names = (signer, f"{signer.partition('/')[0]}/*")
        return any(
            self._authorizer.authorize(Attributes(user, verb, _GROUP, "signers", name=name)).allowed for name in names
        )


def _verb(new: Manifest, old: Manifest, sub: str) -> str:
    if sub == "approval":
        return "approve"
    fields = ("certificate", "conditions")
    after, before = (tuple((o.get("status") or {}).get(field) for field in fields) for o in (new, old))
    return "sign" if sub == "status" and after != before else ""


def _organizations(spec: dict[str, Any]) -> list[str]:
    from cryptography import x509

    request = x509.load_pem_x509_csr(base64.b64decode(spec["request"]))
    return [str(a.value) for a in request.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)]


def _refusal(name: str, why: str) -> status.StatusError:
    return status.forbidden("certificatesigningrequests", _GROUP, name, why)
