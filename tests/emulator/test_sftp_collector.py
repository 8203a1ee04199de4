"""The collector against the real SFTP source, under its own role's credentials with IAM enforced."""

import base64
import hashlib
import json
import os
import socketserver
import threading
from functools import partial
from pathlib import Path

import asyncssh
import boto3
import pytest
from botocore.exceptions import ClientError

from functions.sftp_collector import connection as connecting
from functions.sftp_collector.configuration import ConfigurationError
from functions.sftp_collector.connection import SourceUnavailableError
from functions.sftp_collector.handler import CollectionFailedError
from lake.ledger import FileVersion, Ledger, State
from local.sftp_source import ChrootedFiles, generate_host_key
from tests.emulator.collector_fixtures import deploy, large_content, run, today
from tests.emulator.emulators import free_port
from tests.emulator.sftp_fixtures import USER

pytestmark = pytest.mark.emulator

MEBIBYTE = 2**20


def failures_of(error) -> str:
    return str(error.value)


def assert_nothing_landed(stack):
    assert stack.objects() == {}
    assert stack.open_uploads() == []


def failed_entry(stack, name: str):
    (entry,) = [entry for entry in stack.entries() if entry.path.endswith(name)]
    assert entry.state == State.FAILED
    return entry


# Collected, and collected once


@pytest.mark.usefixtures("healthy")
def test_a_new_file_lands_whole_under_the_day_it_was_collected(stack, inbox):
    # given
    content = b"id,model\n1,Up\n"
    (inbox / "vehicles.csv").write_bytes(content)

    # when
    result = run()

    # then
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    key = today("vehicles.csv")
    assert result == {
        "dataset": "vehicles",
        "collected": [{"source": "inbox/vehicles.csv", "key": key, "bytes": len(content), "checksum": digest}],
        "unchanged": 0,
        "waiting": 0,
        "elsewhere": 0,
        "remaining": 0,
        "failed": [],
    }
    json.dumps(result)
    assert stack.objects() == {key: content}
    (entry,) = stack.entries()
    assert (entry.state, entry.checksum, entry.bytes, entry.attempts) == (State.COMPLETE, digest, len(content), 1)


@pytest.mark.usefixtures("healthy")
def test_a_second_run_collects_nothing(stack, inbox):
    # given
    (inbox / "vehicles.csv").write_bytes(b"x")
    run()

    # when
    result = run()

    # then
    assert (result["collected"], result["unchanged"]) == ([], 1)
    assert len(stack.objects()) == 1


@pytest.mark.usefixtures("healthy")
def test_a_file_that_changed_is_collected_again_under_a_new_key(stack, inbox):
    # given
    (inbox / "vehicles.csv").write_bytes(b"first")
    run()
    (inbox / "vehicles.csv").write_bytes(b"second one")

    # when
    result = run()

    # then
    assert [file["key"] for file in result["collected"]] == [today("vehicles.v2.csv")]
    assert stack.objects() == {today("vehicles.csv"): b"first", today("vehicles.v2.csv"): b"second one"}


@pytest.mark.usefixtures("healthy")
def test_the_same_content_with_a_new_time_of_modification_is_collected_again(inbox):
    # given
    file = inbox / "vehicles.csv"
    file.write_bytes(b"same")
    run()
    os.utime(file, (1_800_000_000, 1_800_000_000))

    # when
    result = run()

    # then
    assert [file["key"] for file in result["collected"]] == [today("vehicles.v2.csv")]


