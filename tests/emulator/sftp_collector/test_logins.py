"""Failed logins: each is reported with its cause, and temporary ones are retried."""

import asyncio

import asyncssh
import pytest

from functions.sftp_collector import connection as connecting
from functions.sftp_collector import source as sourcing
from functions.sftp_collector.session import SourceUnavailableError
from functions.sftp_collector.source import Source
from tests.support.sftp_sessions import running_server, session_with_own_server

PASSES, STAYS = True, False


class Slow(asyncssh.SSHServer):
    """Takes longer for a login than the collector waits."""

    async def begin_auth(self, username):  # noqa: ARG002  # asyncssh's name
        await asyncio.sleep(1)
        return True


class Drops(asyncssh.SSHServer):
    """Closes the connection during the login."""

    def connection_made(self, conn):
        self._connection = conn

    def begin_auth(self, username):  # noqa: ARG002  # asyncssh's name
        self._connection.abort()
        return True


class DropsInLatin1(Drops):
    """Gives a reason in latin-1 for closing."""

    def begin_auth(self, username):  # noqa: ARG002  # asyncssh's name
        packet = [asyncssh.packet.UInt32(12), asyncssh.packet.String("Trop de sessions: refusé".encode("latin-1"))]
        self._connection.send_packet(asyncssh.constants.MSG_DISCONNECT, *packet, asyncssh.packet.String(""))
        self._connection._force_close(None)
        return True


class TooManySessions(asyncssh.SSHServer):
    def session_requested(self):
        raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "too many sessions")


class Silent(asyncssh.SSHServerSession):
    """A subsystem that never answers."""

    def connection_made(self, chan):
        self.channel = chan

    def subsystem_requested(self, subsystem):  # noqa: ARG002  # asyncssh's name
        return True


class Printing(Silent):
    """The output of a login shell that greets its users."""

    def session_started(self):
        self.channel.write("Welcome to the server\n")
        self.channel.exit(0)


class ServesSilence(asyncssh.SSHServer):
    def session_requested(self):
        return Silent()


class ServesGreetings(asyncssh.SSHServer):
    def session_requested(self):
        return Printing()


@pytest.mark.parametrize(
    ("options", "reason", "may_pass"),
    [
        ({"server": Drops}, "ended the connection during the login", PASSES),
        ({"server": DropsInLatin1}, "the server sent 'Trop de sessions: refus\ufffd'", PASSES),
        ({"server": TooManySessions}, "ask the server's operator whether the user has too many sessions", PASSES),
        ({"authorized_client_keys": asyncssh.import_authorized_keys("")}, "refused the platform's key SHA256:", STAYS),
        ({"signature_algs": ["ssh-rsa"]}, "accepts neither rsa-sha2-512 nor rsa-sha2-256", STAYS),
        ({"server": ServesGreetings}, "but sent 'Welcome to the server\\n' instead of SFTP", STAYS),
    ],
    ids=["dropped", "dropped in latin-1", "too many sessions", "key refused", "SHA-1 only", "printing shell"],
)
def test_a_login_that_fails_is_named_as_what_it_is(sftp_keys, options, reason, may_pass):
    # when
    with running_server(sftp_keys, **options) as port, pytest.raises(SourceUnavailableError) as raised:
        session_with_own_server(sftp_keys, port)

    # then
    assert (reason in str(raised.value), raised.value.may_pass) == (True, may_pass), str(raised.value)


def test_a_login_that_takes_too_long_may_pass(sftp_keys, monkeypatch):
    # given
    monkeypatch.setattr(connecting, "LOGIN_TIMEOUT_SECONDS", 0.3)

    # when
    with running_server(sftp_keys, Slow) as port, pytest.raises(SourceUnavailableError) as raised:
        session_with_own_server(sftp_keys, port)

    # then
    assert "did not answer the login within 0 seconds" in str(raised.value)
    assert raised.value.may_pass


def test_a_server_that_takes_rsa_sha2_256_alone_lets_in(sftp_keys):
    with running_server(sftp_keys, signature_algs=["rsa-sha2-256"], sftp_factory=True) as port:
        session = session_with_own_server(sftp_keys, port)
        assert session.look("/") is not None
        session.close()


def test_a_server_that_drops_the_first_logins_is_tried_again(sftp_keys, monkeypatch):
    # given
    monkeypatch.setattr(sourcing, "PAUSE_SECONDS", 0.0)
    drops = iter((True, True))

    class DropsTwice(Drops):
        def begin_auth(self, username):
            return super().begin_auth(username) if next(drops, False) else True

    with running_server(sftp_keys, DropsTwice, sftp_factory=True) as port:
        source = Source(lambda: session_with_own_server(sftp_keys, port))

        # then
        assert source.session().look("/") is not None
        source.disconnect()


def test_a_server_that_never_opens_sftp_is_left(sftp_keys, monkeypatch):
    # given
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT_SECONDS", 1.0)

    # when, then
    with (
        running_server(sftp_keys, ServesSilence) as port,
        pytest.raises(SourceUnavailableError, match=r"cannot connect to .*: TimeoutError"),
    ):
        session_with_own_server(sftp_keys, port)
