"""The clouds' key services, each through its own kept library, installed as an extra (``holdfast[aws]`` and so on)."""

from __future__ import annotations

import base64
import json
from typing import Any

from holdfast.kube import yaml
from holdfast.secrets.errors import DecryptionError
from holdfast.secrets.sops.metadata import Recipient

_EXTRAS = {"kms": "aws", "gcp_kms": "gcp", "azure_kv": "azure"}


def decrypt(recipient: Recipient, credentials: str | None) -> bytes:
    """``credentials`` is the file that Flux's users put into the Secret; None means the environment's own identity."""
    open_with = {"kms": _aws, "gcp_kms": _gcp, "azure_kv": _azure}[recipient.provider]
    extra = _EXTRAS[recipient.provider]
    try:
        return open_with(recipient, credentials)
    except ImportError:
        raise DecryptionError(
            f"cannot decrypt with {recipient.provider}: its library is not installed",
            hint=f"pip install 'holdfast[{extra}]'",
        ) from None
    except DecryptionError:
        raise
    except Exception as error:  # noqa: BLE001 - every cloud library has exceptions of its own; only their kind is told
        raise DecryptionError(f"{recipient.provider} refused to decrypt: {type(error).__name__}") from None


def _aws(recipient: Recipient, credentials: str | None) -> bytes:
    import boto3

    fields = recipient.fields
    arn = str(fields.get("arn") or "")
    options: dict[str, Any] = {}
    if credentials:
        given = yaml.load(credentials)
        names = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}
        options = {k: str(v) for k, v in given.items() if k in names} if isinstance(given, dict) else {}
    session = boto3.Session(region_name=arn.split(":")[3] if arn.count(":") >= 5 else None, **options)
    if fields.get("role"):
        role = session.client("sts").assume_role(RoleArn=fields["role"], RoleSessionName="holdfast-sops")["Credentials"]
        session = boto3.Session(
            aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"],
            aws_session_token=role["SessionToken"],
            region_name=session.region_name,
        )
    context = {str(k): str(v) for k, v in (fields.get("context") or {}).items()}
    answer = session.client("kms").decrypt(
        CiphertextBlob=base64.b64decode(recipient.encrypted), EncryptionContext=context, KeyId=arn
    )
    return bytes(answer["Plaintext"])


def _gcp(recipient: Recipient, credentials: str | None) -> bytes:
    from google.cloud import kms

    if credentials:
        client = kms.KeyManagementServiceClient.from_service_account_info(json.loads(credentials))
    else:
        client = kms.KeyManagementServiceClient()
    name = str(recipient.fields.get("resource_id") or "")
    answer = client.decrypt(request={"name": name, "ciphertext": base64.b64decode(recipient.encrypted)})
    return bytes(answer.plaintext)


def _azure(recipient: Recipient, credentials: str | None) -> bytes:
    from azure.identity import ClientSecretCredential, DefaultAzureCredential
    from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm

    given = yaml.load(credentials) if credentials else None
    if isinstance(given, dict) and given.get("clientSecret"):
        identity: Any = ClientSecretCredential(given["tenantId"], given["clientId"], given["clientSecret"])
    else:
        identity = DefaultAzureCredential()
    fields = recipient.fields
    key = f"{str(fields.get('vault_url') or '').rstrip('/')}/keys/{fields.get('name')}/{fields.get('version')}"
    client = CryptographyClient(key, credential=identity)
    data = recipient.encrypted + "=" * (-len(recipient.encrypted) % 4)
    return bytes(client.decrypt(EncryptionAlgorithm.rsa_oaep_256, base64.urlsafe_b64decode(data)).plaintext)
