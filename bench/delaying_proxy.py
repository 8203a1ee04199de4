"""A TCP proxy that adds a delay each way, for kernels without netem.

Run by `python bench/delaying_proxy.py PORT MILLISECONDS`. Prints its own port, then forwards 127.0.0.1 to PORT. Each
direction is delayed by half the round trip; the bandwidth stays the same.
"""

import asyncio
import sys
from typing import cast

# Bytes that may wait to be written before reading pauses: far more than bandwidth times delay.
HIGH_WATER = 64 * 2**20


class Delayed(asyncio.Protocol):
    """One direction: writes received bytes to the peer after a delay."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        self.peer: Delayed | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        """Write the data to the peer later; call_later keeps the order of equal delays."""
        self._loop.call_later(self._delay, self._forward, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the peer after all received data has been written to it."""
        del exc
        self._loop.call_later(self._delay, self._close_peer)

    def pause_writing(self) -> None:
        """Stop reading from the peer until this side can write again."""
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        """Continue to read from the peer."""
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def _forward(self, data: bytes) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)

    def _close_peer(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.close()


class Accepted(Delayed):
    """The client's side, which connects to the server before it reads."""

    def __init__(self, delay: float, port: int) -> None:
        super().__init__(delay)
        self._port = port
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pause the client until the server is connected."""
        super().connection_made(transport)
        cast("asyncio.Transport", transport).pause_reading()
        self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, server = await loop.create_connection(lambda: Delayed(self._delay), "127.0.0.1", self._port)
        self.peer, server.peer = server, self
        if self.transport is not None:
            self.transport.resume_reading()


async def forward(port: int, round_trip_milliseconds: float) -> None:
    """Forward to a port until killed; print the proxy's own port first."""
    delay = round_trip_milliseconds / 2000
    server = await asyncio.get_running_loop().create_server(lambda: Accepted(delay, port), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(forward(int(sys.argv[1]), float(sys.argv[2])))
