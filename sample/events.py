"""Events like those of a shop's website and a payment provider: mostly valid, some repeated, some invalid."""

import json
import random
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple

from processing.declaring.dataset import Dataset
from processing.readers import open_records

PAYMENT: Final = "payment"
VISIT: Final = "visit"
SEED: Final = 2026
PROVIDER: Final = "website"
"""Provider that posts with the first API key of Pulumi.local.yaml."""
CALLBACK: Final = "payments"
"""Third party of Pulumi.local.yaml."""
REQUEST_EVENTS: Final = 100

EVENTS: Final = 2_000
MINIMUM_EVENTS: Final = 100
# Percentages of the valid events that are posted with the key. All except the payments are additional.
_PAYMENTS: Final = 60
_POSTED_AGAIN: Final = 10
_REFUSED_BY_RULES: Final = 3
_CALLBACKS: Final = 2
_CALLED_BACK_AGAIN: Final = 2
"""Number of callbacks that are sent a second time."""
_KNOWN_VEHICLES: Final = 1_000
_PLATE: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z]{3}")
# For a file without a clean row: a plate that no vehicle has, so revenue counts for an unknown model.
_NOBODYS: Final = ("1", "AB12CDE")
_FIRST_DAY: Final = datetime(2026, 3, 1, tzinfo=UTC)
_DAYS: Final = 7
_PAGES: Final = ("/", "/offers", "/offers/used", "/test-drives", "/service", "/contact")
# Ids depend only on the content, so generating a sample again gives the same events.
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://data-platform/sample-events")
_REFUSED_ID: Final = str(uuid.uuid5(_NAMESPACE, "refused"))

Event = Mapping[str, Any]


class Vehicle(NamedTuple):
    """Vehicle and owner that a payment or a visit refers to."""

    customer_id: str
    registration_plate: str


class Post(NamedTuple):
    """A request to /events, and the status that the API must answer."""

    body: bytes
    status: HTTPStatus = HTTPStatus.ACCEPTED
    media_type: str = "application/json"
    with_key: bool = True
    events: int = 1


class Callback(NamedTuple):
    """A request to /callbacks/{provider}. The provider signs it when it is sent."""

    payload: Event
    times: int = 1
    """Number of times it is sent, each with a new signature."""


@dataclass(frozen=True, slots=True)
class SampleEvents:
    """All requests of a sample, and the expected result for their events."""

    posts: Sequence[Post]
    callbacks: Sequence[Callback]
    sound: Sequence[Event]
    """Posted events that the published view must show, each once."""
    refused: Mapping[str, str]
    """Rule that each quarantined event breaks, by event id."""
    never_stored: Sequence[str]
    """Ids in requests that the API must refuse as a whole."""


def known_vehicles(file: Path, dataset: Dataset) -> list[Vehicle]:
    """Return the first clean vehicles of a file; the warehouse has the models of their plates.

    Args:
        file: file in any format that a reader accepts.
        dataset: dataset of vehicles.
    """
    found: list[Vehicle] = []
    with file.open("rb") as content:
        for batch in open_records(file.name, content, dataset).batches:
            rows = batch.frame.select("customer_id", "registration_plate").drop_nulls().iter_rows()
            found += [Vehicle(*row) for row in rows if row[0].isdecimal() and _PLATE.fullmatch(row[1])]
            if len(found) >= _KNOWN_VEHICLES:
                break
    return found[:_KNOWN_VEHICLES] or [Vehicle(*_NOBODYS)]


