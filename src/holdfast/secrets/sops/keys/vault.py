"""HashiCorp Vault's (and OpenBao's) transit engine."""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit

from holdfast.secrets.errors import DecryptionError, KeyServiceUnavailable
from holdfast.secrets.sops.metadata import Recipient

_SECONDS = 15


def decrypt(recipient: Recipient, token: str) -> bytes:
    fields = recipient.fields
    address = str(fields.get("vault_address") or "").rstrip("/")
    engine, key = str(fields.get("engine_path") or "transit").strip("/"), str(fields.get("key_name") or "")
    if urlsplit(address).scheme not in ("http", "https"):
        raise DecryptionError(f"the sops metadata names no usable Vault address: {address!r}")
    token = token or os.environ.get("VAULT_TOKEN", "")
    if not token:
        raise DecryptionError(f"no token for Vault at {address}")
    request = urllib.request.Request(
        f"{address}/v1/{quote(engine)}/decrypt/{quote(key)}",
        data=json.dumps({"ciphertext": recipient.encrypted}).encode(),
        headers={"X-Vault-Token": token, "Content-Type": "application/json"},
        method="PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            plain = json.load(answer)["data"]["plaintext"]
        return base64.b64decode(plain)
    except urllib.error.HTTPError as error:
        raise DecryptionError(f"Vault at {address} refused to decrypt with {engine}/{key}: {error.code}") from None
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise KeyServiceUnavailable(f"Vault at {address} does not answer: {reason}") from None
    except (ValueError, KeyError, TypeError):
        raise DecryptionError(f"Vault at {address} gave an answer that is none of the transit engine") from None
