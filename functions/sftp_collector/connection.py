"""One SFTP connection: pinned host keys, one RSA client key, bounded waits."""

import base64
import logging
import socket
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from paramiko.transport import SecurityOptions

from functions.errors import CollectorError
from functions.sftp_collector.client import CollectorClient
from functions.sftp_collector.receiving import BufferedSocket
from lake.parameters import Connection

CONNECT_TIMEOUT_SECONDS: Final = 15.0
# How long the server may be silent in the middle of a session before the connection counts as lost.
SILENCE_TIMEOUT_SECONDS: Final = 60.0

# Measured against OpenSSH (docs of the bench): larger windows and more requests are slower, not faster.
_WINDOW_BYTES: Final = 2**23
_PACKET_BYTES: Final = 2**18
_CIPHERS_FIRST: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_RSA_SIGNATURES: Final = ("rsa-sha2-512", "rsa-sha2-256")

# paramiko logs the tracebacks of errors that it raises as well; here each one becomes a message of our own.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class SourceUnavailableError(CollectorError):
    """The server cannot be used by this run; the message says why and what to do."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass
        """Whether connecting again a moment later may help: a refused key does not get better, a restart does."""


class ConnectionLostError(CollectorError):
    """The connection broke in the middle of something."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A regular file of a listing."""

    name: str
    """As the server gave it; bytes that are not UTF-8 stand as lone surrogates, which no safe name contains."""
    size: int | None
    """Bytes; None if the server does not tell."""
    modified: int | None
    """Seconds since 1970 UTC; None if the server does not tell."""


def address(connection: Connection) -> str:
    """The connection as messages name it."""
    return f"sftp://{connection.user}@{connection.host}:{connection.port}"


def read_private_key(pem: str, parameter: str) -> paramiko.RSAKey:
    """The client's key.

    Raises:
        SourceUnavailableError: the parameter holds no RSA private key. The message holds nothing of it.
    """
    try:
        # Whether it is a sound key takes a tenth of a second and more to find out. It is the platform's own, from where
        # only the platform writes, and the server refuses what an unsound one signs.
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        # The cause is not told: it may quote what it could not read.
        raise SourceUnavailableError(
            f"SSM parameter {parameter} holds no RSA private key in PEM; deploy the stack again to renew it",
            may_pass=False,
        )
    return paramiko.RSAKey(key=key)


class Session:
    """An open SFTP session."""

    def __init__(self, transport: paramiko.Transport, files: CollectorClient) -> None:
        self._transport = transport
        self._files = files

    def regular_files(self, directory: str) -> list[RemoteFile]:
        """The regular files of a directory. Links, directories and devices are left out.

        Raises:
            FileNotFoundError: there is no such directory.
            PermissionError: the server does not let the user list it.
            OSError: the server refuses for another reason.
            ConnectionLostError: the connection broke.
        """
        with self.lost_connection_recognised():
            entries = self._files.listdir_attr(directory)
        return [
            RemoteFile(entry.filename, entry.st_size, entry.st_mtime)
            for entry in entries
            # A server that tells no mode at all is taken at its word when the file is opened.
            if entry.st_mode is None or stat.S_ISREG(entry.st_mode)
        ]

    def open(self, path: str) -> paramiko.SFTPFile:
        """Open a file for reading. Raises as `regular_files` does."""
        with self.lost_connection_recognised():
            return self._files.open(path, "rb")

    def read(self, file: paramiko.SFTPFile, start: int, size: int) -> Iterator[bytes]:
        """`size` bytes of an open file from `start` on, in blocks; fewer where it ends before."""
        return self._files.read_in_order(file, start, size)

    def look(self, path: str) -> RemoteFile | None:
        """How a path looks now, whatever it is; None if there is nothing. Raises as `regular_files` does otherwise."""
        with self.lost_connection_recognised():
            try:
                found = self._files.lstat(path)
            except FileNotFoundError:
                return None
        return RemoteFile(path.rsplit("/", 1)[-1], found.st_size, found.st_mtime)

    def rename(self, path: str, target: str) -> None:
        """Move a file on the server. Raises as `regular_files` does."""
        with self.lost_connection_recognised():
            self._files.rename(path, target)

    @contextmanager
    def lost_connection_recognised(self) -> Generator[None]:
        """Turn whatever a broken connection raises into ConnectionLostError; the server's own answers pass through.

        paramiko raises EOFError and OSError both for answers about a file and for a connection that is gone. One
        question more tells them apart.
        """
        try:
            yield
        except (paramiko.SSHException, paramiko.SFTPError, TimeoutError) as error:
            raise ConnectionLostError(f"the connection broke: {_reason(error)}") from error
        except (EOFError, OSError) as error:
            if not self._answers():
                raise ConnectionLostError(f"the connection broke: {_reason(error)}") from error
            raise

    def close(self) -> None:
        """Close the session; a broken one too."""
        self._transport.close()

    def _answers(self) -> bool:
        try:
            self._files.normalize(".")
        except (paramiko.SSHException, EOFError, OSError):
            return False
        return True


