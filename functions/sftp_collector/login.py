"""Logs in with the platform's key, and explains a server's refusal."""

from __future__ import annotations

from typing import Final

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from functions.errors import CollectorError
from functions.sftp_collector.answers import shown
from functions.sftp_collector.packets import Packetizer
from functions.sftp_collector.session import SourceUnavailableError, reason_of
from lake.parameters import Connection

RSA_SIGNATURES: Final = ("rsa-sha2-512", "rsa-sha2-256")
# paramiko raises the same class for all of these errors; only the texts differ.
_TIMED_OUT: Final = "Authentication timeout."
_NO_COMMON_SIGNATURE: Final = "Unable to agree"
_TOO_MANY_TRIES: Final = b"Too many authentication failures"


class TolerantTransport(paramiko.Transport):
    """A transport that keeps the server's closing message, in any encoding."""

    farewell: bytes = b""
    packetizer: Packetizer  # pyright: ignore[reportIncompatibleVariableOverride]  # given when it is created

    def _parse_disconnect(self, m: paramiko.Message) -> None:
        m.get_int()
        self.farewell = m.get_string()

    def reason(self, error: BaseException) -> str:
        """Return why something failed: the server's own words, if it sent any."""
        return f"the server sent {shown(self.farewell)}" if self.farewell else reason_of(error)


def address(connection: Connection) -> str:
    """Return the name of a connection for messages."""
    return f"sftp://{connection.user}@{connection.host}:{connection.port}"


def read_private_key(pem: str, parameter: str) -> paramiko.RSAKey:
    """Return the client's key.

    Raises:
        SourceUnavailableError: The parameter holds no RSA private key. The message contains nothing of the value.
    """
    try:
        # Validating the key takes a tenth of a second or more. The platform generated the key and only the platform can
        # write it, and a server refuses signatures of an invalid key.
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        # The cause is left out: it may quote the value.
        raise SourceUnavailableError(
            f"SSM parameter {parameter} does not hold an RSA private key in PEM; deploy the stack again to renew it",
            may_pass=False,
        )
    return paramiko.RSAKey(key=key)


class KeyRefusedError(CollectorError):
    """The server refuses the key with one signature algorithm; it may accept it with another.

    Args:
        is_known: False if the server does not accept the algorithm for any key.
    """

    def __init__(self, *, is_known: bool) -> None:
        super().__init__()
        self.is_known = is_known


def log_in(transport: TolerantTransport, connection: Connection, key: paramiko.RSAKey) -> None:
    """Log in with the only signature algorithm that the transport allows.

    Raises:
        KeyRefusedError: The server refuses the key with this algorithm.
        SourceUnavailableError: The login failed for another reason; the message states it and what to do.
    """
    where = address(connection)
    try:
        wanted = transport.auth_publickey(connection.user, key)
    except paramiko.BadAuthenticationType as error:
        if not error.allowed_types:
            # Some servers offer no other method after they refused a key.
            raise KeyRefusedError(is_known=True) from error
        raise SourceUnavailableError(
            f"{where} does not let {connection.user} log in with a key, only with "
            f"{', '.join(error.allowed_types)}; ask the server's operator to allow public keys for this user",
            may_pass=False,
        ) from error
    except (paramiko.SSHException, EOFError, OSError, ValueError) as error:
        if _is_refusal(error, transport):
            raise KeyRefusedError(is_known=not _has_no_common_signature(error)) from error
        raise _unfinished(where, error, transport) from error
    if wanted:
        raise SourceUnavailableError(
            f"{where} accepted the platform's key, but also wants a second factor: {', '.join(wanted)}; ask "
            f"the server's operator to let {connection.user} log in with the key alone",
            may_pass=False,
        )


def _is_refusal(error: Exception, transport: TolerantTransport) -> bool:
    """Return True if the server checked the key and refused it. Servers that allow few attempts then disconnect."""
    if _TOO_MANY_TRIES in transport.farewell or _has_no_common_signature(error):
        return True
    return isinstance(error, paramiko.AuthenticationException) and transport.is_active() and str(error) != _TIMED_OUT


def _has_no_common_signature(error: Exception) -> bool:
    return str(error).startswith(_NO_COMMON_SIGNATURE)


def _unfinished(where: str, error: Exception, transport: TolerantTransport) -> SourceUnavailableError:
    if str(error) == _TIMED_OUT:
        return SourceUnavailableError(
            f"{where} did not answer the login within {transport.auth_timeout:.0f} seconds; ask the server's "
            "operator why logins take so long",
            may_pass=True,
        )
    return SourceUnavailableError(
        f"{where} ended the connection during the login: {transport.reason(error)}; if this repeats, ask "
        "the server's operator whether the user is locked or has too many connections",
        may_pass=True,
    )


def refusal(connection: Connection, key: paramiko.RSAKey, *, is_known: bool) -> SourceUnavailableError:
    """Return the error for a server that refused the key with each of RSA_SIGNATURES."""
    if not is_known:
        return SourceUnavailableError(
            f"{address(connection)} accepts neither {' nor '.join(RSA_SIGNATURES)}, the signature algorithms "
            "of the platform's key; ask the server's operator to allow one of them",
            may_pass=False,
        )
    return SourceUnavailableError(
        f"{address(connection)} refused the platform's key {key.fingerprint}, signed with "
        f"{' and with '.join(RSA_SIGNATURES)}; ask the server's operator to add the public key to the "
        f"authorized_keys of {connection.user}, or, if it is there, to allow one of these signature "
        "algorithms",
        may_pass=False,
    )
