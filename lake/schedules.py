"""Schedule expressions, checked as AWS checks them, so that a wrong one is refused before a deployment.

The rules are those of the services' own pages:
docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html (EventBridge Scheduler),
docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html (EventBridge rules; fields of cron),
docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html (Glue).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from lake.errors import LakeError

Service = Literal["scheduler", "rule", "glue"]

_FORMS: Final[dict[Service, tuple[str, ...]]] = {
    "scheduler": ("cron", "rate", "at"),
    "rule": ("cron", "rate"),
    "glue": ("cron",),
}
_EXAMPLES: Final = {"cron": "cron(0 5 * * ? *)", "rate": "rate(15 minutes)", "at": "at(2027-01-31T05:00:00)"}
_NAME_CHARACTERS: Final = 64
_EXPRESSION: Final = re.compile(r"(?P<form>\w+)\((?P<content>.*)\)")
_RATE: Final = re.compile(r"(?P<count>[1-9][0-9]*) (?P<unit>minute|hour|day)(?P<plural>s?)")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class ScheduleError(LakeError, ValueError):
    """An expression that AWS refuses."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the six fields of a cron expression."""

    name: str
    least: int
    most: int
    names: Sequence[str] = ()
    """Of the values from the least on."""
    alone: str | None = None
    """Pattern of what may be the whole field, beside lists of values, ranges and steps."""
    has_steps: bool = True

    def check(self, text: str) -> None:
        """Raise a ScheduleError unless the field accepts the text."""
        if self.alone is not None and (match := re.fullmatch(self.alone, text)):
            for value in filter(None, match.groups()):
                self._value(value, text)
            return
        for part in text.split(","):
            values, slash, step = part.partition("/")
            if slash and not (self.has_steps and re.fullmatch(r"[0-9]+", step) and 1 <= int(step) <= self.most):
                raise self._refusal(text)
            first, dash, last = values.partition("-")
            if values != "*":
                self._value(first, text)
            if dash:
                self._value(last, text)

    def _value(self, value: str, text: str) -> None:
        if value in self.names:
            return
        if not re.fullmatch(r"[0-9]+", value) or not self.least <= int(value) <= self.most:
            raise self._refusal(text)

    def _refusal(self, text: str) -> ScheduleError:
        names = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return ScheduleError(f"{self.name} {text!r}: expected {self.least} to {self.most}{names}")


_CRON: Final = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day-of-month", 1, 31, alone=r"\?|L|([0-9]+)W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day-of-week", 1, 7, _DAYS, alone=r"\?|L|(\w+)L|(\w+)#[1-5]", has_steps=False),
    _Field("year", 1970, 2199),
)
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4


def continuation_name(dataset: str) -> str:
    """Name of the schedule that continues a dataset's collection. A dataset's own name does not have a dot."""
    return f"{dataset}.continuation"


def check_schedule_names(dataset: str) -> None:
    """Check that EventBridge Scheduler accepts the names of a dataset's schedules.

    Raises:
        ScheduleError: the dataset's name is too long.
    """
    if (over := len(continuation_name(dataset)) - _NAME_CHARACTERS) > 0:
        raise ScheduleError(
            f"the name {dataset!r} is too long for its schedule; use at most {len(dataset) - over} characters"
        )


def check_schedule(expression: str, service: Service = "scheduler") -> str:
    """Return a schedule expression unchanged.

    Args:
        expression: such as "cron(0 5 * * ? *)".
        service: what evaluates it: EventBridge Scheduler, a rule of EventBridge, or a trigger of Glue.

    Raises:
        ScheduleError: the service refuses it. The message says what is expected.
    """
    match = _EXPRESSION.fullmatch(expression)
    forms = _FORMS[service]
    if match is None or match["form"] not in forms:
        raise ScheduleError(f"{expression!r} is not a schedule, such as {_any_of([_EXAMPLES[form] for form in forms])}")
    try:
        {"cron": _check_cron, "rate": _check_rate, "at": _check_at}[match["form"]](match["content"])
    except ScheduleError as error:
        raise ScheduleError(f"{expression!r} is not a schedule: {error}") from None
    return expression


def _check_cron(content: str) -> None:
    fields = content.upper().split()
    if len(fields) != len(_CRON):
        names = ", ".join(field.name for field in _CRON)
        raise ScheduleError(f"cron has six fields ({names}), not {len(fields)}, such as {_EXAMPLES['cron']}")
    for field, text in zip(_CRON, fields, strict=True):
        field.check(text)
    if (fields[_DAY_OF_MONTH] == "?") == (fields[_DAY_OF_WEEK] == "?"):
        raise ScheduleError(
            "exactly one of day-of-month and day-of-week has to be '?', such as in cron(0 5 ? * MON-FRI *)"
        )


def _check_rate(content: str) -> None:
    match = _RATE.fullmatch(content)
    if match is None:
        raise ScheduleError("a rate is a whole number from 1 and minutes, hours or days, such as rate(15 minutes)")
    if (match["count"] == "1") == bool(match["plural"]):
        raise ScheduleError("the unit is singular for 1 and plural otherwise, such as rate(1 hour) and rate(2 hours)")


def _check_at(content: str) -> None:
    try:
        datetime.strptime(content, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the schedule's own time zone applies
    except ValueError:
        raise ScheduleError("at() needs a time without a zone, such as at(2027-01-31T05:00:00)") from None


def _any_of(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
