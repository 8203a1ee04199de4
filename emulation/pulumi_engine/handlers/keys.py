"""Keys: KMS keys and their aliases, and the private keys that the program generates for itself."""

import base64
import hashlib
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulation.pulumi_engine.errors import FRESH, EngineError
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, removes
from emulation.pulumi_engine.state import write_private_file

_PUBLIC_EXPONENT: Final = 65537
_DEFAULT_RSA_BITS: Final = 2048


def _create_key(request: Request) -> Created:
    tags = [{"TagKey": key, "TagValue": value} for key, value in request.tags.items()]
    metadata = request.call(
        "kms",
        "create_key",
        Tags=tags,
        KeySpec=request.inputs.get("customerMasterKeySpec"),
        **request.pascal("description", "keyUsage", "policy"),
    )["KeyMetadata"]
    if request.inputs.get("enableKeyRotation"):
        request.call("kms", "enable_key_rotation", KeyId=metadata["KeyId"])
    return Created(metadata["KeyId"], {"keyId": metadata["KeyId"], "arn": metadata["Arn"]})


def _update_key(request: Request, standing: Standing) -> None:
    key, inputs = standing.id, request.inputs
    if "description" in standing.changed:
        request.call("kms", "update_key_description", KeyId=key, Description=inputs.get("description", ""))
    if "policy" in standing.changed and "policy" in inputs:
        request.call("kms", "put_key_policy", KeyId=key, PolicyName="default", Policy=inputs["policy"])
    if "enableKeyRotation" in standing.changed:
        operation = "enable_key_rotation" if inputs.get("enableKeyRotation") else "disable_key_rotation"
        request.call("kms", operation, KeyId=key)


def _delete_key(request: Request, standing: Standing) -> None:
    window = standing.properties.get("deletionWindowInDays")
    request.call("kms", "schedule_key_deletion", KeyId=standing.id, PendingWindowInDays=window)


def _create_alias(request: Request) -> Created:
    alias = request.inputs["name"]
    alias = alias if alias.startswith("alias/") else f"alias/{alias}"
    request.call("kms", "create_alias", AliasName=alias, TargetKeyId=request.inputs["targetKeyId"])
    return Created(alias, {"name": alias, "arn": request.arn("kms", alias)})


def _update_alias(request: Request, standing: Standing) -> None:
    request.call("kms", "update_alias", AliasName=standing.id, TargetKeyId=request.inputs["targetKeyId"])


def _generate_private_key(request: Request) -> Created:
    algorithm = request.inputs["algorithm"]
    if algorithm != "RSA":
        raise EngineError(f"{request.type} {request.name!r}: the local engine generates only RSA keys, not {algorithm}")
    key = rsa.generate_private_key(_PUBLIC_EXPONENT, request.inputs.get("rsaBits", _DEFAULT_RSA_BITS))
    public_key = key.public_key()
    public_pem = public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    openssh = public_key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    identity = hashlib.sha256(public_pem.encode()).hexdigest()
    write_private_file(
        _key_file(request, identity),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ),
    )
    return Created(
        identity,
        {
            "publicKeyPem": public_pem,
            "publicKeyOpenssh": f"{openssh}\n",
            "publicKeyFingerprintSha256": _fingerprint(openssh),
        },
    )


def _read_private_key(request: Request, identity: str) -> dict[str, Any]:
    path = _key_file(request, identity)
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise EngineError(
            f"{request.type} {request.name!r}: its private key {path} cannot be read ({error.strerror}); {FRESH}"
        ) from error
    key = serialization.load_pem_private_key(pem, password=None)
    pkcs8, openssh = (
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
        for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.OpenSSH)
    )
    return {"privateKeyPem": pem.decode(), "privateKeyPemPkcs8": pkcs8, "privateKeyOpenssh": openssh}


def _key_file(request: Request, identity: str) -> Path:
    return request.private_keys / f"{identity}.pem"


def _fingerprint(openssh: str) -> str:
    """As ssh-keygen prints it."""
    digest = hashlib.sha256(base64.b64decode(openssh.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


HANDLERS: Final = {
    "aws:kms/key:Key": Handler(
        _create_key,
        accepts=(
            "description",
            "keyUsage",
            "policy",
            "customerMasterKeySpec",
            "deletionWindowInDays",
            "enableKeyRotation",
            "tags",
        ),
        update=_update_key,
        delete=_delete_key,
    ),
    "aws:kms/alias:Alias": Handler(
        _create_alias,
        accepts=("name", "targetKeyId"),
        update=_update_alias,
        delete=removes("kms", "delete_alias", AliasName="id"),
    ),
    "tls:index/privateKey:PrivateKey": Handler(
        _generate_private_key, accepts=("algorithm", "rsaBits"), secret_outputs=_read_private_key
    ),
}