def test_files_of_one_name_in_two_datasets_both_land(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    boats = inbox.parent / "boats"
    boats.mkdir()
    deploy(stack, sftp_keys, source.port, source.host_key, dataset="boats", directory="boats")
    (inbox / "all.csv").write_bytes(b"cars")
    (boats / "all.csv").write_bytes(b"boats")

    # when
    run("vehicles")
    run("boats")

    # then
    assert stack.objects() == {today("all.csv"): b"cars", today("all.csv", "boats"): b"boats"}


@pytest.mark.usefixtures("healthy")
def test_only_regular_files_of_the_pattern_are_taken(inbox):
    # given
    (inbox / "yes.csv").write_bytes(b"x")
    (inbox / "no.CSV").write_bytes(b"x")
    (inbox / "folder.csv").mkdir()
    (inbox / "link.csv").symlink_to("yes.csv")

    # when
    result = run()

    # then
    assert [file["source"] for file in result["collected"]] == ["inbox/yes.csv"]


@pytest.mark.usefixtures("healthy")
def test_a_large_file_is_put_in_parts_and_is_equal(stack, inbox):
    # given
    content = large_content(40 * MEBIBYTE + 12_345)
    (inbox / "large.csv").write_bytes(content)

    # when
    result = run()

    # then
    assert stack.objects()[today("large.csv")] == content
    parts = [content[start : start + 8 * MEBIBYTE] for start in range(0, len(content), 8 * MEBIBYTE)]
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts))
    assert result["collected"][0]["checksum"] == f"sha256-of-8388608-byte-parts:{digest.hexdigest()}"
    kept = stack.s3.head_object(Bucket=stack.bucket, Key=today("large.csv"), ChecksumMode="ENABLED")
    assert kept["ChecksumSHA256"] == f"{base64.b64encode(digest.digest()).decode()}-6"
    assert stack.open_uploads() == []


@pytest.mark.parametrize("size", [1, 8 * MEBIBYTE + 1])
@pytest.mark.usefixtures("healthy")
def test_what_lands_says_when_its_source_changed_it(stack, inbox, size):
    # given
    (inbox / "a.csv").write_bytes(large_content(size))
    os.utime(inbox / "a.csv", (1_790_000_000, 1_790_000_000))

    # when
    run()

    # then
    metadata = stack.s3.head_object(Bucket=stack.bucket, Key=today("a.csv"))["Metadata"]
    assert metadata["source-modified"] == "2026-09-21T14:13:20+00:00"


@pytest.mark.parametrize("size", [1, 261_120, 261_121, 8 * MEBIBYTE, 8 * MEBIBYTE + 1])
@pytest.mark.usefixtures("healthy")
def test_a_file_of_any_size_is_equal(stack, inbox, size):
    # given
    content = large_content(size)
    (inbox / "file.csv").write_bytes(content)

    # when
    run()

    # then
    assert stack.objects()[today("file.csv")] == content


class SmallAnswers(ChrootedFiles):
    """Answers at most 32 KB to a request, as some servers do."""

    def read(self, file_obj, offset, size):
        return super().read(file_obj, offset, min(size, 32_768))


def test_a_server_that_answers_32_kilobytes_at_most_is_read_right(stack, serve, inbox):
    # given
    serve(SmallAnswers)
    content = large_content(9 * MEBIBYTE + 77)
    (inbox / "file.csv").write_bytes(content)

    # when
    run()

    # then
    assert stack.objects()[today("file.csv")] == content


# Names


@pytest.mark.parametrize("name", ["with spaces in it.csv", "käufe & 車両.csv", "a#b%20c+d&e=f.csv", "'quoted\".csv"])
@pytest.mark.usefixtures("healthy")
def test_a_name_of_spaces_or_unicode_lands_as_it_is(stack, inbox, name):
    # given
    (inbox / name).write_bytes(b"x")

    # when
    run()

    # then
    assert stack.objects() == {today(name): b"x"}
    assert run()["unchanged"] == 1


class ListsAnEscape(ChrootedFiles):
    """Lists a name that would lead out of the folder."""

    async def scandir(self, path):
        async for entry in super().scandir(path):
            yield entry
        yield asyncssh.SFTPName(
            b"../escape.csv", attrs=asyncssh.SFTPAttrs(permissions=0o100644, size=5, atime=1, mtime=1)
        )


def test_a_name_that_leads_out_of_the_folder_is_refused_and_the_others_land(stack, serve, inbox):
    # given
    serve(ListsAnEscape)
    (inbox / "good.csv").write_bytes(b"x")
    (inbox.parent / "escape.csv").write_bytes(b"12345")

    # when
    with pytest.raises(CollectionFailedError) as error:
        run()

    # then
    assert "inbox/../escape.csv: file name '../escape.csv' would leave its folder; rename" in failures_of(error)
    assert stack.objects() == {today("good.csv"): b"x"}
    assert "would leave its folder" in failed_entry(stack, "escape.csv").error


