"""One client's connection from its first packet to its last: login, then requests and their answers as tokens."""

import hmac
import logging
import ssl
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import duckdb
from pysqlbridge.tds.batch import parse_sql_batch
from pysqlbridge.tds.login import Login7, deobfuscate_password
from pysqlbridge.tds.packet import TDS_74, PacketStatus, PacketType, TdsProtocolError
from pysqlbridge.tds.prelogin import Encryption, Prelogin, PreloginOption, Version, server_response
from pysqlbridge.tds.token import DoneStatus, EnvChangeType, done, env_change, error, error_response, login_ack
from pysqlbridge.tds.transaction import TransactionRequestType, parse_transaction_request

from emulation.sql_server.calls import Call, read_calls
from emulation.sql_server.channel import DEFAULT_PACKET_SIZE, LARGEST_PACKET_SIZE, Channel
from emulation.sql_server.columns import COLLATION_BYTES, column_metadata
from emulation.sql_server.errors import LOGIN_FAILED, SqlError, unsupported
from emulation.sql_server.procedures import Procedures
from emulation.sql_server.rows import row_tokens
from emulation.sql_server.session import Done, Outcome, RowSet, Session, TransactionChange

_LOG: Final = logging.getLogger(__name__)
_VERSION: Final = Version(16, 0, 4000)
_SERVER_NAME: Final = "local-sql-source"
_TDS_8: Final = 0x08000000
_SELECT: Final = 0xC1
_NO_SUCH_DATABASE: Final = 4060
_INTERNAL: Final = 50000
_DONE_IN_PROCEDURE: Final = 0xFF
_DONE_PROCEDURE: Final = 0xFE
_RETURN_STATUS: Final = bytes([0x79, 0, 0, 0, 0])
_RESET: Final = PacketStatus.RESET_CONNECTION | PacketStatus.RESET_CONNECTION_SKIP_TRAN
_CHANGES: Final = {
    "begin": EnvChangeType.BEGIN_TRAN,
    "commit": EnvChangeType.COMMIT_TRAN,
    "rollback": EnvChangeType.ROLLBACK_TRAN,
}


@dataclass(frozen=True, slots=True)
class Login:
    """The one user and database that may connect, and a function that returns the current password."""

    user: str
    database: str
    password: Callable[[], str | None]

    def refusal(self, user: str, password: str, database: str) -> SqlError | None:
        """Return why this client may not connect. None if it may."""
        expected = self.password()
        known = hmac.compare_digest(user.encode(), self.user.encode())
        if expected is None or not hmac.compare_digest(password.encode(), expected.encode()) or not known:
            return SqlError(LOGIN_FAILED, f"Login failed for user '{user}'.")
        if database and database.lower() not in (self.database.lower(), "master"):
            return SqlError(_NO_SUCH_DATABASE, f'Cannot open database "{database}" requested by the login.')
        return None


def log_in(channel: Channel, login: Login, context: ssl.SSLContext, number: int) -> bool:
    """Negotiate encryption and login with a new client. Returns True if it may stay.

    Raises:
        TdsProtocolError: The client speaks another protocol, or no encryption.
        TlsError: The client does not accept the certificate.
    """
    if channel.begins_with_tls():
        channel.secure(context, in_packets=False)
    message = channel.receive()
    if message.type is not PacketType.PRELOGIN:
        raise TdsProtocolError("the client did not begin with PRELOGIN")
    asked = Prelogin.parse(message.payload)
    # Within TLS nothing else needs encryption, and both sides say so.
    encryption = Encryption.NOT_SUPPORTED if channel.is_secure else Encryption.ON
    if not channel.is_secure and asked.get(PreloginOption.ENCRYPTION) == bytes([Encryption.NOT_SUPPORTED]):
        raise TdsProtocolError("the client does not encrypt, and this server insists on it")
    channel.send([server_response(version=_VERSION, encryption=encryption, asked=asked).build()])
    if not channel.is_secure:
        channel.secure(context, in_packets=True)
    message = channel.receive()
    if message.type is not PacketType.LOGIN7:
        raise TdsProtocolError("the client did not log in")
    request = Login7.parse(message.payload)
    channel.process_id = number
    refusal = login.refusal(request.user_name, deobfuscate_password(request.password), request.database)
    if refusal is not None:
        channel.send([error_response(refusal.number, str(refusal), server=_SERVER_NAME, severity=14)])
        return False
    size = min(max(request.packet_size or DEFAULT_PACKET_SIZE, 512), LARGEST_PACKET_SIZE)
    version = request.tds_version if request.tds_version == _TDS_8 else TDS_74
    channel.send(
        [
            env_change(EnvChangeType.DATABASE, login.database, login.database),
            env_change(EnvChangeType.SQL_COLLATION, COLLATION_BYTES),
            env_change(EnvChangeType.LANGUAGE, "us_english"),
            login_ack(version=(_VERSION.major, _VERSION.minor, _VERSION.build), tds_version=version),
            env_change(EnvChangeType.PACKET_SIZE, str(size), str(DEFAULT_PACKET_SIZE)),
            done(),
        ]
    )
    channel.packet_size = size
    return True


