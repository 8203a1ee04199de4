"""The collector's SFTP client survives messages that no honest server sends."""

import struct
import threading
from types import SimpleNamespace

import paramiko
import pytest
from paramiko.sftp import CMD_DATA, CMD_NAME

from functions.sftp_collector.client import CollectorClient
from functions.sftp_collector.receiving import Arrivals, Pieces

WINDOW_BYTES = 2**23


def client_of(**attributes):
    """A client without a connection."""
    client = CollectorClient.__new__(CollectorClient)
    for name, value in attributes.items():
        setattr(client, name, value)
    return client


def answering(*packets: bytes):
    """A client with one file, whose server answers read requests with these packets."""
    arrivals = Arrivals()
    for packet in packets:
        arrivals.feed(packet)
    arrivals.close()
    channel = SimpleNamespace(recv=arrivals.read, in_buffer=arrivals, send=len)
    return client_of(sock=channel, ultra_debug=False, request_number=1, _expecting={}, _lock=threading.Lock())


def data_packet(number: int, data: bytes, size: int) -> bytes:
    return struct.pack(">IBII", 9 + len(data), CMD_DATA, number, size) + data


def read(client: CollectorClient, size: int) -> bytes:
    file = SimpleNamespace(handle=b"handle")
    return b"".join(bytes(block) for block in client.read_in_order(file, 0, size))


def test_data_is_what_the_server_sent_in_any_order_and_length():
    # given a server that answers the second request first, and the first one in two parts
    client = answering(data_packet(2, b"c", 1), data_packet(1, b"a", 1), data_packet(3, b"b", 1))
    client.request_bytes = 2

    # then
    assert read(client, 3) == b"abc"


@pytest.mark.parametrize("size", [0, 2, 4, 2**32 - 1])
def test_data_whose_length_is_wrong_is_refused(size):
    with pytest.raises(paramiko.SFTPError, match=f"the server answered with 3 bytes and calls them {size}"):
        read(answering(data_packet(1, b"abc", size)), 3)


def test_connection_that_ends_within_data_is_an_error():
    with pytest.raises(paramiko.SSHException, match="Server connection dropped"):
        read(answering(data_packet(1, b"abc", 3)[:-1]), 3)


def test_a_packet_larger_than_the_window_is_taken_in_pieces():
    # given a server that sends no more than the window holds until some of it is read
    asked: list[int] = []

    def recv(count):
        asked.append(count)
        return Pieces([memoryview(bytes(count))])

    # when
    received = client_of(sock=SimpleNamespace(recv=recv))._receive_all(15 * 2**20)

    # then
    assert len(received) == 15 * 2**20
    assert max(asked) < WINDOW_BYTES


def test_a_count_of_names_beyond_the_answer_is_refused():
    # given
    message = paramiko.Message()
    message.add_int(2**32 - 1)
    message.rewind()

    # then
    with pytest.raises(paramiko.SFTPError, match="4294967295 names in 4 bytes"):
        client_of(_request=lambda *_: (CMD_NAME, message))._next_entries(b"handle")
