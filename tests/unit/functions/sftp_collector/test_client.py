"""The collector's SFTP client survives messages that no honest server sends."""

from types import SimpleNamespace

import paramiko
import pytest
from paramiko.sftp import CMD_NAME

from functions.sftp_collector.client import CollectorClient

WINDOW_BYTES = 2**23


def client_of(**attributes):
    """A client without a connection."""
    client = CollectorClient.__new__(CollectorClient)
    for name, value in attributes.items():
        setattr(client, name, value)
    return client


def test_a_packet_larger_than_the_window_is_taken_in_pieces():
    # given a server that sends no more than the window holds until some of it is read
    asked: list[int] = []

    def recv(count):
        asked.append(count)
        return bytes(count)

    # when
    received = client_of(sock=SimpleNamespace(recv=recv))._read_all(15 * 2**20)

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
