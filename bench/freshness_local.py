"""Time from an accepted event to its row in the published table, on a local platform with default settings.

The platform has the tests' declarations. The emulator does not run Glue's triggers, so the time excludes the workflow's
window: this program starts the job as soon as the events have landed.
"""

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import yaml

from bench.errors import BenchError
from local.platform_instance import LocalPlatform
from ops.jobs.as_process import ProcessRunner
from ops.stack.target import Target, find_target
from processing.publishing.catalogue import open_catalogue
from tests.support.emulators import free_port
from tests.support.program import link_program
from tests.support.stream import EventStream

DATASET: Final = "readings"
POST: Final = 100
"""Events in a request."""
POLL_SECONDS: Final = 0.1
MOST_SECONDS: Final = 900.0
"""Longest wait for one condition. The default window of a batch is a minute."""

Round = dict[str, float]
Say = Callable[[str], None]


class LostError(BenchError):
    """An event did not arrive."""


def measure(rounds: int, events: int, folder: Path, say: Say) -> list[Round]:
    """Post events and wait for their rows, in several rounds.

    Args:
        rounds: number of measured rounds; one more before them creates the table.
        events: number of events in each round.
        folder: empty folder for the platform's state and its program.
        say: function that receives progress messages.

    Returns:
        Seconds of each part, by round.

    Raises:
        LostError: an accepted event does not have a row.
    """
    with _platform(folder, say) as target:
        stream = EventStream(target)
        measured = []
        for number in range(rounds + 1):
            measured.append(_round(target, stream, events))
            parts = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in measured[-1].items())
            say(f"{'first load' if number == 0 else f'round {number}'}: {parts}")
        return measured[1:]


@contextmanager
def _platform(folder: Path, say: Say) -> Iterator[Target]:
    """Run a platform whose stack file does not set the window of a batch, so the default applies."""
    program = folder / "program"
    link_program(program)
    file = program / "Pulumi.local.yaml"
    settings = yaml.safe_load(file.read_text())
    del settings["config"]["data-platform:events"]["batchWindowSeconds"]
    file.unlink()
    file.write_text(yaml.safe_dump(settings))
    platform = LocalPlatform(folder / "state", free_port(), program=program)
    try:
        say("starting a local platform")
        platform.up()
        target = find_target("local", platform.state_directory)
        os.environ |= {
            "AWS_ENDPOINT_URL": str(target.endpoint),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": str(target.session.region_name),
            # The same as in processing/publishing/reading.py.
            "POLARS_ICEBERG_PLANNER": "pyiceberg",
        }
        yield target
    finally:
        platform.down()
        shutil.rmtree(program)


def _round(target: Target, stream: EventStream, events: int) -> Round:
    ids = [str(uuid.uuid4()) for _ in range(events)]
    for first in range(0, events, POST):
        answer = stream.post([_scan(each) for each in ids[first : first + POST]])
        if answer.status != 202:  # noqa: PLR2004 - HTTP's Accepted
            raise LostError(f"answered {answer.status}: {answer.body[:200]!r}")
    accepted = time.time()
    _wait(lambda: stream.waiting() == 0)
    landed = time.time()
    lines: list[float] = []
    runner = ProcessRunner(target, on_line=lambda line: lines.append(time.time()) if DATASET in line else None)
    runner.run(target.exports["warehouseJob"], {"--dataset": DATASET})
    committed = _committed(target, ids)
    # The first line about the dataset is about an object. The job writes it after the object's history file.
    checked = min(lines[0], committed)
    return {
        "queue and the batcher's window": landed - accepted,
        "job until the history file": checked - landed,
        "merge until the commit": committed - checked,
        "**event to row**": committed - accepted,
    }


def _committed(target: Target, ids: list[str]) -> float:
    """Return the time of the newest snapshot's commit, after checking that it has a row for each event.

    Raises:
        LostError: an event does not have a row.
    """
    arguments = target.client("glue").get_job(JobName=target.exports["warehouseJob"])["Job"]["DefaultArguments"]
    table = open_catalogue().load_table((arguments["--database"], DATASET))
    rows = pl.scan_iceberg(table, storage_options=table.io.properties).select("event_id").collect()
    if missing := set(ids) - set(rows["event_id"].to_list()):
        raise LostError(f"{len(missing)} of {len(ids)} accepted events have no row")
    snapshot = table.current_snapshot()
    if snapshot is None:
        raise LostError(f"the table of {DATASET} has no snapshot")
    return snapshot.timestamp_ms / 1000


def _scan(event_id: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event_type": "scan",
        "occurred_at": datetime.now(UTC).isoformat(),
        "source": "bench",
        "payload": {"member_id": 1, "place": "gate"},
    }


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise LostError(f"nothing after {MOST_SECONDS:g} s")
        time.sleep(POLL_SECONDS)  # between two polls: no part of the way announces a row
