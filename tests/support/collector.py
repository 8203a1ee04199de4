"""Fixtures of the collector's tests: a stack on the emulator, a source, and a dataset collected from it."""

import _multiprocessing
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from emulation.sftp_server.server import ChrootedFiles, SourceSettings, generate_host_key
from functions.sftp_collector import selection as selecting
from functions.sftp_collector import source as sourcing
from functions.sftp_collector.handler import handler
from lake.ledger.ledger import State
from lake.parameters import Collection, Connection
from tests.support.emulators import new_session
from tests.support.invocations import invocation
from tests.support.sftp import USER, Stack, new_client_key, running_source

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def emulator(engine_emulator):
    """Address of a fresh emulator, without other files' data in its memory."""
    engine_emulator.reset()
    return engine_emulator.endpoint


@pytest.fixture(scope="session")
def sftp_keys(tmp_path_factory):
    """A host key file, the key of the accepted client, and a key that is refused."""
    host_key = tmp_path_factory.mktemp("keys") / "host_key"
    generate_host_key(host_key)
    return SimpleNamespace(host_key=host_key, client=new_client_key(), stranger=new_client_key())


class NoSemaphore:
    """A lock between processes on a system without /dev/shm."""

    SEM_VALUE_MAX = 1

    def __init__(self, *_, **__):
        raise OSError(38, "Function not implemented")


@pytest.fixture
def stack(emulator, monkeypatch):
    """A deployed stack, and the function's environment in it."""
    stack = Stack(emulator, datasets=("parcels", "boats"))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", new_session())
    # As in Lambda: whatever needs a lock between processes fails.
    monkeypatch.setattr(_multiprocessing, "SemLock", NoSemaphore)
    monkeypatch.setattr(sourcing, "PAUSE_SECONDS", 0.0)
    # The tests collect files that they have just written.
    monkeypatch.setattr(selecting, "FRESH", timedelta(0))
    return stack


@pytest.fixture
def inbox(tmp_path) -> Path:
    """The dataset's directory on the server."""
    inbox = tmp_path / "root" / "inbox"
    inbox.mkdir(parents=True)
    return inbox


@pytest.fixture
def source_settings(tmp_path, inbox, sftp_keys) -> SourceSettings:
    authorized_keys = tmp_path / "authorized_keys"
    authorized_keys.write_text(f"{sftp_keys.client.public_line}\n")
    return SourceSettings(inbox.parent, sftp_keys.host_key, authorized_keys, USER)


@pytest.fixture
def serve(request, stack, source_settings, sftp_keys):
    """Starts the source, healthy or not, and deploys a dataset collected from it."""

    def start(files=ChrootedFiles, **changes):
        context = running_source(source_settings, files)
        source = context.__enter__()
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        deploy(stack, sftp_keys, source.port, source.host_key, **changes)
        return source

    return start


@pytest.fixture
def healthy(serve):
    return serve()


def deploy(stack, sftp_keys, port, *host_keys, dataset="parcels", directory="inbox", pattern="*.csv", key=None, **more):
    connection = Connection(
        host="127.0.0.1",
        port=port,
        user=USER,
        host_keys=host_keys,
        private_key_parameter=f"{stack.prefix}/connections/carrier/private-key",
    )
    collection = Collection(dataset=dataset, connection="carrier", directory=directory, pattern=pattern, **more)
    stack.deploy(connection, key or sftp_keys.client, collection)


def run(dataset="parcels", seconds_left=lambda: 900.0, **more):
    """Calls the function as Lambda does."""
    return handler({"dataset": dataset, **more}, invocation("a-request", seconds_left))


def tick():
    """Calls the function as the tick's schedule does."""
    return run(**{"continue": True})


def today(name: str, dataset="parcels") -> str:
    return f"inbound/{dataset}/{datetime.now(UTC):%Y/%m/%d}/{name}"


def large_content(size: int) -> bytes:
    return random.Random(7).randbytes(size)  # noqa: S311  # no secret: content that is the same in each run


def failures_of(error) -> str:
    return str(error.value)


def assert_nothing_landed(stack):
    assert stack.objects() == {}
    assert stack.open_uploads() == []


def failed_entry(stack, name: str):
    (entry,) = [entry for entry in stack.entries() if entry.path.endswith(name)]
    assert entry.state == State.FAILED
    return entry


class Counts(ChrootedFiles):
    """Counts the bytes that are read from each file."""

    def __init__(self, channel, root, read: dict[str, int]):
        super().__init__(channel, root)
        self._read = read

    def read(self, file_obj, offset, size):
        data = super().read(file_obj, offset, size)
        name = os.path.basename(file_obj.name).decode()  # noqa: PTH119  # the server has names as bytes
        self._read[name] = self._read.get(name, 0) + len(data)
        return data


class SilentAtTheEnd(ChrootedFiles):
    """Answers no request beyond 17 MiB until the client has disconnected."""

    async def read(self, file_obj, offset, size):
        if offset > 17 * MEBIBYTE:
            await self.connection.wait_closed()
        return super().read(file_obj, offset, size)


def parts_that_stand(stack) -> int:
    uploads = stack.s3.list_multipart_uploads(Bucket=stack.bucket).get("Uploads", [])
    return sum(
        len(stack.s3.list_parts(Bucket=stack.bucket, Key=upload["Key"], UploadId=upload["UploadId"]).get("Parts", []))
        for upload in uploads
    )
