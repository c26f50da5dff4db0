"""Every namespace gets the ServiceAccount ``default``, and gets it back.

So does the ConfigMap ``kube-root-ca.crt``, which pods need: it is published where pods are simulated (in Kubernetes that is a
controller of its own too).
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.facade import Change, Controller, Facade, Refused

_BUNDLE = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
)


class ServiceAccountController(Controller):
    name = "serviceaccount"

    def __init__(self, facade: Facade, ca_bundle: str | None) -> None:
        """``ca_bundle`` None: none is published."""
        super().__init__(facade)
        self._ca = ca_bundle

    def changed(self, change: Change) -> None:
        meta = change.object["metadata"]
        if change.resource == "namespaces" and not change.deleted:
            self.enqueue(meta["name"])
        elif (change.resource, meta["name"]) in (("serviceaccounts", "default"), ("configmaps", _BUNDLE)):
            self.enqueue(meta["namespace"])

    async def work(self, key: Any) -> None:
        namespace = self.facade.get("namespaces", "", key)
        if namespace is None or namespace["metadata"].get("deletionTimestamp"):
            return
        if self.facade.get("serviceaccounts", key, "default") is None:
            head = {"name": "default", "namespace": key}
            await self._made("serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": head})
        if self._ca is not None:
            await self._publish(key, self._ca)

    async def _publish(self, key: str, ca: str) -> None:
        bundle = self.facade.get("configmaps", key, _BUNDLE)
        wanted = {"ca.crt": ca}
        if bundle is None:
            head = {
                "name": _BUNDLE,
                "namespace": key,
                "annotations": {"kubernetes.io/description": _DESCRIPTION},
            }
            await self._made("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": wanted})
        elif bundle.get("data") != wanted and not bundle["metadata"].get("deletionTimestamp"):
            await self.facade.update("configmaps", {**bundle, "data": wanted}, manager="sandbox-serviceaccount")

    async def _made(self, resource: str, obj: Manifest) -> None:
        try:
            await self.facade.create(resource, obj, manager="sandbox-serviceaccount")
        except Refused as error:
            if error.reason != "AlreadyExists":
                raise
