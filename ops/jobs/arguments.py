"""The arguments of the jobs that `run` starts, checked before a job starts: on AWS a refused start costs money."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from ops.stack.checks import a_day, a_moment, check_days, known_dataset, known_report, one_of
from ops.stack.errors import InvalidInputError
from ops.stack.prefixes import check_inbound_key, check_is_of

REFUSED: Final = "refused"
"""The value of --only."""
_SET: Final = "true"
"""The value of a flag: Glue takes arguments in pairs."""


def _is_set(given: str) -> str:
    return one_of(given, [_SET], "value of a flag")


def _inbound_key(given: str) -> str:
    check_inbound_key(given)
    return given


_CHECKS: Final[Mapping[str, Callable[[str], str]]] = {
    "--dataset": known_dataset,
    "--object": _inbound_key,
    "--from": a_day,
    "--to": a_day,
    "--only": lambda given: one_of(given, [REFUSED], "value of --only"),
    "--report": known_report,
    "--as-of": a_moment,
    "--force": _is_set,
    "--all-days": _is_set,
    "--rebuild": _is_set,
    "--reconcile": _is_set,
    "--dry-run": _is_set,
}
_FLAGS: Final = frozenset(option for option, check in _CHECKS.items() if check is _is_set)
JOB_ARGUMENTS: Final[Mapping[str, Sequence[str]]] = {
    "warehouse": ("--dataset", "--object", "--from", "--to", "--all-days"),
    "sanitise": ("--dataset", "--object", "--from", "--to", "--only"),
    "publish": ("--dataset", "--rebuild", "--reconcile"),
    "mart": ("--report", "--as-of", "--force"),
    "maintenance": ("--dry-run",),
    "refine": (),
}
"""What each job accepts. `refine` is the workflow."""


def job_arguments(job: str, words: Sequence[str]) -> dict[str, str]:
    """Read and check what a person typed behind a job. A job itself ignores what it does not know, as Glue needs it.

    Args:
        job: one of JOB_ARGUMENTS.
        words: options and their values.

    Raises:
        InvalidInputError: an option or its value is not valid for this job.
    """
    pairs = _pairs(job, words)
    checked = {option: _CHECKS[option](value) for option, value in pairs.items()}
    if job == "sanitise" and ("--dataset" in checked) == ("--object" in checked):
        raise InvalidInputError("sanitise processes a dataset or an object; give either --dataset NAME or --object KEY")
    if "--as-of" in checked and "--report" not in checked:
        raise InvalidInputError("--as-of applies to one report; name it with --report")
    if {"--object", "--dataset"} <= checked.keys():
        check_is_of(checked["--object"], checked["--dataset"])
    days = [date.fromisoformat(checked[each]) if each in checked else None for each in ("--from", "--to")]
    check_days(*days)
    return checked


def _pairs(job: str, words: Sequence[str]) -> dict[str, str]:
    known = JOB_ARGUMENTS[job]
    split = _with_values([part for word in words for part in (word.split("=", 1) if word[:2] == "--" else [word])])
    if unknown := [word for word in split[::2] if word not in known]:
        takes = f"it accepts {', '.join(known)}" if known else "it accepts no arguments"
        raise InvalidInputError(f"{job} does not accept {' '.join(unknown)}; {takes}")
    if len(split) % 2:
        raise InvalidInputError(f"{split[-1]} needs a value; give one after it")
    # Glue takes each argument once.
    if repeated := sorted({word for word in split[::2] if split[::2].count(word) > 1}):
        raise InvalidInputError(f"{' and '.join(repeated)} can be given only once; run {job} once for each value")
    return dict(zip(split[::2], split[1::2], strict=True))


def _with_values(words: Sequence[str]) -> list[str]:
    """The words, with a value behind each flag that has none."""
    return [
        part
        for word, after in itertools.zip_longest(words, words[1:], fillvalue="--")
        for part in ((word, _SET) if word in _FLAGS and after.startswith("--") else (word,))
    ]
