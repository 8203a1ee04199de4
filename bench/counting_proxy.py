"""A proxy on loopback that counts any client's requests to AWS's services and the bytes on the wire."""

import asyncio
import re
import threading
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Self

_HOST: Final = "127.0.0.1"
_AT_ONCE: Final = 2**18
_SERVICE: Final = re.compile(rb"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/aws4_request", re.IGNORECASE)
_TARGET: Final = re.compile(rb"\r\nx-amz-target: *[^\r]*\.([A-Za-z]+)\r\n", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked\r\n", re.IGNORECASE)


@dataclass(slots=True)
class Traffic:
    """Counted traffic."""

    requests: Counter[str] = field(default_factory=Counter[str])
    """Number of requests by name, such as "s3 GET" and "dynamodb Query"."""
    read: int = 0
    """Bytes of answers, headers included."""
    written: int = 0
    """Bytes of requests, headers included."""


class CountingProxy:
    """Forwarder from a free port to another port. Use it in a `with` statement.

    Args:
        port: port on loopback to which the requests go.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._traffic = Traffic()
        self._loop = asyncio.new_event_loop()
        self._ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._ready.result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """Address of the proxy."""
        return f"http://{_HOST}:{self.port}"

    def take(self) -> Traffic:
        """Return the traffic since the previous call."""
        taken, self._traffic = self._traffic, Traffic()
        return taken

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._forward, _HOST, 0))
        self._ready.set_result(server.sockets[0].getsockname()[1])
        self._loop.run_forever()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = _Requests()
        try:
            from_server, to_server = await asyncio.open_connection(_HOST, self._to)
        except OSError:
            writer.close()
            return
        answers = asyncio.ensure_future(self._answers(from_server, writer))
        try:
            while content := await reader.read(_AT_ONCE):
                self._traffic.written += len(content)
                self._traffic.requests.update(requests.begun_in(content))
                to_server.write(content)
                await to_server.drain()
        except ConnectionError:
            pass
        finally:
            to_server.close()
            await asyncio.gather(answers, return_exceptions=True)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while content := await reader.read(_AT_ONCE):
                self._traffic.read += len(content)
                writer.write(content)
                await writer.drain()
        finally:
            writer.close()


class _Requests:
    """Parser that finds the requests in the bytes that a client sends over one connection."""

    def __init__(self) -> None:
        self._head = b""
        self._body = 0
        self._chunked = False

    def begun_in(self, content: bytes) -> list[str]:
        """Return the names of the requests whose headers end in this part."""
        found: list[str] = []
        while content:
            if self._body:
                skipped = min(self._body, len(content))
                self._body -= skipped
                content = content[skipped:]
                continue
            self._head += content
            if self._chunked:
                content = self._after_chunks()
                continue
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                break
            head, content, self._head = self._head[: end + 4], self._head[end + 4 :], b""
            found.append(_name(head))
            length = _LENGTH.search(head)
            self._body = int(length.group(1)) if length else 0
            self._chunked = _CHUNKED.search(head) is not None
        return found

    def _after_chunks(self) -> bytes:
        """Return the bytes after the last chunk of a body, or nothing if the body has not ended."""
        end = self._head.find(b"0\r\n\r\n")
        if end < 0:
            self._head = self._head[-4:]
            return b""
        rest, self._head, self._chunked = self._head[end + 5 :], b"", False
        return rest


def _name(head: bytes) -> str:
    service = _SERVICE.search(head)
    called = service.group(1).decode() if service else "unsigned"
    if target := _TARGET.search(head):
        return f"{called} {target.group(1).decode()}"
    method, path, _ = head.split(b" ", 2)
    return f"{called} {'LIST' if b'list-type=2' in path else method.decode()}"
