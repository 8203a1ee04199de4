"""Keeps the log of a local job run where Glue keeps it on AWS: in a stream of the jobs' log group, named after the run.

The emulator does not run Glue jobs and reports every run as a success. So the process that runs a job records here how
the run began and ended, around the job's own log.
"""

import contextlib
import json
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

from ops.jobs.workflow import FAILED, SUCCEEDED
from ops.stack.target import Target

RUNNING: Final = "RUNNING"
STOPPED: Final = "STOPPED"
_LINES_AT_ONCE: Final = 1000
_CHARACTERS_AT_ONCE: Final = 120_000
_LINE_CHARACTERS: Final = 60_000
"""Characters of an event, of at most four bytes each. CloudWatch accepts 256 KB for an event, and 1 MB at once."""


class LocalJobLog:
    """Writes the log of one run."""

    def __init__(self, target: Target, group: str, run_id: str) -> None:
        self._logs, self._group, self._run = target.client("logs"), group, run_id
        self._lines: list[dict[str, Any]] = []
        self._characters = 0

    @contextlib.contextmanager
    def run_of(self, job: str) -> Generator[Callable[[str], None]]:
        """Record the beginning and the end of a job's run, and yield a function that logs its lines."""
        self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._run)
        self._tell(job=job, state=RUNNING)
        self._flush()
        try:
            yield self._add
        except Exception as error:
            self._tell(state=FAILED, error=str(error))
            raise
        except BaseException:
            self._tell(state=STOPPED)
            raise
        else:
            self._tell(state=SUCCEEDED)
        finally:
            self._flush()

    def _tell(self, **fields: str) -> None:
        self._add(json.dumps(fields))

    def _add(self, line: str) -> None:
        # CloudWatch accepts no empty event.
        message = line[:_LINE_CHARACTERS] or " "
        self._lines.append({"timestamp": int(time.time() * 1000), "message": message})
        self._characters += len(message)
        if len(self._lines) >= _LINES_AT_ONCE or self._characters >= _CHARACTERS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._lines:
            self._logs.put_log_events(logGroupName=self._group, logStreamName=self._run, logEvents=self._lines)
        self._lines, self._characters = [], 0


def recorded_runs(target: Target, group: str, most: int) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return the newest runs of a log group: id, first and last event.

    Both are the same event if the run has not ended.

    Each event has a `timestamp` in milliseconds since 1970.
    """
    logs = target.client("logs")
    streams = logs.describe_log_streams(
        logGroupName=group, orderBy="LastEventTime", descending=True, limit=min(most, 50)
    )["logStreams"]
    for stream in streams:
        name = {"logGroupName": group, "logStreamName": stream["logStreamName"], "limit": 1}
        ends = [logs.get_log_events(**name, startFromHead=head)["events"] for head in (True, False)]
        if all(ends):
            first, last = ({**_fields(events[0]["message"]), "timestamp": events[0]["timestamp"]} for events in ends)
            yield stream["logStreamName"], first, last


def _fields(line: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        fields = json.loads(line)
        if isinstance(fields, dict):
            return fields
    return {}
