"""The envelope of a posted event: five members, checked here. What a payload has to hold is its dataset's business."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from functions.event_receiver.answers import Problem, invalid, invalid_body
from functions.event_receiver.channels import Channels
from functions.event_receiver.request import MAXIMUM_DEPTH, check_depth
from lake.events import Receipt, stored_event
from lake.json_pointer import escaped

MAXIMUM_EVENTS: Final = 1000
MAXIMUM_STORED_BYTES: Final = 200 * 1024
EVENT_TYPE: Final = r"^[a-z][a-z0-9_.]{0,62}$"
_UUID: Final = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_AHEAD: Final = timedelta(hours=24)
_BYTES_OF_A_CHARACTER: Final = 4


class Event(BaseModel):
    """What a caller posts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    event_id: Annotated[str, Field(pattern=_UUID)]
    event_type: Annotated[str, Field(pattern=EVENT_TYPE)]
    occurred_at: str
    source: Annotated[str, Field(pattern=r"^[ -~]{1,100}$")]
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it goes into the queue."""

    event_id: str
    """In lower case, the one form of a UUID that is stored, so that repeats are recognised."""
    line: str


_EVENTS: Final = TypeAdapter(list[Event])
_PROBLEMS: Final[Mapping[str, str]] = {
    "event_id": "is not a UUID of 36 characters",
    "event_type": (
        "is not a name of a lower-case letter and up to 62 lower-case letters, digits, underscores or full stops"
    ),
    "occurred_at": "is not an RFC 3339 time with an offset",
    "source": "is not 1 to 100 printable ASCII characters",
    "payload": "is not an object",
}


def read_events(body: Any, receipt: Receipt, channels: Channels) -> list[StoredEvent]:  # noqa: ANN401 - any JSON value
    """Check the events of a body and make what is stored of them.

    Args:
        body: one event or an array of them, as JSON gives it.
        receipt: how the request arrived.
        channels: whose names no event may have as its source.

    Raises:
        RequestRefusedError: something is wrong; every problem is named, nothing is to be stored.
    """
    posted = cast("list[Any]", body) if isinstance(body, list) else [body]
    if not posted or len(posted) > MAXIMUM_EVENTS:
        raise invalid_body(f"holds {len(posted):,} events; post 1 to {MAXIMUM_EVENTS:,} in one request")
    # The payload's depth, its event and the array.
    check_depth(posted, MAXIMUM_DEPTH + 2)
    problems = list(_value_problems(posted, receipt.received_at, channels))
    stored: list[StoredEvent] = []
    try:
        stored = [_stored(event, receipt) for event in _EVENTS.validate_python(posted)]
    except ValidationError as error:
        problems += _schema_problems(error)
    problems += _size_problems(stored)
    if problems:
        raise invalid(_located(problems, in_array=isinstance(body, list)))
    return stored


def _stored(event: Event, receipt: Receipt) -> StoredEvent:
    members = {**event.__dict__, "event_id": event.event_id.lower()}
    return StoredEvent(members["event_id"], stored_event(members, receipt))


def _schema_problems(error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        yield Problem(_pointer(detail["loc"]), _sentence(detail))


def _sentence(detail: ErrorDetails) -> str:
    _, *members = detail["loc"]
    if not members:
        return "is not an event, because it is not an object"
    if detail["type"] == "missing":
        return "is missing"
    if detail["type"] == "extra_forbidden":
        return "is not a member of an event; put your own members into payload"
    return _PROBLEMS[str(members[0])]


def _value_problems(posted: Sequence[Any], received_at: datetime, channels: Channels) -> Iterator[Problem]:
    """What is said of each event by itself, so that it is said though others are of the wrong shape."""
    first: dict[str, int] = {}
    for place, event in enumerate(posted):
        if not isinstance(event, dict):
            continue
        members = cast("dict[str, Any]", event)
        time, event_id, source = (members.get(name) for name in ("occurred_at", "event_id", "source"))
        if isinstance(time, str) and (problem := _time_problem(time, received_at)):
            yield Problem(f"/{place}/occurred_at", problem)
        if isinstance(event_id, str) and (earlier := first.setdefault(event_id.lower(), place)) != place:
            yield Problem(f"/{place}/event_id", f"is also the id of the event at /{earlier}")
        if isinstance(source, str) and channels.is_callback(source):
            yield Problem(f"/{place}/source", "is the name of a third party, which only its signed callbacks may use")


def _time_problem(text: str, received_at: datetime) -> str | None:
    try:
        time = datetime.fromisoformat(text) if _RFC_3339.fullmatch(text) else None
    except ValueError:
        time = None
    if time is None:
        return _PROBLEMS["occurred_at"]
    if time < _EARLIEST:
        return "is before 1970"
    if time - received_at > _MOST_AHEAD:
        return "is more than 24 hours in the future"
    return None


def _size_problems(stored: Sequence[StoredEvent]) -> Iterator[Problem]:
    for place, event in enumerate(stored):
        # Most lines are far too short to be counted in bytes.
        if len(event.line) * _BYTES_OF_A_CHARACTER <= MAXIMUM_STORED_BYTES:
            continue
        size = len(event.line.encode())
        if size > MAXIMUM_STORED_BYTES:
            yield Problem(
                f"/{place}", f"takes {size:,} bytes when stored; at most {MAXIMUM_STORED_BYTES:,} are accepted"
            )


def _located(problems: Sequence[Problem], *, in_array: bool) -> list[Problem]:
    """The problems in the order of the events; without an array, without the place in it."""
    ordered = sorted(problems, key=lambda each: int(each.pointer.split("/")[1]))
    return ordered if in_array else [Problem(each.pointer.removeprefix("/0"), each.problem) for each in ordered]


def _pointer(location: Sequence[str | int]) -> str:
    return "".join(f"/{escaped(str(part))}" for part in location)
