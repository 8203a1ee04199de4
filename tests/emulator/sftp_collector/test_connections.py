"""The collector's connections, and servers that cannot be reached, trusted or listed."""

import os
import socketserver
import threading
from dataclasses import replace
from functools import partial

import asyncssh
import pytest

from emulation.sftp_server.server import ChrootedFiles, generate_host_key
from functions.sftp_collector import connection as connecting
from functions.sftp_collector import workers as working
from functions.sftp_collector.handler import CollectionFailedError
from functions.sftp_collector.session import SourceUnavailableError
from lake.ledger.ledger import State
from tests.support.collector import (
    MEBIBYTE,
    assert_nothing_landed,
    deploy,
    failed_entry,
    failures_of,
    large_content,
    run,
    today,
)
from tests.support.emulators import free_port
from tests.support.sftp import USER

pytestmark = pytest.mark.emulator


class CutsTheConnection(ChrootedFiles):
    """Aborts the connection in the middle of bad.csv, as many times as `cuts` has entries."""

    def __init__(self, channel, root, cuts: list[str]):
        super().__init__(channel, root)
        self._cuts = cuts
        self._is_cut = False

    def read(self, file_obj, offset, size):
        due = self._cuts and file_obj.name.endswith(b"bad.csv") and offset > 9 * MEBIBYTE
        if due and not self._is_cut:
            self._is_cut = True
            self._cuts.pop()
            self.connection.abort()
        return super().read(file_obj, offset, size)


def test_file_lands_whole_after_its_connection_is_cut(stack, serve, inbox):
    # given
    cuts = ["once"]
    serve(partial(CutsTheConnection, cuts=cuts))
    content = large_content(20 * MEBIBYTE)
    (inbox / "bad.csv").write_bytes(content)

    # when
    result = run()

    # then
    assert cuts == []
    assert len(result["collected"]) == 1
    assert stack.objects() == {today("bad.csv"): content}
    assert stack.open_uploads() == []


def test_file_that_cuts_the_connection_fails_until_it_does_not(stack, serve, inbox, monkeypatch):
    # given
    monkeypatch.setenv("COLLECTOR_WORKERS", "1")
    cuts = ["first", "second"]
    serve(partial(CutsTheConnection, cuts=cuts))
    # Two parts, each a range of its own: neither attempt at the second one transfers anything.
    content = large_content(16 * MEBIBYTE)
    (inbox / "bad.csv").write_bytes(content)
    (inbox / "good.csv").write_bytes(b"x")
    os.utime(inbox / "bad.csv", (1, 1))

    # when
    with pytest.raises(CollectionFailedError, match=r"inbox/bad.csv: the connection was lost"):
        run()

    # then
    assert stack.objects() == {today("good.csv"): b"x"}
    assert stack.open_uploads() == [today("bad.csv")]
    assert "the connection was lost" in failed_entry(stack, "bad.csv").error
    assert len(run()["collected"]) == 1
    assert stack.objects()[today("bad.csv")] == content
    assert stack.open_uploads() == []


def test_a_server_that_is_down_is_named_with_what_to_check(stack, sftp_keys):
    # given
    port = free_port()
    deploy(stack, sftp_keys, port, "ssh-rsa AAAA")

    # when
    with pytest.raises(CollectionFailedError) as error:
        run()

    # then
    assert (
        f"cannot connect to sftp://{USER}@127.0.0.1:{port}: Connection refused; check that the server is running"
        in failures_of(error)
    )
    assert_nothing_landed(stack)


class FallsSilent(ChrootedFiles):
    """Stops answering once bad.csv is read, until the client has disconnected."""

    async def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv"):
            await self.connection.wait_closed()
        return super().read(file_obj, offset, size)


def test_silent_server_times_out_and_the_others_land(stack, serve, inbox, monkeypatch):
    # given
    monkeypatch.setattr(connecting, "SILENCE_TIMEOUT_SECONDS", 0.3)
    serve(FallsSilent)
    (inbox / "bad.csv").write_bytes(b"bad")
    (inbox / "good.csv").write_bytes(b"x")

    # when
    with pytest.raises(CollectionFailedError, match=r"inbox/bad.csv: the connection was lost: TimeoutError"):
        run()

    # then
    assert stack.objects() == {today("good.csv"): b"x"}
    assert "the connection was lost" in failed_entry(stack, "bad.csv").error


def test_port_of_another_service_is_reported_in_one_line(stack, sftp_keys, capsys, caplog):
    # given
    with socketserver.TCPServer(("127.0.0.1", 0), AnswersAsHttp) as server:
        answering = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        answering.start()
        deploy(stack, sftp_keys, server.server_address[1], "ssh-rsa AAAA")

        # when
        with pytest.raises(CollectionFailedError, match=r"cannot connect to .*an SFTP server listens there"):
            run()
        server.shutdown()
        answering.join()

    # then
    assert_nothing_landed(stack)
    assert "Traceback" not in caplog.text + "".join(capsys.readouterr())


