"""Takes in what a server sends with few system calls and copies: paramiko's own ways cost more than decrypting it."""

import ctypes
import socket
import threading
from typing import Final

from paramiko import Channel
from paramiko.buffered_pipe import PipeTimeout

# Servers send packets of 32 KiB; several of them come with one call.
_BUFFER_BYTES: Final = 2**18
# Of glibc's mallopt, and as far as it lets them be set.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 2**25


class BufferedSocket(socket.socket):
    """A connected socket that asks the kernel for much and hands out the little that paramiko asks it for.

    Args:
        connected: taken over; do not use it any more.
    """

    def __init__(self, connected: socket.socket) -> None:
        timeout = connected.gettimeout()
        super().__init__(fileno=connected.detach())
        self.settimeout(timeout)
        self._buffer = bytearray(_BUFFER_BYTES)
        self._held = memoryview(b"")

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """At most so many bytes; empty where the other end has closed."""
        if not self._held:
            self._held = memoryview(self._buffer)[: self.recv_into(self._buffer, flags=flags)]
        taken = bytes(self._held[:bufsize])
        self._held = self._held[bufsize:]
        return taken


class Arrivals:
    """What came for a channel and was not read yet, in the pieces that it came in: a channel's `in_buffer`.

    paramiko's own moves all that it holds at each reading, and wakes the reader with each piece.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self._pieces: list[bytes | memoryview] = []
        self._size = 0
        self._wanted = 1

    def feed(self, data: bytes) -> None:
        """Take a piece in."""
        with self._changed:
            self._pieces.append(data)
            self._size += len(data)
            if self._size >= self._wanted:
                self._changed.notify()

    def read(self, nbytes: int, timeout: float | None = None) -> bytes:
        """Exactly so many bytes; fewer once the channel is closed.

        Raises:
            PipeTimeout: nothing came for so many seconds.
        """
        with self._changed:
            self._wanted = nbytes
            while self._size < nbytes and not self._closed:
                before = self._size
                if not self._changed.wait(timeout) and self._size == before and not self._closed:
                    raise PipeTimeout
            return b"".join(self._take(nbytes))

    def __len__(self) -> int:
        return self._size

    def close(self) -> None:
        """Note that nothing more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _take(self, count: int) -> list[bytes | memoryview]:
        whole = 0
        left = min(count, self._size)
        self._size -= left
        while left and len(self._pieces[whole]) <= left:
            left -= len(self._pieces[whole])
            whole += 1
        taken = self._pieces[:whole]
        del self._pieces[:whole]
        if left:
            last = memoryview(self._pieces[0])
            taken.append(last[:left])
            self._pieces[0] = last[left:]
        return taken


def receive_in_pieces(channel: Channel) -> Arrivals:
    """Let a channel that nothing was asked of yet keep what comes as Arrivals."""
    arrivals = Arrivals()
    # A server that speaks first does not speak SFTP; its words are shown to a person.
    if unasked := channel.in_buffer.empty():
        arrivals.feed(unasked)
    channel.in_buffer = arrivals  # pyright: ignore[reportAttributeAccessIssue]  # has what a channel needs
    if channel.closed or channel.eof_received:
        # It was closed while the other buffer was there.
        arrivals.close()
    return arrivals


def keep_freed_memory() -> None:
    """Let this process keep the buffers that it frees, up to 32 MiB.

    Otherwise glibc gives each back to the kernel and asks for it anew: a quarter of the time that reading takes.
    """
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is not None:
        change(_TRIM_THRESHOLD, _KEPT_BYTES)
        change(_MMAP_THRESHOLD, _KEPT_BYTES)
