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

from emulation.pulumi_engine.errors import FRESH, EngineError
from emulation.pulumi_engine.handler import Created, Handler, Request
from emulation.pulumi_engine.state import write_private_file

_KINDS: Final = {"minLower": string.ascii_lowercase, "minUpper": string.ascii_uppercase, "minNumeric": string.digits}


def _generate_password(request: Request) -> Created:
    if request.inputs.get("special", True):
        raise EngineError(
            f"{request.type} {request.name!r}: the local engine generates only letters and digits; set special=False"
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
            f"{request.type} {request.name!r}: its password {path} cannot be read ({error.strerror}); {FRESH}"
        ) from error


def _password_file(request: Request, identity: str) -> Path:
    return request.private_keys / f"{identity}.password"


def _sign_by_itself(request: Request) -> Created:
    key = _private_key(request, "privateKeyPem")
    name = _common_name(request)
    is_authority = bool(request.inputs.get("isCaCertificate"))
    certificate = _certificate(request, name, key.public_key()).issuer_name(name)
    certificate = certificate.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    if not is_authority:
        certificate = _for_servers(certificate, _alternative_names(request))
    return _signed(certificate, key)


def _request_certificate(request: Request) -> Created:
    key = _private_key(request, "privateKeyPem")
    names = x509.SubjectAlternativeName(_alternative_names(request))
    asked = x509.CertificateSigningRequestBuilder().subject_name(_common_name(request))
    pem = asked.add_extension(names, critical=False).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return Created(hashlib.sha256(pem).hexdigest(), {"certRequestPem": pem.decode()})


def _sign_by_authority(request: Request) -> Created:
    key = _private_key(request, "caPrivateKeyPem")
    authority = x509.load_pem_x509_certificate(request.inputs["caCertPem"].encode())
    asked = x509.load_pem_x509_csr(request.inputs["certRequestPem"].encode())
    public_key = asked.public_key()
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise EngineError(f"{request.type} {request.name!r}: the local engine signs only RSA keys")
    names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    certificate = _certificate(request, asked.subject, public_key).issuer_name(authority.subject)
    certificate = certificate.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return _signed(_for_servers(certificate, list(names)), key)


def _private_key(request: Request, name: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(request.inputs[name].encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise EngineError(f"{request.type} {request.name!r}: the local engine signs only with RSA keys")
    return key


def _common_name(request: Request) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, request.inputs["subject"]["commonName"])])


def _certificate(request: Request, subject: x509.Name, key: rsa.RSAPublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(hours=request.inputs["validityPeriodHours"]))
    )


def _for_servers(certificate: x509.CertificateBuilder, names: list[x509.GeneralName]) -> x509.CertificateBuilder:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    named = certificate.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return named.add_extension(usage, critical=False)


def _signed(certificate: x509.CertificateBuilder, key: rsa.RSAPrivateKey) -> Created:
    signed = certificate.sign(key, hashes.SHA256())
    pem = signed.public_bytes(serialization.Encoding.PEM).decode()
    return Created(str(signed.serial_number), {"certPem": pem})


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
        _sign_by_itself,
        accepts=(
            "privateKeyPem",
            "subject",
            "isCaCertificate",
            "dnsNames",
            "ipAddresses",
            "validityPeriodHours",
            "allowedUses",
        ),
    ),
    "tls:index/certRequest:CertRequest": Handler(
        _request_certificate, accepts=("privateKeyPem", "subject", "dnsNames", "ipAddresses")
    ),
    "tls:index/locallySignedCert:LocallySignedCert": Handler(
        _sign_by_authority,
        accepts=("certRequestPem", "caPrivateKeyPem", "caCertPem", "validityPeriodHours", "allowedUses"),
    ),
}
