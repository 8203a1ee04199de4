"""Receives data with few system calls and copies. paramiko's own methods take longer than the decryption."""

import socket
import threading
from typing import Final

from paramiko import Channel
from paramiko.buffered_pipe import PipeTimeout

# Servers send packets of 32 KiB; one call receives several of them.
BUFFER_BYTES: Final = 2**18
# A server that uses Nagle's algorithm, as OpenSSH does while it opens a session, sends a short packet only after the
# previous one was acknowledged. Linux delays an acknowledgement by 40 ms.
_SHORT_BYTES: Final = 2**12
_ACKNOWLEDGE_AT_ONCE: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
_LENGTH_BYTES: Final = 4
_TCP_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)


class BufferedSocket(socket.socket):
    """A connected socket that reads large blocks from the kernel and returns the small pieces that paramiko requests.

    Args:
        connected: a socket to take over; do not use it afterwards.
    """

    def __init__(self, connected: socket.socket) -> None:
        timeout = connected.gettimeout()
        super().__init__(fileno=connected.detach())
        self.settimeout(timeout)
        self._acknowledges = _ACKNOWLEDGE_AT_ONCE is not None and self.family in _TCP_FAMILIES
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._held = self._buffer[:0]

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Return at most the given number of bytes; empty if the other end has closed."""
        if not self._held:
            self._receive(flags)
        taken = bytes(self._held[:bufsize])
        self._held = self._held[bufsize:]
        return taken

    def next_packet(self, more: int) -> memoryview | None:
        """Return the next packet if it arrives whole: its length in 4 bytes, as many bytes, and `more` bytes.

        Returns:
            The packet, valid until the next call. None if it did not arrive in time, is too long, or the connection
            broke; `recv` then returns its bytes, or raises the error.
        """
        while True:
            if len(self._held) >= _LENGTH_BYTES:
                size = _LENGTH_BYTES + int.from_bytes(self._held[:_LENGTH_BYTES]) + more
                if size <= len(self._held):
                    packet, self._held = self._held[:size], self._held[size:]
                    return packet
                if size > len(self._buffer):
                    return None
            try:
                if not self._receive():
                    return None
            except OSError:
                return None

    def _receive(self, flags: int = 0) -> int:
        """Receive into the buffer, after the bytes that it holds. Returns the number of bytes."""
        held = len(self._held)
        self._buffer[:held] = self._held
        self._held = self._buffer[:held]
        count = self.recv_into(self._buffer[held:], flags=flags)
        self._held = self._buffer[: held + count]
        if count < _SHORT_BYTES and self._acknowledges:
            self.setsockopt(socket.IPPROTO_TCP, _ACKNOWLEDGE_AT_ONCE or 0, 1)
        return count


class Pieces:
    """Consecutive bytes, in the pieces in which they arrived. `bytes` joins them.

    Args:
        views: the pieces.
    """

    def __init__(self, views: list[memoryview] | None = None) -> None:
        self.views = views or []
        self._size = sum(map(len, self.views))

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return b"".join(self.views)

    def add(self, more: "Pieces") -> None:
        """Append pieces."""
        self.views += more.views
        self._size += len(more)


class Arrivals:
    """Unread data of a channel, in the pieces that arrived. Replaces a channel's `in_buffer`.

    paramiko's own buffer moves all its data at each read, and wakes the reader for each piece.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self._pieces: list[memoryview] = []
        self._size = 0
        self._wanted = 1

    def feed(self, data: bytes | memoryview) -> None:
        """Add a piece. An empty one is ignored, because the window does not limit their number."""
        if not data:
            return
        with self._changed:
            self._pieces.append(memoryview(data))
            self._size += len(data)
            if self._size >= self._wanted:
                self._changed.notify()

    def read(self, nbytes: int, timeout: float | None = None) -> Pieces:
        """Return exactly the given number of bytes; fewer if the channel was closed. The channel's `recv` returns this.

        Raises:
            PipeTimeout: No data arrived within the timeout.
        """
        with self._changed:
            self._wanted = nbytes
            while self._size < nbytes and not self._closed:
                before = self._size
                if not self._changed.wait(timeout) and self._size == before and not self._closed:
                    raise PipeTimeout
            return Pieces(self._take(nbytes))

    def __len__(self) -> int:
        return self._size

    def close(self) -> None:
        """Record that no more data will arrive."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _take(self, count: int) -> list[memoryview]:
        whole = 0
        left = min(count, self._size)
        self._size -= left
        while left and len(self._pieces[whole]) <= left:
            left -= len(self._pieces[whole])
            whole += 1
        taken = self._pieces[:whole]
        del self._pieces[:whole]
        if left:
            last = self._pieces[0]
            taken.append(last[:left])
            self._pieces[0] = last[left:]
        return taken


def receive_in_pieces(channel: Channel) -> Arrivals:
    """Let an unused channel collect its data in Arrivals."""
    arrivals = Arrivals()
    # A server that sends first does not speak SFTP; a message quotes its text.
    if unasked := channel.in_buffer.empty():
        arrivals.feed(unasked)
    channel.in_buffer = arrivals  # pyright: ignore[reportAttributeAccessIssue]  # has what a channel needs
    if channel.closed or channel.eof_received:
        # The channel was closed before its buffer was replaced.
        arrivals.close()
    return arrivals
