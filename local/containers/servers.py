"""What each server's image is run with on this machine: keys and passwords, made once and kept for their owner."""

import datetime as dt
import secrets
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import asyncssh
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from dataplatform.sources.linux_rights import SFTP_RIGHTS, SQL_SERVER_RIGHTS
from local.containers.engine import LOOPBACK, Container
from ops.stack.private_files import make_private_folder, write_private

SFTP_PORT: Final = 2222
SQL_PORT: Final = 1433
PAGE_PORT: Final = 8090
SFTP_USER: Final = "dataplatform"
KEY_BITS: Final = 3072
_PASSWORD_LENGTH: Final = 32
_CERTIFICATE_DAYS: Final = 365


def sftp_container(folder: Path) -> Container:
    """The SFTP server, with keys that are kept in the folder."""
    host_key = _kept(folder / "host_key", new_ssh_key)
    client_key = folder / "client_key"
    public_key = public_line(_kept(client_key, new_ssh_key))
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[{LOOPBACK}]:{SFTP_PORT} {public_line(host_key)}\n")
    return Container(
        image="sftp",
        port=SFTP_PORT,
        secrets={"SFTP_HOST_KEY": host_key, "SFTP_AUTHORIZED_KEYS": public_key},
        options=("--read-only", *_rights(SFTP_RIGHTS), "--security-opt=no-new-privileges"),
        how_to_connect=(
            f"sftp -P {SFTP_PORT} -i {client_key} -o UserKnownHostsFile={known_hosts} -o IdentitiesOnly=yes "
            f"{SFTP_USER}@{LOOPBACK}"
        ),
    )


def mssql_container(folder: Path) -> Container:
    """SQL Server, with passwords, key and certificate that are kept in the folder. Its licence has to be accepted."""
    key = _kept(folder / "server.key", _new_tls_key)
    certificate = _kept(folder / "server.pem", lambda: _self_signed(key))
    return Container(
        image="mssql",
        port=SQL_PORT,
        secrets={
            "ACCEPT_EULA": "Y",
            "MSSQL_SA_PASSWORD": _kept(folder / "sa_password", _new_password),
            "SQL_PASSWORD": _kept(folder / "extractor_password", _new_password),
            "SQL_CERTIFICATE": certificate,
            "SQL_SERVER_KEY": key,
        },
        options=("--memory=2g", *_rights(SQL_SERVER_RIGHTS), "--security-opt=no-new-privileges"),
        how_to_connect=(
            f"server localhost,{SQL_PORT}, database retail, user extractor, "
            f"password in {folder / 'extractor_password'}, certificate to trust {folder / 'server.pem'}"
        ),
    )


def swagger_container(events_url: str | None, port: int = PAGE_PORT) -> Container:
    """The events API's page, for the API at this address; without one, for the document's example."""
    return Container(
        image="swagger",
        port=port,
        port_in_container=8080,
        secrets={} if events_url is None else {"EVENTS_URL": events_url},
        options=("--read-only", *_rights(()), "--security-opt=no-new-privileges"),
        how_to_connect=f"http://{LOOPBACK}:{port}/",
    )


def _rights(kept: Sequence[str]) -> list[str]:
    """Options that give a container the Linux rights of the deployed task, and no other."""
    return ["--cap-drop=ALL", *(f"--cap-add={right}" for right in kept)]


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The secret in a file that only its owner reads; made if the file is not there."""
    make_private_folder(path.parent)
    if not path.exists():
        write_private(path, make())
    return path.read_text()


def new_ssh_key() -> str:
    """A private RSA key in PEM, the form in which the program makes them."""
    return asyncssh.generate_private_key("ssh-rsa", key_size=KEY_BITS).export_private_key("pkcs1-pem").decode()


def public_line(private_key: str) -> str:
    """The public half of a key, as "ssh-rsa base64"."""
    kind, encoded = asyncssh.import_private_key(private_key).export_public_key().decode().split()[:2]
    return f"{kind} {encoded}"


def _new_password() -> str:
    # SQL Server wants three kinds of characters.
    letters = string.ascii_letters + string.digits
    while True:
        password = "".join(secrets.choice(letters) for _ in range(_PASSWORD_LENGTH))
        if any(map(str.islower, password)) and any(map(str.isupper, password)) and any(map(str.isdigit, password)):
            return password


def _new_tls_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def _self_signed(key: str) -> str:
    private_key = serialization.load_pem_private_key(key.encode(), password=None)
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise TypeError("the server's key is not an RSA key")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=_CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