def connect(connection: Connection, client_key: paramiko.RSAKey) -> Session:
    """Connect, check the server against its pinned keys, log in, open SFTP.

    Raises:
        SourceUnavailableError: any of it failed.
    """
    where = address(connection)
    pinned = _pinned_keys(connection)
    try:
        tcp = socket.create_connection((connection.host, connection.port), timeout=CONNECT_TIMEOUT_SECONDS)
    except OSError as error:
        raise SourceUnavailableError(
            f"{where} cannot be reached: {error.strerror or error}; check that the server runs, "
            "and host, port and firewall of the connection",
            may_pass=True,
        ) from error
    # paramiko leaves Nagle's algorithm on, which delays the small requests of SFTP.
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = paramiko.Transport(
        BufferedSocket(tcp), default_window_size=_WINDOW_BYTES, default_max_packet_size=_PACKET_BYTES
    )
    try:
        return _log_in(transport, connection, client_key, pinned)
    except BaseException:
        transport.close()
        raise


def _log_in(
    transport: paramiko.Transport, connection: Connection, client_key: paramiko.RSAKey, pinned: set[tuple[str, bytes]]
) -> Session:
    where = address(connection)
    transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = CONNECT_TIMEOUT_SECONDS
    _prefer(transport.get_security_options(), {key_type for key_type, _ in pinned})
    try:
        transport.start_client(timeout=CONNECT_TIMEOUT_SECONDS)
        shown = transport.get_remote_server_key()
        if (shown.get_name(), shown.asbytes()) not in pinned:
            raise SourceUnavailableError(
                f"{where} shows the host key {shown.fingerprint}, which is not pinned for this connection. "
                "Do not go on before its operator has confirmed the new key by another way; then change host_keys "
                "in the stack's settings",
                may_pass=False,
            )
        transport.auth_publickey(connection.user, client_key)
        files = CollectorClient.from_transport(transport)
    except paramiko.AuthenticationException as error:
        raise SourceUnavailableError(
            f"{where} refused the platform's key {client_key.fingerprint}; its operator has to add the public key "
            f"to the authorized_keys of {connection.user}",
            may_pass=False,
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise SourceUnavailableError(
            f"{where} broke off while connecting: {_reason(error)}; check that an SFTP server answers there",
            may_pass=True,
        ) from error
    channel = files.get_channel() if files is not None else None
    if files is None or channel is None:
        raise SourceUnavailableError(f"{where} opens no SFTP session; ask its operator", may_pass=False)
    channel.settimeout(SILENCE_TIMEOUT_SECONDS)
    return Session(transport, files)


def _pinned_keys(connection: Connection) -> set[tuple[str, bytes]]:
    if not connection.host_keys:
        raise SourceUnavailableError(
            f"{address(connection)} has no pinned host key, so the server cannot be told from an impostor; get its key "
            "from its operator and put it into host_keys of the connection in the stack's settings",
            may_pass=False,
        )
    pinned: set[tuple[str, bytes]] = set()
    for line in connection.host_keys:
        try:
            key_type, encoded = line.split()[:2]
            pinned.add((key_type, base64.b64decode(encoded, validate=True)))
        except ValueError as error:
            raise SourceUnavailableError(
                f"{address(connection)}: the pinned host key {line[:40]!r}… is not of the form 'type base64'; "
                "correct host_keys of the connection in the stack's settings",
                may_pass=False,
            ) from error
    return pinned


def _prefer(options: SecurityOptions, key_types: set[str]) -> None:
    """Ask the server for a key of a pinned type, if it has several, and for the ciphers that are fast here."""
    wanted = [signature for key_type in sorted(key_types) for signature in _signatures_of(key_type)]
    offered = tuple(options.key_types)
    first = [name for name in wanted if name in offered]
    options.key_types = (*first, *(name for name in offered if name not in first))
    options.ciphers = (*_CIPHERS_FIRST, *(name for name in options.ciphers if name not in _CIPHERS_FIRST))


def _signatures_of(key_type: str) -> tuple[str, ...]:
    return _RSA_SIGNATURES if key_type == "ssh-rsa" else (key_type,)


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
