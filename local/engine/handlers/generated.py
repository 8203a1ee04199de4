"""What the program generates for itself and keeps secret, beside private keys: passwords and certificates."""

import datetime as dt
import hashlib
import ipaddress
import secrets
import string
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.engine.errors import FRESH, EngineError
from local.engine.handler import Created, Handler, Request
from local.engine.state import write_private_file

_KINDS: Final = {"minLower": string.ascii_lowercase, "minUpper": string.ascii_uppercase, "minNumeric": string.digits}


def _generate_password(request: Request) -> Created:
    if request.inputs.get("special", True):
        raise EngineError(
            f"{request.type} {request.name!r}: the local engine generates letters and digits; set special=False"
        )
    required = [secrets.choice(kind) for name, kind in _KINDS.items() for _ in range(request.inputs.get(name, 0))]
    alphabet = string.ascii_letters + string.digits
    letters = required + [secrets.choice(alphabet) for _ in range(request.inputs["length"] - len(required))]
    secrets.SystemRandom().shuffle(letters)
    # Nothing of a password may be in the state, so its id is of the resource alone.
    identity = hashlib.sha256(request.urn.encode()).hexdigest()
    write_private_file(_password_file(request, identity), "".join(letters).encode())
    return Created(identity)


def _read_password(request: Request, identity: str) -> dict[str, Any]:
    path = _password_file(request, identity)
    try:
        return {"result": path.read_text()}
    except OSError as error:
        raise EngineError(
            f"{request.type} {request.name!r}: its password {path} cannot be read ({error.strerror}): {FRESH}"
        ) from error


def _password_file(request: Request, identity: str) -> Path:
    return request.private_keys / f"{identity}.password"


def _sign_certificate(request: Request) -> Created:
    key = serialization.load_pem_private_key(request.inputs["privateKeyPem"].encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise EngineError(f"{request.type} {request.name!r}: the local engine signs with RSA keys only")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, request.inputs["subject"]["commonName"])])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(hours=request.inputs["validityPeriodHours"]))
        .add_extension(x509.SubjectAlternativeName(_alternative_names(request)), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return Created(str(certificate.serial_number), {"certPem": pem})


def _alternative_names(request: Request) -> list[x509.GeneralName]:
    names = [x509.DNSName(name) for name in request.inputs.get("dnsNames", [])]
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in request.inputs.get("ipAddresses", [])]
    return [*names, *addresses]


HANDLERS: Final = {
    "random:index/randomPassword:RandomPassword": Handler(
        _generate_password,
        accepts=("length", "special", "minLower", "minUpper", "minNumeric"),
        secret_outputs=_read_password,
    ),
    "tls:index/selfSignedCert:SelfSignedCert": Handler(
        _sign_certificate,
        accepts=("privateKeyPem", "subject", "dnsNames", "ipAddresses", "validityPeriodHours", "allowedUses"),
    ),
}
