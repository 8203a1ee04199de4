"""Faults for the collector: a source that can be killed, AWS that refuses, and a scenario with a checkable end.

A scenario is some files and a number of runs, each with a fault: it is killed, a second run starts beside it, the
server restarts, a file is replaced, S3 or DynamoDB refuse. Undisturbed runs follow until nothing is left to do. Then
the last version of each file at the source is in the lake once, byte for byte, and nothing is unfinished.
"""

import json
import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from emulation.sftp_server.server import generate_host_key, host_key_line
from functions.sftp_collector import handler as handling
from functions.sftp_collector import source as sourcing
from lake.ledger.ledger import Ledger, State
from lake.ledger.strays import StrayUploads
from lake.parameters import Collection, Connection
from tests.support.emulators import free_port, new_session
from tests.support.invocations import invocation
from tests.support.sftp import USER, Stack, new_client_key

FILES = 50
LARGE = (9 * 2**20 + 1, 25 * 2**20)
LEASE = timedelta(seconds=1)
OLD_SECONDS = 5
RUN_SECONDS = 120
RUNS_IN_PEACE = 40
_FORK = multiprocessing.get_context("fork")


class SourceProcess:
    """The SFTP source in a separate process, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self.root, self._folder, self.port = folder / "root", folder, free_port()
        self.inbox = self.root / "inbox"
        self.inbox.mkdir(parents=True)
        self.key = new_client_key()
        self.authorized_keys = folder / "authorized_keys"
        self.authorized_keys.write_text(f"{self.key.public_line}\n")
        self.host_key = folder / "host_key"
        generate_host_key(self.host_key)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        ready = self._folder / "ready"
        ready.unlink(missing_ok=True)
        options = {
            "--port": self.port,
            "--root": self.root,
            "--host-key": self.host_key,
            "--authorized-keys": self.authorized_keys,
            "--user": USER,
            "--ready-file": ready,
        }
        command = [
            sys.executable,
            "-m",
            "emulation.sftp_server.server",
            *(str(part) for pair in options.items() for part in pair),
        ]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        log = self._folder / "source.log"
        with log.open("ab") as errors:
            self._process = subprocess.Popen(command, env=environment, stderr=errors)
        deadline = time.monotonic() + RUN_SECONDS
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the source did not start: {log.read_text()}")
            time.sleep(0.01)  # between two polls

    def kill(self) -> None:
        """Kill it at once, with its connections."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def deploy(self, stack: Stack) -> None:
        """Deploy the dataset that is collected from it."""
        connection = Connection(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            host_keys=(host_key_line(self.host_key),),
            private_key_parameter=f"{stack.prefix}/connections/carrier/private-key",
        )
        collection = Collection(dataset="parcels", connection="carrier", directory="inbox", pattern="*.csv")
        stack.deploy(connection, self.key, collection)


# Faults of AWS


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any):
        yield self._body


def _answer(request: Any, status: int, code: str) -> AWSResponse:
    if "/inbound/" in request.url:
        body = f"<Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
    else:
        body = json.dumps({"__type": code, "message": "injected"}).encode()
    return AWSResponse(request.url, status, {}, _Raw(body))


def _every(count: int, act: Callable[[Any], AWSResponse]) -> Callable[..., AWSResponse | None]:
    calls = 0

    def hook(request: Any, **_: Any) -> AWSResponse | None:
        nonlocal calls
        calls += 1
        return act(request) if calls % count == 0 else None

    return hook


def _throttled(request: Any) -> AWSResponse:
    return _answer(request, 400, "ProvisionedThroughputExceededException")


def _carried_out(request: Any) -> AWSResponse:
    URLLib3Session().send(request)
    return _answer(request, 500, "InternalServerError")


def s3_refuses_every_fifth_part() -> None:
    """S3 is busy at every fifth part of each process."""
    _hook("s3.UploadPart", _every(5, lambda request: _answer(request, 503, "SlowDown")))


def s3_forbids_every_fifth_part() -> None:
    """S3 refuses every fifth part of each process with an error that the SDK does not retry."""
    _hook("s3.UploadPart", _every(5, lambda request: _answer(request, 403, "AccessDenied")))


def dynamodb_throttles() -> None:
    """Every second write to the ledger is throttled."""
    for operation in ("UpdateItem", "PutItem", "TransactWriteItems"):
        _hook(f"dynamodb.{operation}", _every(2, _throttled))


def dynamodb_loses_answers() -> None:
    """Every third write to the ledger succeeds but is answered with an error."""
    for operation in ("UpdateItem", "PutItem", "TransactWriteItems"):
        _hook(f"dynamodb.{operation}", _every(3, _carried_out))


def _hook(operation: str, hook: Callable[..., AWSResponse | None]) -> None:
    boto3._get_default_session().events.register(f"before-send.{operation}", hook)  # pyright: ignore[reportPrivateUsage]


AWS_FAULTS: tuple[Callable[[], None], ...] = (
    s3_refuses_every_fifth_part,
    s3_forbids_every_fifth_part,
    dynamodb_throttles,
    dynamodb_loses_answers,
)


# Runs


def _run(stack: Stack, clock: Callable[[], datetime], fault: Callable[[], None] | None, outcome: Any) -> None:
    """The function in a separate process, with a short lease; its result goes into a pipe."""
    logging.disable()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(stack.environment)
    boto3.DEFAULT_SESSION = new_session()
    sourcing.PAUSE_SECONDS = 0.2
    handling.Ledger = partial(Ledger, lease=LEASE, clock=clock)
    handling.StrayUploads = partial(StrayUploads, clock=clock)
    if fault is not None:
        fault()
    try:
        outcome.send(handling.handler({"dataset": "parcels"}, invocation("a-request")))
    except handling.CollectionFailedError as error:
        outcome.send(str(error))


