"""Single faults against the real source and the emulator; `make campaign NAME=collector` mixes them."""

import os

import boto3
import pytest

from emulation.sftp_server.server import generate_host_key
from functions.sftp_collector import source as sourcing
from functions.sftp_collector.handler import CollectionFailedError
from lake.ledger.ledger import State
from tests.support.collector import deploy, large_content, run, today
from tests.support.collector_faults import FAULTS, Scenario, SourceProcess, s3_forbids_every_fifth_part
from tests.support.emulators import new_session
from tests.support.sftp import Stack, new_client_key

pytestmark = pytest.mark.emulator

MEBIBYTE = 2**20
# Two of them are large and land in parts. The campaign has fifty.
FILES = 12


@pytest.fixture(scope="module")
def source_process(tmp_path_factory):
    source = SourceProcess(tmp_path_factory.mktemp("source"))
    source.start()
    yield source
    source.kill()


@pytest.fixture
def source(source_process):
    """The source in a separate process, without files."""
    for file in source_process.inbox.iterdir():
        file.unlink()
    return source_process


@pytest.fixture
def scenario(emulator, source):
    stack = Stack(emulator)
    source.deploy(stack)

    def start(seed: int) -> Scenario:
        return Scenario(seed, stack, source, FILES)

    return start


@pytest.mark.long
def test_killed_four_times_every_file_lands_once(scenario):
    # given
    scenario = scenario(1)

    # when
    for number in range(4):
        scenario.meet("killed" if number % 2 else "killed with its workers")
    scenario.settle()

    # then
    scenario.check()


# The campaign meets all faults a thousand times; this is the most frequent one of partners' servers.
USUAL = ("server restarted",)


@pytest.mark.parametrize(
    "fault",
    [
        *USUAL,
        *(
            pytest.param(fault, marks=pytest.mark.long)
            for fault in FAULTS
            if not fault.startswith("killed") and fault not in USUAL
        ),
    ],
)
def test_after_a_fault_every_file_lands_once(scenario, fault):
    # given
    scenario = scenario(7)

    # when
    scenario.meet(fault)
    scenario.settle()

    # then
    scenario.check()


def test_part_refused_by_s3_fails_the_file_next_run_resumes(stack, serve, inbox, monkeypatch):
    # given
    monkeypatch.setenv("COLLECTOR_WORKERS", "1")
    serve()
    content = large_content(33 * MEBIBYTE)
    (inbox / "large.csv").write_bytes(content)
    s3_forbids_every_fifth_part()

    # when
    with pytest.raises(CollectionFailedError, match=r"inbox/large.csv: AWS request failed: .*AccessDenied"):
        run()
    standing = stack.open_uploads()
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", new_session())
    run()

    # then
    assert standing == [today("large.csv")]
    assert stack.objects() == {today("large.csv"): content}
    assert stack.open_uploads() == []


def test_rotated_client_key_works_once_the_server_has_it(stack, serve, inbox, sftp_keys, source_settings):
    # given
    source = serve()
    (inbox / "parcels.csv").write_bytes(b"x")
    fresh = new_client_key()
    deploy(stack, sftp_keys, source.port, source.host_key, key=fresh)

    # when
    with pytest.raises(CollectionFailedError, match="refused the platform's key"):
        run()
    source_settings.authorized_keys.write_text(f"{fresh.public_line}\n")

    # then
    assert len(run()["collected"]) == 1


def test_a_host_key_that_changes_in_mid_run_lands_nothing_more(stack, source, monkeypatch, tmp_path):
    # given
    monkeypatch.setenv("COLLECTOR_WORKERS", "1")
    monkeypatch.setattr(sourcing, "PAUSE_SECONDS", 2.0)
    source.deploy(stack)
    (source.inbox / "large.csv").write_bytes(large_content(100 * MEBIBYTE))
    os.utime(source.inbox / "large.csv", (1, 1))
    (source.inbox / "small.csv").write_bytes(b"x")
    generate_host_key(tmp_path / "another")

    def seconds_left():
        # Called during the run: the server is replaced once the upload is open.
        if (tmp_path / "another").exists() and stack.open_uploads():
            source.kill()
            (tmp_path / "another").replace(source.host_key)
            source.start()
        return 900.0

    # when
    with pytest.raises(CollectionFailedError, match="which is not pinned for this connection"):
        run(seconds_left=seconds_left)

    # then
    assert stack.objects() == {}
    assert {entry.state for entry in stack.entries()} == {State.FAILED}
