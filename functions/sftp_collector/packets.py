"""Reads the server's packets, and passes a file's data to the buffer of its channel without copying it.

paramiko copies each packet several times, which takes longer than the decryption.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from paramiko import Message, packet
from paramiko.common import MSG_CHANNEL_DATA, xffffffff

from functions.sftp_collector.receiving import BUFFER_BYTES, Arrivals, BufferedSocket

_TAG_BYTES: Final = 16
# In a decrypted packet (RFC 4253, 6; RFC 4254, 5.2): length of the padding, then type and channel, then length of data.
_TYPE: Final = 1
_SIZE_START: Final = 6
_DATA_START: Final = 10


class Packetizer(packet.Packetizer):
    """Reads packets whose cipher is AES-GCM. Waiting, new keys and all other ciphers are left to paramiko.

    Python names private attributes after the class. This class has its base's name, so these are its base's attributes.
    """

    __aead_in: bool
    __block_engine_in: AESGCM
    __compress_engine_in: object
    __iv_in: bytes
    __need_rekey: bool
    __received_bytes: int
    __received_packets: int
    __sequence_number_in: int

    def __init__(self, socket: BufferedSocket) -> None:
        super().__init__(socket)
        self._arrived = socket
        self._arrivals: Arrivals | None = None
        self._start = b""

    def deliver(self, channel: int, arrivals: Arrivals) -> None:
        """From now on, pass the data of a channel to its buffer."""
        self._start = MSG_CHANNEL_DATA.to_bytes(1) + channel.to_bytes(4)
        self._arrivals = arrivals

    def read_message(self) -> tuple[int, Message]:
        """Return the next message that is not data of the channel."""
        while self._arrivals is not None and (encrypted := self._next_packet()) is not None:
            plain = self._decrypted(encrypted)
            end = len(plain) - plain[0]
            data = memoryview(plain)[_DATA_START:end]
            is_data = plain.startswith(self._start, _TYPE)
            if is_data and int.from_bytes(plain[_SIZE_START:_DATA_START]) == len(data):
                self._arrivals.feed(data)
            else:
                message = Message(plain[_TYPE + 1 : end])
                message.seqno = (self.__sequence_number_in - 1) & xffffffff
                return plain[_TYPE], message
        return super().read_message()

    def _next_packet(self) -> memoryview | None:
        # At these limits, paramiko asks for new keys.
        is_ours = (
            self.__aead_in
            and self.__compress_engine_in is None
            and not self.__need_rekey
            and self.__received_packets + 1 < self.REKEY_PACKETS
            and self.__received_bytes < self.REKEY_BYTES - BUFFER_BYTES
        )
        return self._arrived.next_packet(_TAG_BYTES) if is_ours else None

    def _decrypted(self, encrypted: memoryview) -> bytes:
        # RFC 5647, 7.1: the length is authenticated, and the last 8 bytes of the nonce count the packets.
        plain = self.__block_engine_in.decrypt(self.__iv_in, encrypted[4:], encrypted[:4])
        self.__iv_in = self._inc_iv_counter(self.__iv_in)  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs
        self.__sequence_number_in = (self.__sequence_number_in + 1) & xffffffff
        self.__received_bytes += len(encrypted)
        self.__received_packets += 1
        return plain
