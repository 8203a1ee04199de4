"""Extends paramiko's SFTP client: it tolerates what servers answer, and reads ahead safely and fast.

paramiko's own prefetch sends its requests from a second thread. If an answer arrives before that thread has recorded
its next request, paramiko considers the file read: it stops reading ahead, and later answers stay in memory for good.
If the connection breaks during that, the thread ends with a traceback. Here the reading thread sends the requests too.
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
from functions.sftp_collector.receiving import Pieces, receive_in_pieces

# The most that OpenSSH answers to one request, and the number of requests that keep a connection busy.
REQUEST_BYTES: Final = 261_120
REQUESTS_IN_FLIGHT: Final = 24
# Number of requests in one packet; each packet costs both ends the same.
_REQUESTS_A_PACKET: Final = 8
# Every server must be able to answer a request of this size.
SMALLEST_REQUEST_BYTES: Final = 32_768
# paramiko's limit: a packet that claims to be longer is not SFTP.
_LARGEST_PACKET_BYTES: Final = 2**24 - 1
# Half of the window: a server cannot send more until some of it was read.
_MOST_AT_ONCE_BYTES: Final = 2**22
# Length and type of a packet; and the least size of an entry: length of a name, length of its long form, and flags.
_HEAD_BYTES: Final = 5
_SMALLEST_ENTRY_BYTES: Final = 12
# Number of the request, and length of the data, before a file's data.
_DATA_HEAD_BYTES: Final = 8


class _TolerantMessage(paramiko.Message):
    """A message whose texts may be in any encoding."""

    def get_text(self) -> str:
        return self.get_string().decode("utf-8", "surrogateescape")


class CollectorClient(paramiko.SFTPClient):
    """An SFTP session. A request that the server refuses raises AnswerError; any other error comes from the connection.

    The class uses private paramiko methods for single requests; the pinned version and tests keep them stable.
    """

    request_bytes: int = REQUEST_BYTES
    """Largest size of one request; reduced if the server refuses it."""
    large_requests_are_answered: bool | None = None
    """True if a request of more than 32 KiB was answered; None before the first one."""
    # Requests to send together; None: each is sent at once.
    _gathered: list[bytes] | None = None
    # A file's data in the answer that was received last.
    _data: Pieces = Pieces()

    def __init__(self, sock: paramiko.Channel) -> None:
        self.arrivals = arrivals = receive_in_pieces(sock)
        try:
            super().__init__(sock)
        except OSError as error:
            # The server has already closed the connection, and may have sent the reason as plain text.
            if arrivals:
                raise NotSftpError(bytes(arrivals.read(len(arrivals)))) from error
            raise

    def list_directory(self, path: str) -> list[paramiko.SFTPAttributes]:
        """Return all entries of a directory except "." and "..".

        paramiko's own method trusts the server's count of names, and takes any end of file for the end of the listing.
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

    def read_in_order(self, file: paramiko.SFTPFile, start: int, size: int) -> Iterator[Pieces]:
        """Yield `size` bytes of a file from `start` in blocks, with several requests in flight.

        Stops at the end of the file. If the server refuses a large request, this repeats it as small requests.
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

    def _read(self, file: paramiko.SFTPFile, start: int, end: int, request_bytes: int) -> Iterator[Pieces]:
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
                # The server sends less than requested: fetch the rest, and request this size from now on.
                request_bytes = max(SMALLEST_REQUEST_BYTES, len(block))
                yield block
                offset, length = offset + len(block), length - len(block)
                block = answers.wait_for(answers.ask(file, offset, length))
            if not block:
                return
            yield block

    def _await_block(self, answers: "_Answers", number: int, length: int) -> Pieces:
        if length <= SMALLEST_REQUEST_BYTES:
            return answers.wait_for(number)
        self.large_requests_are_answered = bool(self.large_requests_are_answered)
        block = answers.wait_for(number)
        self.large_requests_are_answered = True
        return block

    def send_read(self, receiver: object, file: paramiko.SFTPFile, offset: int, length: int) -> int:
        """Send one read request; its answer goes to the receiver's `_async_response`. Returns the request's number."""
        return self._async_request(receiver, CMD_READ, file.handle, int64(offset), length)  # pyright: ignore[reportAttributeAccessIssue, reportReturnType]  # not in the stubs

    def receive(self) -> None:
        """Read one answer from the server and pass it to its receiver."""
        self._read_response()  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs

    def take_data(self) -> Pieces:
        """Return the data of the answer that was received last."""
        data, self._data = self._data, Pieces()
        return data

    def raise_status(self, message: paramiko.Message) -> None:
        """Raise the AnswerError of a status message; do nothing if the status is OK."""
        self._convert_status(message)

    def _convert_status(self, msg: paramiko.Message) -> None:
        code = msg.get_int()
        if code != SFTP_OK:
            raise answer_error(code, msg.get_string())

    def _read_packet(self) -> tuple[int, bytes]:
        """Return the type and content of a packet, but leave a file's data to `take_data`: it need not be joined."""
        head = bytes(self._receive(_HEAD_BYTES))
        size = int.from_bytes(head[:4])
        if head and (len(head) < _HEAD_BYTES or not 0 < size <= _LARGEST_PACKET_BYTES):
            raise NotSftpError(head + bytes(self._receive(len(self.sock.in_buffer))))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]  # Arrivals
        if not head:
            raise EOFError
        kind, left = head[4], size - 1
        if kind != CMD_DATA:
            return kind, bytes(self._receive_all(left))
        start = bytes(self._receive_all(min(left, _DATA_HEAD_BYTES)))
        self._data = self._receive_all(left - len(start))
        return kind, start

    def _receive_all(self, count: int) -> Pieces:
        received = self._receive(count)
        if len(received) < count:
            raise EOFError
        return received

    def _receive(self, count: int) -> Pieces:
        """Return the given number of bytes; fewer if the channel was closed."""
        received = Pieces()
        while (left := count - len(received)) > 0:
            # The server waits for room in the window; reading makes room.
            wanted = min(left, _MOST_AT_ONCE_BYTES)
            some: Pieces = self.sock.recv(wanted)  # pyright: ignore[reportAttributeAccessIssue, reportAssignmentType]  # Arrivals
            received.add(some)
            if len(some) < wanted:
                break
        return received

    @contextmanager
    def _sent_together(self) -> Generator[None]:
        """Send the requests of the block in one packet."""
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
    """Sends read requests and keeps the answers until they are needed."""

    def __init__(self, client: CollectorClient) -> None:
        self._client = client
        self._arrived: dict[int, Pieces | Exception] = {}

    def ask(self, file: paramiko.SFTPFile, offset: int, length: int) -> int:
        return self._client.send_read(self, file, offset, length)

    def wait_for(self, number: int) -> Pieces:
        """Return the answer to a request; empty if the file ended before it."""
        while number not in self._arrived:
            self._client.receive()
        answer = self._arrived.pop(number)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _async_response(self, kind: int, message: paramiko.Message, number: int) -> None:
        """Receive an answer; paramiko calls this."""
        if kind == CMD_DATA:
            self._arrived[number] = self._data(message.get_int())
        elif kind == CMD_STATUS:
            self._arrived[number] = self._status(message)
        else:
            self._arrived[number] = paramiko.SFTPError(f"the server answered a request to read with message {kind}")

    def _data(self, size: int) -> Pieces | Exception:
        data = self._client.take_data()
        if len(data) != size:
            return paramiko.SFTPError(f"the server answered with {len(data)} bytes and calls them {size}")
        return data

    def _status(self, message: paramiko.Message) -> Pieces | Exception:
        try:
            self._client.raise_status(message)
        except EndAnswerError:
            return Pieces()
        except AnswerError as error:
            return error
        return paramiko.SFTPError("the server answered a request to read with no data")