def make_events(vehicles: Sequence[Vehicle], events: int = EVENTS, seed: int = SEED) -> SampleEvents:
    """Return a sample, the same for the same vehicles, number and seed.

    Args:
        vehicles: vehicles that the payments and visits refer to.
        events: number of valid events posted with the key, at least MINIMUM_EVENTS.
        seed: seed of the random numbers; another seed gives other events.
    """
    source = random.Random(seed)  # noqa: S311 - sample data, the same for the same seed
    count = events * _PAYMENTS // 100
    payments = [_event(source, PAYMENT, _payment(source, vehicles)) for _ in range(count)]
    visits = [_event(source, VISIT, _visit(source, vehicles)) for _ in range(events - count)]
    broken = list(_broken(source, vehicles, events * _REFUSED_BY_RULES // 100))
    sound = [*payments, *visits]
    posted = [*sound, *(event for event, _ in broken)]
    source.shuffle(posted)
    again = source.sample(posted, events * _POSTED_AGAIN // 100)
    paid = [_payment(source, vehicles) for _ in range(events * _CALLBACKS // 100)]
    callbacks = [
        Callback({"id": f"pay_{_identity(payment)}", "type": PAYMENT, **payment}, 2 if n < _CALLED_BACK_AGAIN else 1)
        for n, payment in enumerate(paid)
    ]
    return SampleEvents(
        posts=[*_requests(posted), *_requests(again), *_refused_posts(sound[0])],
        never_stored=[_REFUSED_ID],
        callbacks=callbacks,
        sound=sound,
        refused={event["event_id"]: rule for event, rule in broken},
    )


def _event(source: random.Random, event_type: str, payload: Event) -> Event:
    happened = _FIRST_DAY + timedelta(milliseconds=source.randrange(_DAYS * 24 * 3600 * 1000))
    event = {
        "event_type": event_type,
        "occurred_at": happened.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "source": PROVIDER,
        "payload": payload,
    }
    return {"event_id": _identity(event), **event}


def _identity(content: Event) -> str:
    return str(uuid.uuid5(_NAMESPACE, json.dumps(content)))


def _payment(source: random.Random, vehicles: Sequence[Vehicle]) -> dict[str, Any]:
    amount = source.randrange(1_000, 100_000)
    return {
        "amount": f"{amount // 100}.{amount % 100:02}",
        "currency": "GBP",
        "registration_plate": source.choice(vehicles).registration_plate,
    }


def _visit(source: random.Random, vehicles: Sequence[Vehicle]) -> dict[str, Any]:
    return {"customer_id": int(source.choice(vehicles).customer_id), "page": source.choice(_PAGES)}


def _broken(source: random.Random, vehicles: Sequence[Vehicle], count: int) -> Iterator[tuple[Event, str]]:
    """Yield events that the receiver accepts, because it does not check kinds, each with the rule that it breaks."""
    for number in range(count):
        payment = _payment(source, vehicles)
        match number % 3:
            case 0:
                yield _event(source, "refund", payment), "event_type_is_known"
            case 1:
                yield _event(source, PAYMENT, {**payment, "amount": "-5.00"}), "amount|min_exclusive"
            case _:
                del payment["registration_plate"]
                yield _event(source, PAYMENT, payment), "a_payment_says_amount_currency_and_plate"


def _requests(events: Sequence[Event]) -> list[Post]:
    requests = [events[start : start + REQUEST_EVENTS] for start in range(0, len(events), REQUEST_EVENTS)]
    return [Post(json.dumps(each).encode(), events=len(each)) for each in requests]


def _refused_posts(sound: Event) -> list[Post]:
    """Return requests of which nothing may be stored. A stored event would be an extra row in the published view."""
    other = {**sound, "event_id": _REFUSED_ID}
    whole = json.dumps(other).encode()
    bodies = [
        whole[:-1],
        b"",
        json.dumps({name: value for name, value in other.items() if name != "occurred_at"}).encode(),
        json.dumps({**other, "occurred_at": "1969-12-31T23:59:59Z"}).encode(),
        json.dumps({**other, "source": CALLBACK}).encode(),
        json.dumps([other, other]).encode(),
        json.dumps([other, {**sound, "event_id": "17"}]).encode(),
    ]
    return [
        *(Post(body, HTTPStatus.BAD_REQUEST) for body in bodies),
        Post(whole, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, media_type="text/plain"),
        Post(whole, HTTPStatus.FORBIDDEN, with_key=False),
    ]
