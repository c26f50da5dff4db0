"""Whose rights and which cluster a unit acts with: our own, a service account's, or those of a kubeconfig."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError, RetryLater
from holdfast.cluster.client import Client
from holdfast.cluster.config import ClusterConfig, ConfigError, from_bytes
from holdfast.cluster.errors import NotFound
from holdfast.cluster.watches import Watches
from holdfast.kube import yaml
from holdfast.kube.refs import ObjectRef
from holdfast.kube.yaml import YAMLError
from holdfast.model.delivery import Ownership, Target
from holdfast.reconcile.live import ClusterState


class TargetError(RetryLater):
    """No client for the unit's cluster or account."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A cluster's state, and the client to write with."""

    state: ClusterState
    client: Client


class Targets:
    """Opens remote clusters when they are first needed and keeps them; ``close`` ends them."""

    def __init__(self, home: ClusterState, owner: Ownership, clock: Clock) -> None:
        self.home = home
        self._owner = owner
        self._clock = clock
        self._remote: dict[str, ClusterState] = {}

    @property
    def states(self) -> list[ClusterState]:
        return [self.home, *self._remote.values()]

    async def close(self) -> None:
        for state in self._remote.values():
            await state.watches.__aexit__()
            await state.client.close()
        self._remote.clear()

    async def reach(self, target: Target, namespace: str) -> Reach:
        """Raises `TargetError`."""
        state = self.home
        if target.kubeconfig_secret:
            state = await self._open(await self._kubeconfig(target, namespace))
        elif target.kubeconfig_config_map:
            state = await self._open_as(await self._described(target.kubeconfig_config_map, namespace), namespace)
        client = state.client
        if target.service_account:
            client = client.impersonating(f"system:serviceaccount:{namespace}:{target.service_account}")
        return Reach(state, client)

    async def can_impersonate(self, target: Target, namespace: str) -> bool:
        """False when the account that a unit acts as, or its kubeconfig, is gone."""
        client = self.home.client
        try:
            if target.kubeconfig_secret:
                await client.get(ObjectRef("", "Secret", namespace, target.kubeconfig_secret))
            elif target.kubeconfig_config_map:
                await client.get(ObjectRef("", "ConfigMap", namespace, target.kubeconfig_config_map))
            elif target.service_account:
                await client.get(ObjectRef("", "ServiceAccount", namespace, target.service_account))
        except NotFound:
            return False
        return True

    async def _kubeconfig(self, target: Target, namespace: str) -> bytes:
        name = f"{namespace}/{target.kubeconfig_secret}"
        try:
            secret = await self.home.client.get(ObjectRef("", "Secret", namespace, target.kubeconfig_secret))
        except HoldfastError as error:
            raise TargetError(f"unable to read KubeConfig secret '{name}' error: {error.message}") from error
        data: dict[str, Any] = secret.get("data") or {}
        keys = (target.kubeconfig_key,) if target.kubeconfig_key else ("value", "value.yaml")
        found = next((data[k] for k in keys if k in data), None)
        if found is None:
            raise TargetError(f"KubeConfig secret '{name}' does not contain a '{keys[0]}' key with a kubeconfig")
        return base64.b64decode(found)

    async def _open(self, kubeconfig: bytes) -> ClusterState:
        return await self._kept(hashlib.sha256(kubeconfig).hexdigest(), lambda: _config(kubeconfig))

    async def _described(self, name: str, namespace: str) -> dict[str, str]:
        """What a ConfigMap says of a cluster."""
        try:
            found = await self.home.client.get(ObjectRef("", "ConfigMap", namespace, name))
        except HoldfastError as error:
            raise TargetError(f"failed to get configmap {namespace}/{name}: {error.message}") from error
        return {str(k): str(v) for k, v in (found.get("data") or {}).items()}

    async def _open_as(self, data: dict[str, str], namespace: str) -> ClusterState:
        """With a service account's token, which the other cluster has to trust; it is renewed before it runs out."""
        provider, address, account = (data.get(k, "") for k in ("provider", "address", "serviceAccountName"))
        if provider not in ("generic", *_CLOUDS):
            raise TargetError(f"provider '{provider}' not implemented")
        if provider != "generic":
            raise TargetError(
                f"provider '{provider}' of a kubeConfig.configMapRef needs a cloud's credentials, which are not supported: "
                "use provider generic, or secretRef"
            )
        if not address:
            raise TargetError("failed to create REST config: cluster address is required to create a REST config")
        if not account:
            raise TargetError("serviceAccountName is required in the ConfigMap of kubeConfig.configMapRef")
        audiences = [a.strip() for a in data.get("audiences", "").splitlines() if a.strip()] or [address]
        home = self.home.client

        async def token() -> tuple[str, float]:
            found, expires = await home.account_token(namespace, account, audiences)
            return found, datetime.fromisoformat(expires).timestamp()

        server = address if "://" in address else f"https://{address}"
        config = ClusterConfig(server=server, ca=data.get("ca.crt", "").encode(), token_source=token)
        key = hashlib.sha256(repr((namespace, sorted(data.items()))).encode()).hexdigest()
        return await self._kept(key, lambda: config)

    async def _kept(self, key: str, make: Callable[[], ClusterConfig]) -> ClusterState:
        state = self._remote.get(key)
        if state is None:
            client = Client(make(), clock=self._clock)
            watches = Watches(client, clock=self._clock)
            await watches.__aenter__()
            state = self._remote[key] = ClusterState(client, watches, self._owner, self._clock)
            state.drifted = self.home.drifted
        return state


_CLOUDS = ("aws", "azure", "gcp")
_EMPTY = "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable"
_NOT_A_MAPPING = (
    "couldn't get version/kind; json parse error: json: cannot unmarshal {kind} into Go value of type struct "
    '{{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }}'
)


def _config(kubeconfig: bytes) -> ClusterConfig:
    try:
        found = yaml.load(kubeconfig) or {}
        if isinstance(found, dict) and not found.get("current-context"):
            raise TargetError(_EMPTY)
        if not isinstance(found, dict):
            kind = {list: "array", str: "string", bool: "bool"}.get(type(found), "number")
            raise TargetError(_NOT_A_MAPPING.format(kind=kind))
        # As in Flux, nobody's Secret switches the check of a cluster's certificate off.
        return replace(from_bytes(kubeconfig), insecure=False)
    except YAMLError as error:
        raise TargetError(f"couldn't get version/kind; json parse error: {error.message}") from error
    except ConfigError as error:
        raise TargetError(error.message) from error