@pytest.mark.parametrize("name", [b"back\\slash.csv", b"line\nbreak.csv", b"not-utf8-\xe9.csv"])
@pytest.mark.usefixtures("healthy")
def test_an_unsafe_name_is_refused_and_the_others_land(stack, inbox, name):
    # given
    (inbox / "good.csv").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(inbox) + b"/" + name)).write_bytes(b"x")

    # when
    with pytest.raises(CollectionFailedError, match="rename the file at its source"):
        run()

    # then
    assert stack.objects() == {today("good.csv"): b"x"}
    assert [entry.state for entry in stack.entries()].count(State.FAILED) == 1


# Files that cannot be read


class Unreadable(ChrootedFiles):
    def open(self, path, pflags, attrs):
        if path.endswith(b"bad.csv"):
            raise asyncssh.SFTPPermissionDenied("no")
        return super().open(path, pflags, attrs)


class VanishesOnceListed(ChrootedFiles):
    async def scandir(self, path):
        async for entry in super().scandir(path):
            yield entry
        bad = Path(os.fsdecode(self.map_path(path))) / "bad.csv"
        bad.unlink(missing_ok=True)


class FailsInTheMiddle(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv") and offset > MEBIBYTE:
            raise asyncssh.SFTPFailure("disk error")
        return super().read(file_obj, offset, size)


class TruncatesWhileRead(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv") and offset > MEBIBYTE:
            os.truncate(file_obj.name, MEBIBYTE)
        return super().read(file_obj, offset, size)


class EndsEarly(ChrootedFiles):
    """Says that the file ends before it does, and that its size is what it was."""

    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv") and offset > MEBIBYTE:
            return b""
        return super().read(file_obj, offset, size)


class GrowsWhileRead(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv") and offset > MEBIBYTE:
            with Path(os.fsdecode(file_obj.name)).open("ab") as file:
                file.write(b"more")
        return super().read(file_obj, offset, size)


class TouchedWhileRead(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv"):
            os.utime(file_obj.name, (1_800_000_000, 1_800_000_000))
        return super().read(file_obj, offset, size)


@pytest.mark.parametrize("size", [2 * MEBIBYTE, 20 * MEBIBYTE], ids=["one put", "in parts"])
@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (Unreadable, "does not let the user read it; ask its operator"),
        (VanishesOnceListed, "vanished after it was listed"),
        (FailsInTheMiddle, "the server failed to read it: disk error"),
        (TruncatesWhileRead, "changed while it was read"),
        (EndsEarly, "changed while it was read"),
        (GrowsWhileRead, "changed while it was read"),
        (TouchedWhileRead, "changed while it was read"),
    ],
)
def test_a_file_that_cannot_be_read_whole_fails_and_the_others_land(
    stack, serve, inbox, monkeypatch, files, reason, size
):
    # given
    # One worker: of two, the one may find the change that the other's read makes before it begins.
    monkeypatch.setenv("COLLECTOR_WORKERS", "1")
    source = serve(files)
    (inbox / "bad.csv").write_bytes(large_content(size))
    (inbox / "good.csv").write_bytes(b"x")

    # when
    with pytest.raises(CollectionFailedError) as error:
        run()

    # then
    assert f"dataset vehicles from sftp://{USER}@127.0.0.1:{source.port}: 1 not collected, 1 collected" in failures_of(
        error
    )
    assert "- inbox/bad.csv: " in failures_of(error)
    assert reason in failures_of(error)
    assert stack.objects() == {today("good.csv"): b"x"}
    assert stack.open_uploads() == []
    assert reason in failed_entry(stack, "bad.csv").error


@pytest.mark.usefixtures("healthy")
def test_an_empty_file_is_not_landed_and_says_so(stack, inbox):
    # given
    (inbox / "empty.csv").write_bytes(b"")
    (inbox / "good.csv").write_bytes(b"x")

    # when
    with pytest.raises(CollectionFailedError, match=r"inbox/empty.csv: it is empty \(0 bytes\), so nothing was landed"):
        run()

    # then
    assert stack.objects() == {today("good.csv"): b"x"}
    assert failed_entry(stack, "empty.csv").object_key is None


def test_a_file_that_was_replaced_after_the_listing_waits_for_the_next_run(stack, serve, inbox):
    # given
    class ReplacedOnceListed(ChrootedFiles):
        async def scandir(self, path):
            async for entry in super().scandir(path):
                yield entry
            # Once only: written again in another second it would be another version.
            if (inbox / "vehicles.csv").read_bytes() == b"old":
                (inbox / "vehicles.csv").write_bytes(b"newer and longer")

    serve(ReplacedOnceListed)
    (inbox / "vehicles.csv").write_bytes(b"old")

    # when
    with pytest.raises(CollectionFailedError, match="it is not the file that was listed: 3 bytes"):
        run()
    assert_nothing_landed(stack)
    run()

    # then
    assert stack.objects() == {today("vehicles.v2.csv"): b"newer and longer"}


# Connections


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


def test_a_connection_cut_in_the_middle_of_a_transfer_is_opened_again_and_the_file_lands_whole(stack, serve, inbox):
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


def test_a_file_that_cuts_the_connection_each_time_fails_until_a_run_in_which_it_does_not(
    stack, serve, inbox, monkeypatch
):
    # given
    monkeypatch.setenv("COLLECTOR_WORKERS", "1")
    cuts = ["first", "second"]
    serve(partial(CutsTheConnection, cuts=cuts))
    content = large_content(20 * MEBIBYTE)
    (inbox / "bad.csv").write_bytes(content)
    (inbox / "good.csv").write_bytes(b"x")
    os.utime(inbox / "bad.csv", (1, 1))

    # when
    with pytest.raises(CollectionFailedError, match=r"inbox/bad.csv: the connection broke"):
        run()

    # then
    assert stack.objects() == {today("good.csv"): b"x"}
    assert stack.open_uploads() == [today("bad.csv")]
    assert "the connection broke" in failed_entry(stack, "bad.csv").error
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
    assert f"sftp://{USER}@127.0.0.1:{port} cannot be reached: Connection refused; check that the server runs" in (
        failures_of(error)
    )
    assert_nothing_landed(stack)


class FallsSilent(ChrootedFiles):
    """Answers no more once bad.csv is read, until the client has left."""

    async def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv"):
            await self.connection.wait_closed()
        return super().read(file_obj, offset, size)


def test_a_server_that_falls_silent_is_left_after_a_while_and_the_others_land(stack, serve, inbox, monkeypatch):
    # given
    monkeypatch.setattr(connecting, "SILENCE_TIMEOUT_SECONDS", 0.3)
    serve(FallsSilent)
    (inbox / "bad.csv").write_bytes(b"bad")
    (inbox / "good.csv").write_bytes(b"x")

    # when
    with pytest.raises(CollectionFailedError, match=r"inbox/bad.csv: the connection broke: TimeoutError"):
        run()

    # then
    assert stack.objects() == {today("good.csv"): b"x"}
    assert "the connection broke" in failed_entry(stack, "bad.csv").error


def test_a_port_where_something_else_answers_is_told_without_a_traceback(stack, sftp_keys, capsys, caplog):
    # given
    with socketserver.TCPServer(("127.0.0.1", 0), AnswersAsHttp) as server:
        answering = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        answering.start()
        deploy(stack, sftp_keys, server.server_address[1], "ssh-rsa AAAA")

        # when
        with pytest.raises(CollectionFailedError, match=r"broke off while connecting: .*an SFTP server answers there"):
            run()
        server.shutdown()
        answering.join()

    # then
    assert_nothing_landed(stack)
    assert "Traceback" not in caplog.text + "".join(capsys.readouterr())


class AnswersAsHttp(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_server_that_lets_no_one_in_any_more_in_mid_run_fails_every_file_that_is_left(
    stack, serve, inbox, source_settings, monkeypatch
):
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


def test_a_server_with_another_host_key_is_refused(stack, serve, sftp_keys, tmp_path, inbox):
    # given
    source = serve()
    (inbox / "vehicles.csv").write_bytes(b"x")
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
    (inbox / "vehicles.csv").write_bytes(b"x")
    deploy(stack, sftp_keys, source.port, generate_host_key(tmp_path / "old_host_key"), source.host_key)

    # when, then
    assert len(run()["collected"]) == 1


@pytest.mark.parametrize(
    ("host_keys", "reason"), [((), "has no pinned host key"), (("nonsense",), "is not of the form 'type base64'")]
)
def test_without_a_usable_pinned_host_key_nothing_is_connected_to(stack, serve, sftp_keys, host_keys, reason):
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
    (inbox / "vehicles.csv").write_bytes(b"x")
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
    with pytest.raises(CollectionFailedError, match="no/such/place: there is no such directory; create it"):
        run()
    assert_nothing_landed(stack)


class Unlistable(ChrootedFiles):
    def scandir(self, path):
        raise asyncssh.SFTPPermissionDenied(f"no right to list {path!r}")


def test_a_directory_that_may_not_be_listed_is_named(serve):
    # given
    serve(Unlistable)

    # when, then
    with pytest.raises(CollectionFailedError, match="inbox: the server does not let the user list it"):
        run()


# The role and the configuration


def test_the_role_cannot_write_outside_its_datasets(stack):
    # given
    client = boto3.client("s3")
    client.put_object(Bucket=stack.bucket, Key="inbound/vehicles/probe", Body=b"x")

    # when, then
    for key in ("inbound/person/x", "warehouse/vehicles/x", "inbound/vehicles2/x", "code/x"):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.put_object(Bucket=stack.bucket, Key=key, Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_object(Bucket=stack.bucket, Key="inbound/vehicles/probe")


@pytest.mark.parametrize("size", [5, 20 * MEBIBYTE], ids=["one put", "in parts"])
def test_a_lake_that_refuses_the_object_fails_the_file(stack, serve, inbox, sftp_keys, size):
    # given
    source = serve()
    deploy(stack, sftp_keys, source.port, source.host_key, dataset="person")
    (inbox / "file.csv").write_bytes(large_content(size))

    # when
    with pytest.raises(CollectionFailedError, match=r"AWS did not do it: .*AccessDenied.*check the rights"):
        run("person")

    # then
    assert_nothing_landed(stack)
    assert [entry.state for entry in stack.entries("person")] == [State.FAILED]


@pytest.mark.usefixtures("healthy")
def test_a_file_that_another_run_is_collecting_is_left_to_it_and_counted(stack, inbox):
    # given
    file = inbox / "vehicles.csv"
    file.write_bytes(b"12345")
    other = Ledger(stack.dynamodb, stack.table)
    version = FileVersion("vehicles", "dealer", "inbox/vehicles.csv", 5, int(file.stat().st_mtime))
    claim = other.claim(version)

    # when
    result = run()

    # then
    assert (result["elsewhere"], result["collected"]) == (1, [])
    assert_nothing_landed(stack)
    other.complete(claim, transferred=5, checksum="sha256:aa")
    assert run()["unchanged"] == 1


def test_a_dataset_that_is_not_deployed_is_named(stack):
    with pytest.raises(ConfigurationError, match=f"{stack.prefix}/datasets/trains/collection does not exist; declare"):
        run("trains")


@pytest.mark.usefixtures("healthy")
def test_a_parameter_that_is_no_private_key_is_named_without_its_value(stack):
    # given
    name = f"{stack.prefix}/connections/dealer/private-key"
    stack.ssm.put_parameter(Name=name, Value="hunter2", Type="SecureString", Overwrite=True)

    # when
    with pytest.raises(SourceUnavailableError) as error:
        run()

    # then
    assert name in str(error.value)
    assert "hunter2" not in str(error.value)
