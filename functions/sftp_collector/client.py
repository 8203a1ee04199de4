"""paramiko's SFTP client with what it lacks: listings of names in any encoding, and reading ahead safely and fast.

paramiko's own prefetch sends its requests from a second thread. When an answer comes before that thread has noted its
next request, the file is taken for read: reading ahead ends, what still arrives stays in memory for good, and if the
connection breaks meanwhile the thread ends with a traceback. So here the thread that reads sends the requests too.
"""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Final

import paramiko
from paramiko.sftp import CMD_DATA, CMD_NAME, CMD_READ, CMD_STATUS, int64

from functions.sftp_collector.receiving import receive_in_pieces

# What OpenSSH answers at most to one request, and how many requests keep a connection busy.
REQUEST_BYTES: Final = 261_120
REQUESTS_IN_FLIGHT: Final = 24
# So many are sent in one packet; each packet costs both ends the same.
_REQUESTS_A_PACKET: Final = 8
# What every server has to be able to answer to one request.
_SMALLEST_REQUEST_BYTES: Final = 32_768
# As paramiko has it: what claims to be longer is no SFTP.
_LARGEST_PACKET_BYTES: Final = 2**24 - 1


class _TolerantMessage(paramiko.Message):
    """A message whose texts may be in any encoding."""

    def get_text(self) -> str:
        return self.get_string().decode("utf-8", "surrogateescape")


class CollectorClient(paramiko.SFTPClient):
    """An SFTP session.

    It stands on paramiko's methods for single requests, which are not public: pinning and tests hold them.
    """

    # Requests that wait to be sent together; None: each is sent at once.
    _gathered: list[bytes] | None = None

    def __init__(self, sock: paramiko.Channel) -> None:
        receive_in_pieces(sock)
        super().__init__(sock)

    def read_in_order(self, file: paramiko.SFTPFile, start: int, size: int) -> Iterator[bytes]:
        """`size` bytes of a file from `start` on, in blocks, several requests under way. Ends early where it does."""
        answers = _Answers(self)
        request_bytes = REQUEST_BYTES
        under_way: deque[tuple[int, int, int]] = deque()
        requested, end = start, start + size
        while requested < end or under_way:
            if len(under_way) <= REQUESTS_IN_FLIGHT - _REQUESTS_A_PACKET:
                with self._sent_together():
                    while requested < end and len(under_way) < REQUESTS_IN_FLIGHT:
                        length = min(request_bytes, end - requested)
                        under_way.append((answers.ask(file, requested, length), requested, length))
                        requested += length
            number, offset, length = under_way.popleft()
            block = answers.wait_for(number)
            while block and len(block) < length:
                # The server answers less than it is asked for: get the rest, and ask for as much from now on.
                request_bytes = max(_SMALLEST_REQUEST_BYTES, len(block))
                yield block
                offset, length = offset + len(block), length - len(block)
                block = answers.wait_for(answers.ask(file, offset, length))
            if not block:
                return
            yield block

    def send_read(self, receiver: object, file: paramiko.SFTPFile, offset: int, length: int) -> int:
        """Send one request to read; its answer goes to the receiver's `_async_response`. Returns its number."""
        return self._async_request(receiver, CMD_READ, file.handle, int64(offset), length)  # pyright: ignore[reportAttributeAccessIssue, reportReturnType]  # not in the stubs

    def receive(self) -> None:
        """Take in one answer of the server and hand it to its receiver."""
        self._read_response()  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs

    def raise_status(self, message: paramiko.Message) -> None:
        """Raise the error that a status message tells; EOFError where a file ends."""
        self._convert_status(message)  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs

    def _read_packet(self) -> tuple[int, bytes]:
        head = self._read_all(5)
        size = int.from_bytes(head[:4])
        if not 0 < size <= _LARGEST_PACKET_BYTES:
            raise paramiko.SFTPError("the server sent what is no SFTP packet")
        return head[4], self._read_all(size - 1)

    def _read_all(self, n: int) -> bytes:
        received: bytes = self.sock.recv(n)  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs
        if len(received) < n:
            raise EOFError
        return received

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
        except EOFError:
            return b""
        except OSError as error:
            return error
        return paramiko.SFTPError("the server answered a request to read with nothing")
