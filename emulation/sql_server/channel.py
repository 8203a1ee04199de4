"""Sends and receives TDS messages over a socket: packets and TLS.

TDS 8 (a client's `Encrypt=strict`, the only mode in which Microsoft's driver pins a certificate) uses TLS from the
first byte. TDS 7 (`Encrypt=yes`) begins unencrypted, and its TLS handshake travels inside packets.
"""

import select
import socket
import ssl
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pysqlbridge.tds.packet import PacketStatus, PacketType, TdsProtocolError
from pysqlbridge.tds.tls import TlsError, TlsTunnel, wrap_handshake

DEFAULT_PACKET_SIZE: Final = 4096
LARGEST_PACKET_SIZE: Final = 32_767
_HEADER: Final = struct.Struct(">BBHHBB")
_TLS_HANDSHAKE: Final = 0x16
_RECEIVE_BYTES: Final = 65_536
_LARGEST_MESSAGE: Final = 64 * 1024 * 1024


class Disconnected(Exception):  # noqa: N818 - no error: clients go away
    """The client has disconnected."""


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message from the client."""

    type: PacketType
    status: PacketStatus
    payload: bytes


def tls_context(certificate: Path, private_key: Path) -> ssl.SSLContext:
    """Return the server's TLS settings with its certificate.

    TLS 1.2 at most: TLS 1.3 sends tickets after the handshake, which TDS 7 does not allow.

    Raises:
        OSError: A file cannot be read (ssl.SSLError if its content is not valid).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.set_alpn_protocols(["tds/8.0"])
    context.load_cert_chain(certificate, private_key)
    return context


class Channel:
    """One client's connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._tunnel: TlsTunnel | None = None
        self._received = bytearray()
        self._waiting: Message | None = None
        self.packet_size = DEFAULT_PACKET_SIZE
        self.process_id = 0

    @property
    def is_secure(self) -> bool:
        """True if all further traffic is encrypted."""
        return self._tunnel is not None

    def begins_with_tls(self) -> bool:
        """Return True if the client begins with TLS instead of a packet.

        Raises:
            Disconnected: The client sends nothing.
        """
        first = self._socket.recv(1, socket.MSG_PEEK)
        if not first:
            raise Disconnected
        return first[0] == _TLS_HANDSHAKE

    def secure(self, context: ssl.SSLContext, *, in_packets: bool) -> None:
        """Run the TLS handshake, and encrypt all further traffic.

        Raises:
            TlsError: The client refused, for example because it expects another certificate.
        """
        tunnel = TlsTunnel(context)
        while not tunnel.handshake_complete:
            records = tunnel.advance_handshake(self.receive().payload if in_packets else self._some())
            if records:
                self._socket.sendall(b"".join(wrap_handshake(records)) if in_packets else records)
        self._tunnel = tunnel

    def receive(self) -> Message:
        """Return the next message.

        Raises:
            Disconnected: No more messages will arrive.
            TdsProtocolError: The data is not TDS.
        """
        if self._waiting is not None:
            message, self._waiting = self._waiting, None
            return message
        kind, status, chunk = self._packet()
        payload, first = bytearray(chunk), status
        while not status & PacketStatus.END_OF_MESSAGE:
            _, status, chunk = self._packet()
            payload += chunk
            if len(payload) > _LARGEST_MESSAGE:
                raise TdsProtocolError(f"a message of more than {_LARGEST_MESSAGE} bytes")
        return Message(kind, first, bytes(payload))

    def is_cancelled(self) -> bool:
        """Return True if the client has sent a cancellation. It then counts as received."""
        if self._waiting is None and (self._received or select.select([self._socket], [], [], 0)[0]):
            self._waiting = self.receive()
        if self._waiting is None or self._waiting.type is not PacketType.ATTENTION:
            return False
        self._waiting = None
        return True

    def send(self, parts: Iterable[bytes]) -> None:
        """Send one message in packets, part by part as they become available."""
        body = self.packet_size - _HEADER.size
        waiting = bytearray()
        number = 1
        for part in parts:
            waiting += part
            if len(waiting) <= body:
                continue
            # At least one byte stays for the last packet, because only that one may end the message.
            whole = (len(waiting) - 1) // body
            packets = memoryview(bytes(waiting[: whole * body]))
            del waiting[: whole * body]
            self._send_packets(
                [packets[at : at + body] for at in range(0, whole * body, body)], number, PacketStatus.NORMAL
            )
            number += whole
        self._send_packets([memoryview(bytes(waiting))], number, PacketStatus.END_OF_MESSAGE)

    def _send_packets(self, bodies: list[memoryview], number: int, status: PacketStatus) -> None:
        pieces: list[bytes | memoryview] = []
        for offset, body in enumerate(bodies):
            length = _HEADER.size + len(body)
            packet = (number + offset) % 256
            pieces.append(_HEADER.pack(PacketType.TABULAR_RESULT, status, length, self.process_id, packet, 0))
            pieces.append(body)
        data = b"".join(pieces)
        try:
            self._socket.sendall(data if self._tunnel is None else self._tunnel.wrap(data))
        except OSError:
            raise Disconnected from None

    def _packet(self) -> tuple[PacketType, PacketStatus, bytes]:
        kind, status, length, *_ = _HEADER.unpack(self._exactly(_HEADER.size))
        if length < _HEADER.size:
            raise TdsProtocolError(f"a packet of {length} bytes")
        try:
            return PacketType(kind), PacketStatus(status), self._exactly(length - _HEADER.size)
        except ValueError:
            raise TdsProtocolError(f"a packet of the unknown type {kind:#x}") from None

    def _exactly(self, count: int) -> bytes:
        while len(self._received) < count:
            data = self._some()
            self._received += data if self._tunnel is None else self._tunnel.unwrap(data)
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _some(self) -> bytes:
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except OSError:
            raise Disconnected from None
        if not data:
            raise Disconnected
        return data


__all__ = ["Channel", "Disconnected", "Message", "TdsProtocolError", "TlsError", "tls_context"]
