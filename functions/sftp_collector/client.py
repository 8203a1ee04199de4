"""paramiko's SFTP client with what it lacks: tolerance of what servers answer, and reading ahead safely and fast.

paramiko's own prefetch sends its requests from a second thread. When an answer comes before that thread has noted its
next request, the file is taken for read: reading ahead ends, what still arrives stays in memory for good, and if the
connection breaks meanwhile the thread ends with a traceback. So here the thread that reads sends the requests too.
"""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Final

import paramiko
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_DATA,
    CMD_HANDLE,
    CMD_NAME,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_STATUS,
    SFTP_OK,
    int64,
)

from functions.sftp_collector.answers import AnswerError, EndAnswerError, NotSftpError, answer_error
from functions.sftp_collector.receiving import receive_in_pieces

# What OpenSSH answers at most to one request, and how many requests keep a connection busy.
REQUEST_BYTES: Final = 261_120
REQUESTS_IN_FLIGHT: Final = 24
# So many are sent in one packet; each packet costs both ends the same.
_REQUESTS_A_PACKET: Final = 8
# What every server has to be able to answer to one request.
SMALLEST_REQUEST_BYTES: Final = 32_768
# As paramiko has it: what claims to be longer is no SFTP.
_LARGEST_PACKET_BYTES: Final = 2**24 - 1
# Half of the window: a server cannot send more before some of it was taken out.
_MOST_AT_ONCE_BYTES: Final = 2**22
# Length and type of a packet; length of a name, length of its long form and flags of an entry, if all are empty.
_HEAD_BYTES: Final = 5
_SMALLEST_ENTRY_BYTES: Final = 12


class _TolerantMessage(paramiko.Message):
    """A message whose texts may be in any encoding."""

    def get_text(self) -> str:
        return self.get_string().decode("utf-8", "surrogateescape")