@dataclass
class Scenario:
    """The files and runs of one seed."""

    seed: int
    stack: Stack
    source: SourceProcess
    files: int = FILES
    runs: int = 0
    kills: int = 0
    faults: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  # a seed is kept to see the same again
        midnight = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(days=1)
        # Past midnight in one of the first runs.
        start = midnight - timedelta(seconds=self._random.uniform(0, 5))
        began = time.time()
        self._clock = lambda: start + timedelta(seconds=time.time() - began)
        self._contents: dict[tuple[str, int], bytes] = {}
        for number in range(self.files):
            self._write(f"{number:02d}.csv", self._size(number))

    def _size(self, number: int) -> int:
        return self._random.randint(*LARGE) if number in (0, self.files // 2) else self._random.randint(1, 50_000)

    def _write(self, name: str, size: int) -> None:
        while (f"inbox/{name}", size) in self._contents:
            # A file rewritten within the same second must still count as another version.
            size += 1
        content = self._random.randbytes(size)
        hidden = self.source.inbox / f".{name}"
        hidden.write_bytes(content)
        # Old enough to be collected at once, so every fault meets work.
        written = time.time() - OLD_SECONDS
        os.utime(hidden, (written, written))
        hidden.replace(self.source.inbox / name)
        self._contents[f"inbox/{name}", size] = content

    def write_anew(self, count: int) -> None:
        """Rewrite some of the files, occasionally a large one, so that there is work again."""
        for number in self._random.sample(range(self.files), count):
            self._write(f"{number:02d}.csv", self._size(number))

    def meet(self, fault: str) -> None:
        """Make one run that meets a fault at a random moment."""
        self.faults.append(fault)
        moment = self._random.uniform(0, 0.8)
        aws = {fault.__name__: fault for fault in AWS_FAULTS}.get(fault)
        running = [self._start(aws)]
        if fault == "two at once":
            running.append(self._start(None))
        time.sleep(moment)  # until then, the fault is to hit the run wherever it is
        match fault:
            case "killed":
                running[0][0].kill()
                self.kills += 1
            case "killed with its workers":
                self._kill_group(running[0][0])
                self.kills += 1
            case "server restarted":
                self.source.kill()
                self.source.start()
            case "file replaced":
                for number in (0, 7):
                    self._write(f"{number:02d}.csv", self._size(number))
            case _:
                pass
        for process, pipe in running:
            self._end(process, pipe)

    def settle(self) -> None:
        """Make undisturbed runs until one finds nothing to do."""
        for _ in range(RUNS_IN_PEACE):
            outcome = self._end(*self._start(None))
            if isinstance(outcome, dict) and (outcome["unchanged"], outcome["elsewhere"]) == (self.files, 0):
                return
            time.sleep(0.1)  # between two polls
        raise AssertionError(f"seed {self.seed}: after {RUNS_IN_PEACE} runs in peace there is still work: {outcome}")

    def check(self) -> None:
        """Check that every file landed exactly once with equal bytes, and nothing is unfinished."""
        entries = {entry.object_key: entry for entry in self.stack.entries() if entry.object_key is not None}
        assert len(entries) == sum(entry.object_key is not None for entry in self.stack.entries()), (
            f"seed {self.seed}: two versions share a key"
        )
        complete = [entry for entry in entries.values() if entry.state == State.COMPLETE]
        claimed = [entry.path for entry in entries.values() if entry.state == State.CLAIMED]
        assert not claimed, f"seed {self.seed}: {claimed} are claimed though no run is at them"
        objects = self.stack.objects()
        missing = {entry.object_key for entry in complete} - set(objects)
        assert not missing, f"seed {self.seed}: {missing} are complete and not there"
        for key, content in objects.items():
            # The object of a version that was replaced before its run could record it is complete too.
            entry = entries[key]
            assert content == self._contents[entry.path, entry.size], f"seed {self.seed}: {key} is not equal"
        for file in self.source.inbox.glob("*.csv"):
            standing = (f"inbox/{file.name}", file.stat().st_size)
            assert [(e.path, e.size) for e in complete].count(standing) == 1, (
                f"seed {self.seed}: {file.name} is missing"
            )
        assert self.stack.open_uploads() == [], f"seed {self.seed}: uploads are left open"

    def _start(self, fault: Callable[[], None] | None) -> tuple[Any, Any]:
        self.runs += 1
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(target=_run, args=(self.stack, self._clock, fault, theirs))
        process.start()
        theirs.close()
        return process, ours

    def _end(self, process: Any, pipe: Any) -> Any:
        try:
            outcome = pipe.recv() if pipe.poll(RUN_SECONDS) else None
        except EOFError:
            outcome = None
        process.join(RUN_SECONDS)
        if process.exitcode is None:
            self._kill_group(process)
            raise AssertionError(f"seed {self.seed}: a run hung; faults so far: {self.faults}")
        process.close()
        pipe.close()
        return outcome

    def _kill_group(self, process: Any) -> None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        family = [int(child) for child in children.read_text().split()] if children.exists() else []
        for member in (process.pid, *family):
            os.kill(member, signal.SIGKILL)


FAULTS = (
    "killed",
    "killed with its workers",
    "two at once",
    "server restarted",
    "file replaced",
    *(fault.__name__ for fault in AWS_FAULTS),
)
