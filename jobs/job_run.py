"""What a run of any job does alike: its arguments, its log, and one item's trouble kept from stopping the others."""

import argparse
import json
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

Counts = Mapping[str, Any]
"""What a job says of one item, as JSON can carry it."""


class JobFailedError(Exception):
    """Some items of a run failed; the message lists each with its reason. All others were done."""


def argument_parser(job: str, description: str) -> argparse.ArgumentParser:
    """A parser with the arguments of every job. Use `parse_known_args`: Glue adds arguments of its own."""
    # No abbreviations: an argument of Glue's must not be taken for the beginning of one of ours.
    parser = argparse.ArgumentParser(prog=f"python -m jobs.{job}", description=description, allow_abbrev=False)
    parser.add_argument("--bucket", required=True, help="the lake's bucket")
    parser.add_argument(
        "--JOB_RUN_ID",
        dest="run_id",
        default=str(uuid.uuid4()),
        help="identifies the run in what it writes; Glue gives it, otherwise it is made up",
    )
    return parser


def run_script(main: Callable[[], None]) -> None:
    """Run a job as its script, so that trouble which is to be expected ends it with words and not with a traceback.

    A job that succeeded returns: Glue takes any SystemExit for a failure.

    Raises:
        SystemExit: some items failed, or AWS refused something; the message says which and why.
    """
    try:
        main()
    except JobFailedError as error:
        raise SystemExit(str(error)) from None
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(f"AWS answered: {error}") from None


class JobRun:
    """One run of a job, which logs a line of JSON per item to standard output."""

    def __init__(self, job: str, run_id: str) -> None:
        self.run_id = run_id
        self._job = job

    def process(self, kind: str, items: Iterable[str], work: Callable[[str], Counts]) -> None:
        """Do the work for every item, whatever happens to the others, then say how it went.

        Args:
            kind: what an item is, such as "object".
            items: their names.
            work: does one item and returns what to log of it.

        Raises:
            JobFailedError: some failed. Its cause groups their errors.
        """
        failures: dict[str, Exception] = {}
        done = 0
        for item in items:
            started = time.monotonic()
            try:
                counts = work(item)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others; it is raised below
                failures[item] = error
                details = {"error": _in_words(error), "traceback": "".join(traceback.format_exception(error))}
                self._log(outcome="failed", **{kind: item}, **details)
            else:
                done += 1
                self._log(outcome="done", **{kind: item}, **counts, seconds=round(time.monotonic() - started, 3))
        self._log(outcome="finished", done=done, failed=len(failures))
        if failures:
            raise JobFailedError(
                f"{len(failures)} of {done + len(failures)} {kind}s failed, the others were done:\n"
                + "\n".join(f"- {item}: {_in_words(error)}" for item, error in failures.items())
            ) from ExceptionGroup(f"{self._job} run {self.run_id}", list(failures.values()))

    def _log(self, **fields: object) -> None:
        # One write per line: lines of a job that shares its output with others stay whole.
        sys.stdout.write(json.dumps({"job": self._job, "run": self.run_id, **fields}) + "\n")
        sys.stdout.flush()


def _in_words(error: Exception) -> str:
    return str(error) or type(error).__name__
