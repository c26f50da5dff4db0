"""The keys of a unit that asks for decryption, out of the Secret that it names."""

from __future__ import annotations

import base64
import hashlib

from holdfast.base.errors import HoldfastError, RetryLater, Stop
from holdfast.cluster.client import Client
from holdfast.cluster.errors import NotFound
from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import Delivery
from holdfast.reconcile.run import Keys
from holdfast.render.decrypt import SopsDecryptor
from holdfast.secrets import InvalidKey, Keyring


async def sops_keys(client: Client, delivery: Delivery, *, default: tuple[str, str] | None = None) -> Keys:
    """``default`` is the (namespace, name) of a Secret for units that name none. Raises what becomes a BuildFailed."""
    wanted = delivery.policy.decryption
    if wanted is None or wanted.provider != "sops":
        raise Stop(f"decryption provider '{wanted.provider if wanted else ''}' is not supported")
    place = (delivery.key.namespace, wanted.secret_name) if wanted.secret_name else default
    if place is None:
        return Keys(SopsDecryptor(Keyring()), "")
    try:
        secret = await client.get(ObjectRef("", "Secret", *place), version="v1")
    except NotFound:
        raise
    except HoldfastError as error:
        raise RetryLater(f"cannot get sops decryption Secret '{'/'.join(place)}': {error.message}") from error
    data = {k: base64.b64decode(v) for k, v in (secret.get("data") or {}).items()}
    try:
        keyring = Keyring.from_secret(data)
    except InvalidKey as error:
        raise Stop(f"{error.attempt} from sops decryption Secret '{'/'.join(place)}': {error.problem}") from error
    return Keys(SopsDecryptor(keyring), hashlib.sha256(repr(data).encode()).hexdigest())
