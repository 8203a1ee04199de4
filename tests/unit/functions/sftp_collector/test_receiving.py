"""The collector receives what a server sends."""

import fcntl
import socket
import sys
import termios
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paramiko.buffered_pipe import PipeTimeout

from functions.sftp_collector.receiving import Arrivals, BufferedSocket


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1), st.data())
def test_received_bytes_are_read_in_order_in_any_pieces(pieces, data):
    # given
    arrivals = Arrivals()
    for piece in pieces:
        arrivals.feed(piece)
    sent = b"".join(pieces)

    # when
    received: list[bytes] = []
    while len(b"".join(received)) < len(sent):
        left = len(sent) - len(b"".join(received))
        received.append(bytes(arrivals.read(data.draw(st.integers(1, left)))))

    # then
    assert b"".join(received) == sent
    assert len(arrivals) == 0


def test_a_reader_waits_until_all_that_it_wants_is_there():
    # given
    arrivals = Arrivals()
    arrivals.feed(b"ab")
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(bytes(arrivals.read(5, 10))))
    reader.start()

    # when
    arrivals.feed(b"c")
    arrivals.feed(b"def")
    reader.join(10)

    # then
    assert received == [b"abcde"]
    assert bytes(arrivals.read(1)) == b"f"


def test_closed_channel_gives_what_was_received_and_no_more():
    # given
    arrivals = Arrivals()
    arrivals.feed(b"ab")

    # when
    arrivals.close()

    # then
    assert bytes(arrivals.read(5)) == b"ab"
    assert bytes(arrivals.read(5)) == b""


def test_a_server_that_sends_nothing_for_too_long_is_a_timeout():
    # given
    arrivals = Arrivals()
    arrivals.feed(b"ab")

    # then
    with pytest.raises(PipeTimeout):
        arrivals.read(3, 0.01)


def test_buffered_socket_returns_the_asked_bytes_and_the_end():
    # given
    ours, theirs = socket.socketpair()
    with theirs, BufferedSocket(ours) as buffered:
        theirs.sendall(b"abcdef")
        theirs.shutdown(socket.SHUT_WR)

        # when
        received = [buffered.recv(size) for size in (1, 2, 9, 9)]

    # then
    assert received == [b"a", b"bc", b"def", b""]


def test_buffered_socket_keeps_the_timeout_of_its_socket():
    # given
    ours, theirs = socket.socketpair()
    ours.settimeout(0.01)

    # then
    with theirs, BufferedSocket(ours) as buffered, pytest.raises(TimeoutError):
        buffered.recv(1)


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux delays and requests acknowledgements so")
def test_short_answer_is_acknowledged_at_once():
    # given
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
    with theirs, BufferedSocket(ours) as buffered:
        unacknowledged: list[int] = []
        for _ in range(20):
            buffered.sendall(b"request")
            theirs.recv(7)
            theirs.sendall(b"answer")

            # when
            buffered.recv(6)
            unacknowledged.append(bytes_in_flight(theirs))

    # then, although Linux delays the second and all later ones otherwise, and a busy machine some of them anyway
    assert unacknowledged.count(0) > len(unacknowledged) // 2


def bytes_in_flight(sender: socket.socket) -> int:
    return int.from_bytes(fcntl.ioctl(sender, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
