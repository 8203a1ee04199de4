"""The collector against the real SFTP source, under its own role's credentials with IAM enforced."""

import base64
import hashlib
import json
import os
from pathlib import Path

import asyncssh
import pytest

from emulation.sftp_server.server import ChrootedFiles
from functions.sftp_collector.handler import CollectionFailedError
from lake.ledger.ledger import State
from tests.support.collector import MEBIBYTE, deploy, failed_entry, failures_of, large_content, run, today

pytestmark = pytest.mark.emulator


# Collected, and collected once


@pytest.mark.usefixtures("healthy")
def test_a_new_file_lands_whole_under_the_day_it_was_collected(stack, inbox):
    # given
    content = b"id,town\n1,Up\n"
    (inbox / "parcels.csv").write_bytes(content)

    # when
    result = run()

    # then
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    key = today("parcels.csv")
    assert result == {
        "dataset": "parcels",
        "collected": [{"source": "inbox/parcels.csv", "key": key, "bytes": len(content), "checksum": digest}],
        "unchanged": 0,
        "elsewhere": 0,
        "remaining": 0,
        "failed": [],
        "left_out": {"pattern": 0, "link": 0, "type": 0, "too_fresh": 0},
    }
    json.dumps(result)
    assert stack.objects() == {key: content}
    (entry,) = stack.entries()
    assert (entry.state, entry.checksum, entry.bytes, entry.attempts) == (State.COMPLETE, digest, len(content), 1)


@pytest.mark.usefixtures("healthy")
def test_a_second_run_collects_nothing(stack, inbox):
    # given
    (inbox / "parcels.csv").write_bytes(b"x")
    run()

    # when
    result = run()

    # then
    assert (result["collected"], result["unchanged"]) == ([], 1)
    assert len(stack.objects()) == 1


@pytest.mark.usefixtures("healthy")
def test_a_file_that_changed_is_collected_again_under_a_new_key(stack, inbox):
    # given
    (inbox / "parcels.csv").write_bytes(b"first")
    run()
    (inbox / "parcels.csv").write_bytes(b"second one")

    # when
    result = run()

    # then
    assert [file["key"] for file in result["collected"]] == [today("parcels.v2.csv")]
    assert stack.objects() == {today("parcels.csv"): b"first", today("parcels.v2.csv"): b"second one"}


@pytest.mark.usefixtures("healthy")
def test_the_same_content_with_a_new_time_of_modification_is_collected_again(inbox):
    # given
    file = inbox / "parcels.csv"
    file.write_bytes(b"same")
    run()
    os.utime(file, (1_700_000_000, 1_700_000_000))

    # when
    result = run()

    # then
    assert [file["key"] for file in result["collected"]] == [today("parcels.v2.csv")]


def test_files_of_one_name_in_two_datasets_both_land(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    boats = inbox.parent / "boats"
    boats.mkdir()
    deploy(stack, sftp_keys, source.port, source.host_key, dataset="boats", directory="boats")
    (inbox / "all.csv").write_bytes(b"cars")
    (boats / "all.csv").write_bytes(b"boats")

    # when
    run("parcels")
    run("boats")

    # then
    assert stack.objects() == {today("all.csv"): b"cars", today("all.csv", "boats"): b"boats"}


@pytest.mark.usefixtures("healthy")
def test_links_are_collected_and_what_is_left_out_is_counted(stack, inbox):
    # given
    (inbox / "yes.csv").write_bytes(b"x")
    (inbox / "no.CSV").write_bytes(b"x")
    (inbox / "folder.csv").mkdir()
    (inbox / "link.csv").symlink_to("yes.csv")
    (inbox / "outside.csv").symlink_to("/etc/passwd")

    # when
    result = run()

    # then
    assert stack.objects() == {today("yes.csv"): b"x", today("link.csv"): b"x"}
    assert result["left_out"] == {"pattern": 1, "link": 1, "type": 1, "too_fresh": 0}


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
    assert "inbox/../escape.csv: file name '../escape.csv' is not valid in a key; rename" in failures_of(error)
    assert stack.objects() == {today("good.csv"): b"x"}
    assert "is not valid in a key" in failed_entry(stack, "escape.csv").error


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