class AnswersAsHttp(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_server_that_refuses_mid_run_fails_the_remaining_files(stack, serve, inbox, source_settings, monkeypatch):
    # given
    monkeypatch.setenv("COLLECTOR_WORKERS", "1")

    class LocksOut(ChrootedFiles):
        def open(self, path, pflags, attrs):
            if path.endswith(b"1.csv"):
                source_settings.authorized_keys.unlink(missing_ok=True)
                self.connection.abort()
            return super().open(path, pflags, attrs)

    serve(LocksOut)
    for number in range(4):
        (inbox / f"{number}.csv").write_bytes(b"x")
        os.utime(inbox / f"{number}.csv", (number, number))

    # when
    with pytest.raises(CollectionFailedError) as error:
        run()

    # then
    assert failures_of(error).count("refused the platform's key") == 3
    assert stack.objects() == {today("0.csv"): b"x"}
    assert [entry.state for entry in stack.entries()] == [State.COMPLETE, *[State.FAILED] * 3]


def test_worker_without_connection_leaves_listing_to_another(stack, serve, inbox, monkeypatch):
    # given a server that accepts only the second worker, like a server with one connection
    def refuses(*_):
        raise SourceUnavailableError("too many connections", may_pass=False)

    def main(settings, pipe, collectors):
        is_first = len(collectors) == 1
        worker_main(replace(settings, open_session=refuses) if is_first else settings, pipe, collectors)

    worker_main = working._main
    monkeypatch.setattr(working, "_main", main)
    serve()
    (inbox / "parcels.csv").write_bytes(b"x")

    # when
    run()

    # then
    assert stack.objects() == {today("parcels.csv"): b"x"}


def test_a_server_with_another_host_key_is_refused(stack, serve, sftp_keys, tmp_path, inbox):
    # given
    source = serve()
    (inbox / "parcels.csv").write_bytes(b"x")
    other = generate_host_key(tmp_path / "other_host_key")
    deploy(stack, sftp_keys, source.port, other)

    # when
    with pytest.raises(CollectionFailedError) as error:
        run()

    # then
    assert f"127.0.0.1:{source.port} shows the host key SHA256:" in failures_of(error)
    assert "which is not pinned for this connection" in failures_of(error)
    assert_nothing_landed(stack)


def test_one_of_several_pinned_host_keys_is_enough(stack, serve, sftp_keys, tmp_path, inbox):
    # given
    source = serve()
    (inbox / "parcels.csv").write_bytes(b"x")
    deploy(stack, sftp_keys, source.port, generate_host_key(tmp_path / "old_host_key"), source.host_key)

    # when, then
    assert len(run()["collected"]) == 1


@pytest.mark.parametrize(
    ("host_keys", "reason"),
    [((), "does not have a pinned host key"), (("nonsense",), "is not of the form 'type base64'")],
)
def test_no_connection_without_a_usable_pinned_host_key(stack, serve, sftp_keys, host_keys, reason):
    # given
    source = serve()
    deploy(stack, sftp_keys, source.port, *host_keys)

    # when, then
    with pytest.raises(CollectionFailedError, match=reason):
        run()
    assert_nothing_landed(stack)


def test_a_refused_key_is_told_apart_and_is_not_in_the_message(stack, serve, sftp_keys, inbox, caplog, capsys):
    # given
    source = serve()
    (inbox / "parcels.csv").write_bytes(b"x")
    deploy(stack, sftp_keys, source.port, source.host_key, key=sftp_keys.stranger)

    # when
    with pytest.raises(CollectionFailedError) as error:
        run()

    # then
    assert "refused the platform's key SHA256:" in failures_of(error)
    assert f"authorized_keys of {USER}" in failures_of(error)
    secret = sftp_keys.stranger.pem.splitlines()[3]
    told = failures_of(error) + caplog.text + "".join(capsys.readouterr())
    assert secret not in told
    assert_nothing_landed(stack)


def test_a_directory_that_is_missing_is_named(stack, serve):
    # given
    serve(directory="no/such/place")

    # when, then
    with pytest.raises(CollectionFailedError, match="no/such/place: the directory does not exist; create it"):
        run()
    assert_nothing_landed(stack)


class Unlistable(ChrootedFiles):
    def scandir(self, path):
        raise asyncssh.SFTPPermissionDenied(f"no right to list {path!r}")


def test_a_directory_that_may_not_be_listed_is_named(serve):
    # given
    serve(Unlistable)

    # when, then
    with pytest.raises(CollectionFailedError, match="inbox: the server does not let the user list the directory"):
        run()
