"""What a run of any job does alike: its arguments, its log, and one item's trouble kept from stopping the others."""

import argparse
import json
import sys
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from lake.printable import printable
from processing.errors import ProcessingError
from processing.registry.declaration_file import DeclarationError

Counts = Mapping[str, Any]
"""What a job says of one item, as JSON can carry it. An "outcome" in it says that it went another way than "done"."""
_DONE: Final = "done"
_ENDS_THE_RUN: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)


class JobFailedError(ProcessingError):
    """Some items of a run failed; the message lists each with its reason. All others were done."""


class CrashError(ProcessingError):
    """A library ended the work on one item by an exception that `except Exception` does not catch."""


def argument_parser(job: str, description: str) -> argparse.ArgumentParser:
    """A parser with the arguments of every job. Use `parse_known_args`: Glue adds arguments of its own."""
    # No abbreviations: an argument of Glue's must not be taken for the beginning of one of ours.
    parser = argparse.ArgumentParser(prog=f"python -m jobs.{job}", description=description, allow_abbrev=False)
    parser.add_argument("--bucket", required=True, help="the lake's bucket")
    parser.add_argument(
        "--JOB_RUN_ID",
        dest="run_id",
        default=str(uuid.uuid4()),
        help="id of the run in everything that it writes; Glue sets it; default: a random id",
    )
    parser.add_argument(
        "--WORKFLOW_RUN_ID", dest="workflow_run", help="id of the workflow run that started this run; Glue sets it"
    )
    return parser


def run_script(main: Callable[[], None]) -> None:
    """Run a job as its script, so that trouble which is to be expected ends it with words and not with a traceback.

    A job that succeeded returns: Glue takes any SystemExit for a failure.

    Raises:
        SystemExit: some items failed, a declaration is broken, or AWS refused something; the message says which.
    """
    try:
        main()
    except (JobFailedError, DeclarationError) as error:
        raise SystemExit(str(error)) from None
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(f"AWS request failed: {error}") from None


def run_all(*steps: Callable[[], None]) -> None:
    """Do some steps of a run one after another, whatever failed in those before.

    Raises:
        JobFailedError: items of some steps failed.
    """
    failures: list[JobFailedError] = []
    for step in steps:
        try:
            step()
        except JobFailedError as error:
            failures.append(error)
    if len(failures) > 1:
        raise JobFailedError("\n".join(map(str, failures))) from ExceptionGroup("several steps", failures)
    if failures:
        raise failures[0]


@dataclass(frozen=True, slots=True)
class Result:
    """How one item of a run went."""

    item: str
    seconds: float
    counts: Counts | None = None
    """What is logged of it; None if it failed."""
    error: Exception | None = None
    details: str = ""
    """The traceback of the error."""
    kind: str | None = None
    """What the item is, if it is not what the run's other items are."""


def attempt(work: Callable[[str], Counts], item: str) -> Result:
    """Do the work for one item and return how it went, whatever the work raises.

    Raises:
        KeyboardInterrupt, SystemExit, GeneratorExit: the run itself is to end.
    """
    started = time.monotonic()
    try:
        counts = work(item)
    except _ENDS_THE_RUN:
        raise
    # polars' panics are no subclass of Exception. Whatever one item raises must not stop the others.
    except BaseException as error:  # noqa: BLE001 - the run raises it at its end
        details = "".join(traceback.format_exception(error))
        failure = error if isinstance(error, Exception) else CrashError(f"{type(error).__name__}: {error}")
        return Result(item, time.monotonic() - started, error=failure, details=details)
    return Result(item, time.monotonic() - started, counts)


def broken_declarations(broken: Mapping[str, DeclarationError]) -> list[Result]:
    """The results of declarations that a run of all of them has to leave out: each counts as a failure."""
    return [Result(name, 0.0, error=error, kind="declaration") for name, error in broken.items()]


class JobRun:
    """One run of a job, which logs a line of JSON per item to standard output."""

    def __init__(self, job: str, run_id: str, workflow_run: str | None = None) -> None:
        self.run_id = run_id
        self._job = job
        # What ties a mart's run to that of the warehouse before it.
        self._workflow = {} if workflow_run is None else {"workflow_run": workflow_run}

    def process(self, kind: str, items: Iterable[str], work: Callable[[str], Counts]) -> None:
        """Do the work for every item, whatever happens to the others, then say how it went.

        Args:
            kind: what an item is, such as "object".
            items: their names.
            work: does one item and returns what to log of it.

        Raises:
            JobFailedError: some failed. Its cause groups their errors.
        """
        self.finish(kind, (attempt(work, item) for item in items))

    def finish(self, kind: str, results: Iterable[Result], **noted: int) -> None:
        """Log how each item went as it becomes known, then how all of them went.

        Args:
            kind: what an item is, such as "object".
            results: of all items.
            noted: what else the last line is to count.

        Raises:
            JobFailedError: some failed. Its cause groups their errors.
        """
        failures: dict[str, Exception] = {}
        outcomes: Counter[str] = Counter()
        kinds: set[str] = set()
        for result in results:
            kinds.add(result.kind or kind)
            if result.error is not None:
                failures[result.item] = result.error
                self.log(
                    "failed",
                    **{result.kind or kind: result.item},
                    error=_in_words(result.error),
                    traceback=result.details,
                )
            else:
                counts = dict(result.counts or {})
                outcome = str(counts.pop("outcome", _DONE))
                outcomes[outcome] += 1
                self.log(outcome, **{kind: result.item}, **counts, seconds=round(result.seconds, 3))
        other_outcomes = {outcome: count for outcome, count in outcomes.items() if outcome != _DONE}
        self.log("finished", done=outcomes[_DONE], failed=len(failures), **other_outcomes, **noted)
        if failures:
            items = f"{kinds.pop() if len(kinds) == 1 else 'item'}s"
            raise JobFailedError(
                f"{len(failures)} of {outcomes.total() + len(failures)} {items} failed, the others succeeded:\n"
                + "\n".join(printable(f"- {item}: {_in_words(error)}") for item, error in failures.items())
            ) from ExceptionGroup(f"{self._job} run {self.run_id}", list(failures.values()))

    def log(self, outcome: str, **fields: object) -> None:
        """Log one line."""
        line = {"job": self._job, "run": self.run_id, **self._workflow, "outcome": outcome, **fields}
        # One write per line: lines of a job that shares its output with others stay whole.
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def _in_words(error: Exception) -> str:
    return str(error) or type(error).__name__