class Requests:
    """Answers the requests of a client that has logged in."""

    def __init__(self, channel: Channel, session: Session) -> None:
        self._channel = channel
        self._session = session
        self._procedures = Procedures(session)

    def answer_next(self) -> None:
        """Wait for one request and answer it.

        Raises:
            Disconnected: The client has disconnected.
            TdsProtocolError: The message is not a request.
        """
        message = self._channel.receive()
        before: list[bytes] = []
        if message.status & _RESET:
            before = [_transaction_token(change) for change in self._session.reset()]
            self._procedures.forget()
        match message.type:
            case PacketType.SQL_BATCH:
                tokens = self._batch(parse_sql_batch(message.payload))
            case PacketType.RPC:
                tokens = self._calls(read_calls(message.payload))
            case PacketType.TRANSACTION_MANAGER:
                tokens = self._transaction(message.payload)
            case PacketType.ATTENTION:
                tokens = iter([_attention()])
            case _:
                raise TdsProtocolError(f"{message.type.name} is not a request that this source answers")
        self._channel.send(self._until_cancelled(before, tokens))

    def _until_cancelled(self, before: list[bytes], tokens: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the tokens, and stop if the client sends a cancellation."""
        yield from before
        for token in tokens:
            yield token
            if self._channel.is_cancelled():
                yield _attention()
                return

    def _batch(self, text: str) -> Iterator[bytes]:
        waiting: Callable[[int], bytes] | None = None
        try:
            for outcome in self._session.run(text, {}):
                if isinstance(outcome, TransactionChange):
                    yield _transaction_token(outcome)
                    continue
                if waiting is not None:
                    yield waiting(DoneStatus.MORE)
                counted = _Counter()
                yield from counted.tokens(outcome)
                waiting = counted.done
        except Exception as failure:  # noqa: BLE001 - whatever it is, the client gets it as an error and stays connected
            if waiting is not None:
                yield waiting(DoneStatus.MORE)
            yield _error(failure) + done(status=DoneStatus.ERROR)
        else:
            yield waiting(DoneStatus.FINAL) if waiting is not None else done()

    def _calls(self, calls: list[Call]) -> Iterator[bytes]:
        for place, call in enumerate(calls, start=1):
            more = DoneStatus.MORE if place < len(calls) else DoneStatus.FINAL
            handle = b""
            try:
                for outcome in self._procedures.run(call):
                    if isinstance(outcome, int):
                        handle = _returned(outcome)
                    elif isinstance(outcome, TransactionChange):
                        yield _transaction_token(outcome)
                    else:
                        counted = _Counter(_DONE_IN_PROCEDURE)
                        yield from counted.tokens(outcome)
                        yield counted.done(DoneStatus.MORE)
            except Exception as failure:  # noqa: BLE001 - as in _batch
                yield _error(failure) + _done(_DONE_PROCEDURE, DoneStatus.ERROR, 0)
                return
            yield _RETURN_STATUS + handle + _done(_DONE_PROCEDURE, more, 0)

    def _transaction(self, payload: bytes) -> Iterator[bytes]:
        request = parse_transaction_request(payload)
        try:
            if request.kind is TransactionRequestType.BEGIN_XACT:
                change = self._session.begin()
            elif request.kind in (TransactionRequestType.COMMIT_XACT, TransactionRequestType.ROLLBACK_XACT):
                change = self._session.end(committed=request.kind is TransactionRequestType.COMMIT_XACT)
            else:
                raise unsupported(f"the transaction request {request.kind.name}")
        except SqlError as failure:
            yield _error(failure) + done(status=DoneStatus.ERROR)
        else:
            yield _transaction_token(change) + done()


class _Counter:
    """Converts an outcome into tokens, and counts its rows."""

    def __init__(self, token: int = 0xFD) -> None:
        self._token = token
        self._rows: int | None = None
        self._command = 0

    def tokens(self, outcome: Outcome) -> Iterator[bytes]:
        if isinstance(outcome, Done):
            self._rows = outcome.rows
        elif isinstance(outcome, RowSet):
            self._rows, self._command = 0, _SELECT
            try:
                yield column_metadata(outcome.columns)
                for batch in outcome.batches:
                    self._rows += batch.height
                    yield row_tokens(outcome.columns, batch)
            except SqlError as failure:
                raise failure.of_statement(outcome.statement) from None

    def done(self, status: int) -> bytes:
        if self._rows is None:
            return _done(self._token, status, 0)
        return _done(self._token, status | DoneStatus.COUNT, self._rows, self._command)


def _done(token: int, status: int, rows: int, command: int = 0) -> bytes:
    return struct.pack("<BHHQ", token, status, command, rows)


def _attention() -> bytes:
    return done(status=DoneStatus.FINAL | DoneStatus.ATTENTION)


def _returned(handle: int) -> bytes:
    """Return the value of an output parameter of type int."""
    return b"\xac" + struct.pack("<HBBIH", 0, 0, 1, 0, 0) + b"\x26\x04\x04" + struct.pack("<i", handle)


def _transaction_token(change: TransactionChange) -> bytes:
    number = change.number.to_bytes(8, "little")
    began = change.kind == "begin"
    return env_change(_CHANGES[change.kind], number if began else b"", b"" if began else number)


def _error(failure: Exception) -> bytes:
    if isinstance(failure, SqlError):
        return error(failure.number, str(failure), server=_SERVER_NAME)
    if isinstance(failure, duckdb.Error):
        return error(_INTERNAL, str(failure)[:2000], server=_SERVER_NAME)
    _LOG.error("a statement could not be answered", exc_info=failure)
    return error(_INTERNAL, f"the local SQL source failed: {type(failure).__name__}: {failure}", server=_SERVER_NAME)
