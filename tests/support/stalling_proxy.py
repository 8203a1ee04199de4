"""A TCP proxy that can stop forwarding while its connections stay open, like a dead peer behind a firewall."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class StallingProxy:
    """Forwards to a port of 127.0.0.1 until it stalls.

    Args:
        target: the server's port.
        stall_after: bytes that one connection receives from the server before it stalls; None: no limit.
    """

    def __init__(self, target: int, stall_after: int | None = None) -> None:
        self._target = target
        self.stall_after = stall_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Return the port on which it listens."""
        return self._listener.getsockname()[1]

    def close(self) -> None:
        """Stop listening, and end all connections."""
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                for pair in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, from_server: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                passed += len(data)
                if from_server and self.stall_after is not None and passed > self.stall_after:
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def stalling_proxy(target: int, stall_after: int | None = None) -> Iterator[StallingProxy]:
    """A proxy that ends with the block."""
    proxy = StallingProxy(target, stall_after)
    try:
        yield proxy
    finally:
        proxy.close()
