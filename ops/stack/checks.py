"""Checks of what a person typed, made before anything is started or requested."""

from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path

from datasets import DATASETS
from ops.stack.errors import InvalidInputError
from processing.reporting.snapshots import MomentError, parse_moment
from reports import REPORTS


def one_of(given: str, known: Collection[str], kind: str) -> str:
    """A name that there is.

    Raises:
        InvalidInputError: there is not; the message lists the known names.
    """
    if given not in known:
        raise InvalidInputError(f"unknown {kind} {given!r}; choose one of {', '.join(sorted(known))}")
    return given


def known_dataset(given: str) -> str:
    """The name of a declared dataset.

    Raises:
        InvalidInputError: no file declares it.
    """
    return one_of(given, [*DATASETS], "dataset")


def known_report(given: str) -> str:
    """The name of a declared report.

    Raises:
        InvalidInputError: no file declares it.
    """
    return one_of(given, [*REPORTS], "report")


def a_day(given: str) -> str:
    """A day as YYYY-MM-DD.

    Raises:
        InvalidInputError: it is not.
    """
    try:
        # fromisoformat alone accepts 20260131 and 2026-W05-6, too.
        return f"{datetime.strptime(given, '%Y-%m-%d').date()}"  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise InvalidInputError(f"{given!r} is not a day in the form YYYY-MM-DD, such as 2026-01-31") from error


def a_moment(given: str) -> str:
    """A time, or the id of a snapshot of a published table.

    Raises:
        InvalidInputError: it is neither.
    """
    try:
        parse_moment(given)
    except MomentError as error:
        raise InvalidInputError(str(error)) from error
    return given


def check_days(first: date | None, last: date | None) -> None:
    """Refuse a range of days that ends before it begins.

    Raises:
        InvalidInputError: it does.
    """
    if first and last and first > last:
        raise InvalidInputError(f"--from {first} is after --to {last}; swap the two days")


def check_can_be_written(file: Path) -> None:
    """Refuse a file that this command could not write after its work.

    Raises:
        InvalidInputError: it is a folder, or its folder does not exist.
    """
    if file.is_dir():
        raise InvalidInputError(f"{file} is a folder; name a file in it")
    if not file.absolute().parent.is_dir():
        raise InvalidInputError(f"the folder of {file} does not exist; create it first")
