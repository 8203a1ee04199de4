"""Opens an SFTP connection: pinned host keys, one RSA client key, a limit on every wait."""

import base64
import logging
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import paramiko
from paramiko.transport import SecurityOptions

from functions.sftp_collector.answers import NotSftpError, shown
from functions.sftp_collector.client import CollectorClient
from functions.sftp_collector.login import RSA_SIGNATURES, KeyRefusedError, TolerantTransport, address, log_in, refusal
from functions.sftp_collector.packets import Packetizer
from functions.sftp_collector.receiving import BufferedSocket
from functions.sftp_collector.session import Session, SourceUnavailableError
from lake.parameters import Connection

CONNECT_TIMEOUT_SECONDS: Final = 15.0
# Some servers take this long to query a user directory or to resolve names.
LOGIN_TIMEOUT_SECONDS: Final = 30.0
# How long a server may be silent during a session before the connection counts as lost.
SILENCE_TIMEOUT_SECONDS: Final = 60.0

# Measured against OpenSSH (see the benchmark's documentation): larger windows and more requests are slower.
_WINDOW_BYTES: Final = 2**23
_PACKET_BYTES: Final = 2**18
_CIPHERS_FIRST: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")

# paramiko logs the traceback of each error that it also raises; here each error becomes a message.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


def connect(connection: Connection, client_key: paramiko.RSAKey) -> Session:
    """Connect, check the server against its pinned keys, log in, and open SFTP.

    If the server refuses the key, a second connection tries the next signature algorithm.

    Raises:
        SourceUnavailableError: One of these steps failed.
    """
    pinned = _pinned_keys(connection)
    is_known = False
    for signature in RSA_SIGNATURES:
        try:
            return _connect(connection, client_key, pinned, signature)
        except KeyRefusedError as error:
            is_known |= error.is_known
    raise refusal(connection, client_key, is_known=is_known)


def _connect(
    connection: Connection, client_key: paramiko.RSAKey, pinned: set[tuple[str, bytes]], signature: str
) -> Session:
    where = address(connection)
    try:
        tcp = socket.create_connection((connection.host, connection.port), timeout=CONNECT_TIMEOUT_SECONDS)
    except OSError as error:
        raise SourceUnavailableError(
            f"cannot connect to {where}: {error.strerror or error}; check that the server is running, and check "
            "the connection's host, port and firewall",
            may_pass=True,
        ) from error
    # paramiko does not disable Nagle's algorithm, which delays SFTP's small requests.
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = TolerantTransport(
        BufferedSocket(tcp),
        default_window_size=_WINDOW_BYTES,
        default_max_packet_size=_PACKET_BYTES,
        packetizer_class=Packetizer,
        disabled_algorithms={"pubkeys": [other for other in RSA_SIGNATURES if other != signature]},
    )
    try:
        with _failures_explained(transport, where):
            _check_host_key(transport, where, pinned)
            log_in(transport, connection, client_key)
            return Session(transport, _open_sftp(transport))
    except BaseException:
        transport.close()
        raise


def _check_host_key(transport: paramiko.Transport, where: str, pinned: set[tuple[str, bytes]]) -> None:
    transport.banner_timeout = transport.channel_timeout = CONNECT_TIMEOUT_SECONDS
    transport.auth_timeout = LOGIN_TIMEOUT_SECONDS
    _prefer(transport.get_security_options(), {key_type for key_type, _ in pinned})
    transport.start_client(timeout=CONNECT_TIMEOUT_SECONDS)
    shown_key = transport.get_remote_server_key()
    if (shown_key.get_name(), shown_key.asbytes()) not in pinned:
        raise SourceUnavailableError(
            f"{where} shows the host key {shown_key.fingerprint}, which is not pinned for this connection; ask "
            "the server's operator, by another way, to confirm the new key, and only then change host_keys in "
            "the stack's settings",
            may_pass=False,
        )


def _open_sftp(transport: TolerantTransport) -> CollectorClient:
    channel = transport.open_session(timeout=CONNECT_TIMEOUT_SECONDS)
    channel.settimeout(CONNECT_TIMEOUT_SECONDS)
    # paramiko waits for this answer without a limit.
    watch = threading.Timer(CONNECT_TIMEOUT_SECONDS, transport.close)
    watch.start()
    try:
        channel.invoke_subsystem("sftp")
    finally:
        watch.cancel()
    files = CollectorClient(channel)
    transport.packetizer.deliver(channel.get_id(), files.arrivals)
    channel.settimeout(SILENCE_TIMEOUT_SECONDS)
    return files


@contextmanager
def _failures_explained(transport: TolerantTransport, where: str) -> Generator[None]:
    try:
        yield
    except NotSftpError as error:
        raise SourceUnavailableError(
            f"{where} accepted the login, but sent {shown(error.received)} instead of SFTP; ask the server's "
            "operator to remove what the user's login shell or forced command prints, or to serve SFTP with "
            "internal-sftp",
            may_pass=False,
        ) from error
    except paramiko.ChannelException as error:
        raise SourceUnavailableError(
            f"{where} accepted the login, but did not open a session: {transport.reason(error)}; ask the "
            "server's operator whether the user has too many sessions",
            may_pass=True,
        ) from error
    # A server may send anything as it ends a connection, such as text that is not UTF-8 (a ValueError).
    except (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError, ValueError) as error:
        check = (
            "ask the server's operator whether the user has too many connections"
            if transport.farewell
            else "check that an SFTP server listens there"
        )
        raise SourceUnavailableError(
            f"cannot connect to {where}: {transport.reason(error)}; {check}", may_pass=True
        ) from error


def _pinned_keys(connection: Connection) -> set[tuple[str, bytes]]:
    if not connection.host_keys:
        raise SourceUnavailableError(
            f"{address(connection)} does not have a pinned host key, so the server cannot be authenticated; "
            "get the key from the server's operator, and put it into the connection's host_keys in the "
            "stack's settings",
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
                "correct the connection's host_keys in the stack's settings",
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
    return RSA_SIGNATURES if key_type == "ssh-rsa" else (key_type,)