class CollectorClient(paramiko.SFTPClient):
    """An SFTP session. A request that the server refuses raises AnswerError; any other error is the connection's.

    It stands on paramiko's methods for single requests, which are not public: pinning and tests hold them.
    """

    request_bytes: int = REQUEST_BYTES
    """At most so much is asked for at once; less once the server turns out to refuse that."""
    large_requests_are_answered: bool | None = None
    """Whether a request of more than 32 KiB was answered; None before there was one."""
    # Requests that wait to be sent together; None: each is sent at once.
    _gathered: list[bytes] | None = None

    def __init__(self, sock: paramiko.Channel) -> None:
        arrivals = receive_in_pieces(sock)
        try:
            super().__init__(sock)
        except OSError as error:
            # The server has ended already, and may have said why in words of its own.
            if arrivals:
                raise NotSftpError(arrivals.read(len(arrivals))) from error
            raise

    def list_directory(self, path: str) -> list[paramiko.SFTPAttributes]:
        """All entries of a directory but itself and its parent.

        paramiko's own trusts the server's count of names, and takes any end of a file for the end of the listing.
        """
        kind, message = self._request(CMD_OPENDIR, self._adjust_cwd(path))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # not in the stubs
        if kind != CMD_HANDLE:
            raise paramiko.SFTPError(f"the server answered a request to list with message {kind}")
        handle = message.get_binary()
        entries: list[paramiko.SFTPAttributes] = []
        while some := self._next_entries(handle):
            entries += some
        self._request(CMD_CLOSE, handle)
        return [entry for entry in entries if entry.filename not in {".", ".."}]

    def _next_entries(self, handle: bytes) -> list[paramiko.SFTPAttributes]:
        try:
            kind, message = self._request(CMD_READDIR, handle)
        except EndAnswerError:
            return []
        if kind != CMD_NAME:
            raise paramiko.SFTPError(f"the server answered a request for names with message {kind}")
        count = message.get_int()
        if count > len(message.asbytes()) // _SMALLEST_ENTRY_BYTES:
            raise paramiko.SFTPError(f"the server answered with {count} names in {len(message.asbytes())} bytes")
        return [
            paramiko.SFTPAttributes._from_msg(message, message.get_text(), message.get_text())  # noqa: SLF001 # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]  # not in the stubs
            for _ in range(count)
        ]

    def read_in_order(self, file: paramiko.SFTPFile, start: int, size: int) -> Iterator[bytes]:
        """`size` bytes of a file from `start` on, in blocks, several requests under way. Ends early where it does.

        A server that refuses large requests is asked once more by small ones.
        """
        position, end = start, start + size
        try:
            for block in self._read(file, position, end, self.request_bytes):
                position += len(block)
                yield block
        except AnswerError:
            if self.request_bytes <= SMALLEST_REQUEST_BYTES or end - position <= SMALLEST_REQUEST_BYTES:
                raise
            for block in self._read(file, position, end, SMALLEST_REQUEST_BYTES):
                self.request_bytes = SMALLEST_REQUEST_BYTES
                yield block

    def _read(self, file: paramiko.SFTPFile, start: int, end: int, request_bytes: int) -> Iterator[bytes]:
        answers = _Answers(self)
        under_way: deque[tuple[int, int, int]] = deque()
        requested = start
        while requested < end or under_way:
            if len(under_way) <= REQUESTS_IN_FLIGHT - _REQUESTS_A_PACKET:
                with self._sent_together():
                    while requested < end and len(under_way) < REQUESTS_IN_FLIGHT:
                        length = min(request_bytes, end - requested)
                        under_way.append((answers.ask(file, requested, length), requested, length))
                        requested += length
            number, offset, length = under_way.popleft()
            block = self._await_block(answers, number, length)
            while block and len(block) < length:
                # The server answers less than it is asked for: get the rest, and ask for as much from now on.
                request_bytes = max(SMALLEST_REQUEST_BYTES, len(block))
                yield block
                offset, length = offset + len(block), length - len(block)
                block = answers.wait_for(answers.ask(file, offset, length))
            if not block:
                return
            yield block

    def _await_block(self, answers: "_Answers", number: int, length: int) -> bytes:
        if length <= SMALLEST_REQUEST_BYTES:
            return answers.wait_for(number)
        self.large_requests_are_answered = bool(self.large_requests_are_answered)
        block = answers.wait_for(number)
        self.large_requests_are_answered = True
        return block

    def send_read(self, receiver: object, file: paramiko.SFTPFile, offset: int, length: int) -> int:
        """Send one request to read; its answer goes to the receiver's `_async_response`. Returns its number."""
        return self._async_request(receiver, CMD_READ, file.handle, int64(offset), length)  # pyright: ignore[reportAttributeAccessIssue, reportReturnType]  # not in the stubs

    def receive(self) -> None:
        """Take in one answer of the server and hand it to its receiver."""
        self._read_response()  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs

    def raise_status(self, message: paramiko.Message) -> None:
        """Raise the AnswerError that a status message tells; nothing if it tells of a success."""
        self._convert_status(message)

    def _convert_status(self, msg: paramiko.Message) -> None:
        code = msg.get_int()
        if code != SFTP_OK:
            raise answer_error(code, msg.get_string())

    def _read_packet(self) -> tuple[int, bytes]:
        head = self._receive(_HEAD_BYTES)
        size = int.from_bytes(head[:4])
        if head and (len(head) < _HEAD_BYTES or not 0 < size <= _LARGEST_PACKET_BYTES):
            raise NotSftpError(head + self._receive(len(self.sock.in_buffer)))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]  # Arrivals
        if not head:
            raise EOFError
        return head[4], self._read_all(size - 1)

    def _read_all(self, n: int) -> bytes:
        received = self._receive(n)
        if len(received) < n:
            raise EOFError
        return received

    def _receive(self, count: int) -> bytes:
        """So many bytes; fewer once the channel is closed."""
        first: bytes = self.sock.recv(min(count, _MOST_AT_ONCE_BYTES))  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs
        if len(first) == count or len(first) < _MOST_AT_ONCE_BYTES:
            return first
        # The server waits for room in the window, which taking some out makes.
        return first + self._receive(count - len(first))

    @contextmanager
    def _sent_together(self) -> Generator[None]:
        """Send the requests that are made within in one packet."""
        self._gathered = []
        try:
            yield
            requests = b"".join(self._gathered)
        finally:
            self._gathered = None
        self._write_all(requests)

    def _write_all(self, out: bytes) -> None:
        if self._gathered is not None:
            self._gathered.append(out)
        else:
            super()._write_all(out)  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs

    def _request(self, t: int, *args: object) -> tuple[int, paramiko.Message]:
        kind, message = super()._request(t, *args)  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs
        return (kind, _TolerantMessage(message.get_remainder())) if kind == CMD_NAME else (kind, message)


class _Answers:
    """Sends requests to read and keeps the answers until they are wanted."""

    def __init__(self, client: CollectorClient) -> None:
        self._client = client
        self._arrived: dict[int, bytes | Exception] = {}

    def ask(self, file: paramiko.SFTPFile, offset: int, length: int) -> int:
        return self._client.send_read(self, file, offset, length)

    def wait_for(self, number: int) -> bytes:
        """The answer to a request; empty where the file ended before."""
        while number not in self._arrived:
            self._client.receive()
        answer = self._arrived.pop(number)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _async_response(self, kind: int, message: paramiko.Message, number: int) -> None:
        """What paramiko calls with an answer."""
        if kind == CMD_DATA:
            self._arrived[number] = message.get_string()
        elif kind == CMD_STATUS:
            self._arrived[number] = self._status(message)
        else:
            self._arrived[number] = paramiko.SFTPError(f"the server answered a request to read with message {kind}")

    def _status(self, message: paramiko.Message) -> bytes | Exception:
        try:
            self._client.raise_status(message)
        except EndAnswerError:
            return b""
        except AnswerError as error:
            return error
        return paramiko.SFTPError("the server answered a request to read with no data")
