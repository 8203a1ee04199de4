"""The collector reads packets as paramiko does, and refuses changed and repeated packets."""

import socket
import struct

import paramiko
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from paramiko.common import MSG_CHANNEL_DATA, MSG_CHANNEL_EOF, MSG_CHANNEL_WINDOW_ADJUST
from paramiko.packet import Packetizer as ParamikoPacketizer

from functions.sftp_collector.packets import Packetizer
from functions.sftp_collector.receiving import BUFFER_BYTES, Arrivals, BufferedSocket

CHANNEL = 7
KEY, NONCE = bytes(range(16)), bytes(range(12))
LARGE = BUFFER_BYTES + 1


class InChunks(BufferedSocket):
    """A socket whose data arrives in chunks; an empty chunk is a time-out. Then the other end closes."""

    def __init__(self, chunks: list[bytes]) -> None:
        super().__init__(socket.socket(socket.AF_UNIX))
        self.close()
        self._chunks = list(chunks)

    def recv_into(self, buffer, *_, **__):
        if not self._chunks:
            return 0
        chunk = self._chunks.pop(0)
        if not chunk:
            raise TimeoutError
        count = min(len(chunk), len(buffer))
        buffer[:count] = chunk[:count]
        if chunk[count:]:
            self._chunks.insert(0, chunk[count:])
        return count


class Wire:
    """Keeps what a packetizer sends."""

    def __init__(self) -> None:
        self.sent = b""

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)


def encrypted(contents: list[bytes]) -> bytes:
    wire = Wire()
    sender = ParamikoPacketizer(wire)
    sender.set_outbound_cipher(AESGCM(KEY), 16, None, 16, None, aead=True, iv_out=NONCE)
    for content in contents:
        sender.send_message(paramiko.Message(content))
    return wire.sent


def received(packetizer: ParamikoPacketizer) -> tuple[bytes, list[tuple[int, bytes, int]]]:
    """Return the channel's data, and the other messages with their numbers, until the connection ends."""
    packetizer.set_inbound_cipher(AESGCM(KEY), 16, None, 16, None, aead=True, iv_in=NONCE)
    arrivals = Arrivals()
    if isinstance(packetizer, Packetizer):
        packetizer.deliver(CHANNEL, arrivals)
    others: list[tuple[int, bytes, int]] = []
    while True:
        try:
            kind, message = packetizer.read_message()
        except EOFError:
            return bytes(arrivals.read(len(arrivals))), others
        content = message.get_remainder()
        head = struct.pack(">I", CHANNEL)
        if kind == MSG_CHANNEL_DATA and content.startswith(head) and len(content) == 8 + size_of(content):
            arrivals.feed(content[8:])
        else:
            others.append((kind, content, message.seqno))


def size_of(content: bytes) -> int:
    return int.from_bytes(content[4:8])


def data(content: bytes, channel: int = CHANNEL, size: int | None = None) -> bytes:
    return struct.pack(">BII", MSG_CHANNEL_DATA, channel, len(content) if size is None else size) + content


def in_chunks(sent: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted(cut % (len(sent) + 1) for cut in cuts)
    return [sent[start:end] for start, end in zip([0, *ends], [*ends, len(sent)], strict=True)]


messages = st.one_of(
    st.binary(max_size=99).map(data),
    st.binary(max_size=99).map(lambda content: data(content, channel=CHANNEL + 1)),
    st.tuples(st.binary(max_size=9), st.integers(0, 2**32 - 1)).map(lambda pair: data(pair[0], size=pair[1])),
    st.binary(max_size=9).map(lambda content: bytes([MSG_CHANNEL_EOF]) + content),
    st.binary(max_size=9).map(lambda content: bytes([MSG_CHANNEL_WINDOW_ADJUST]) + content),
    st.just(data(bytes(LARGE))),
)


@given(st.lists(messages), st.lists(st.integers(0, 2**20), max_size=9))
def test_packets_in_any_chunks_are_read_as_paramiko_reads_them(contents, cuts):
    # given
    chunks = in_chunks(encrypted(contents), cuts)

    # then
    assert received(Packetizer(InChunks(chunks))) == received(ParamikoPacketizer(InChunks(chunks)))


@given(st.data(), st.integers(0, 254))
def test_changed_byte_ends_the_connection_before_its_packet(drawn, value):
    # given
    contents = [b"first", b"second", b"third"]
    sent = encrypted([data(content) for content in contents])
    place = drawn.draw(st.integers(0, len(sent) - 1))
    changed = sent[:place] + bytes([(sent[place] + 1 + value) % 256]) + sent[place + 1 :]
    whole = place // (len(sent) // len(contents))
    packetizer = Packetizer(InChunks([changed]))
    packetizer.set_inbound_cipher(AESGCM(KEY), 16, None, 16, None, aead=True, iv_in=NONCE)
    arrivals = Arrivals()
    packetizer.deliver(CHANNEL, arrivals)

    # when
    with pytest.raises((InvalidTag, EOFError)):
        packetizer.read_message()

    # then
    assert bytes(arrivals.read(len(arrivals))) == b"".join(contents[:whole])


def test_repeated_packet_is_refused():
    # given
    sent = encrypted([data(b"a")])
    packetizer = Packetizer(InChunks([sent + sent]))

    # then
    with pytest.raises(InvalidTag):
        received(packetizer)


@pytest.mark.parametrize("limit", ["REKEY_BYTES", "REKEY_PACKETS"])
def test_new_keys_are_asked_for_when_paramiko_would(monkeypatch, limit):
    # given
    monkeypatch.setattr(ParamikoPacketizer, limit, 400_000 if limit == "REKEY_BYTES" else 10)
    contents = [data(bytes(30_000))] * 17
    results: list[tuple[bool, bytes]] = []

    # when
    for count in range(len(contents) + 1):
        for kind in (Packetizer, ParamikoPacketizer):
            packetizer = kind(InChunks([encrypted(contents[:count])]))
            arrived, _ = received(packetizer)
            results.append((packetizer.need_rekey(), arrived))

    # then
    assert results[::2] == results[1::2]
    assert {needed for needed, _ in results} == {False, True}
