"""Creates many objects that only the object index knows: its recorder writes them, with S3's answers in memory."""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from botocore.exceptions import ClientError

from lake.keys import InboundObject, inbound_object
from lake.object_index.recorder import Recorder
from lake.warehouse_metadata import WarehouseMetadata
from ops.stack.target import Target

RULE = "member_id|type"
OBJECTS_A_DAY = 100
_BYTES = 1_000
_SECONDS_A_DAY = 86_400


class GeneratedLake:
    """Answers a recorder's requests about generated objects as S3 does."""

    def __init__(self) -> None:
        self._heads: dict[str, dict[str, Any]] = {}

    def add(self, inbound: InboundObject, *, refused: bool, run: str) -> None:
        """Add an object, and the history file that a run made of its ten rows."""
        midnight = datetime.combine(inbound.landing_date, time(), UTC)
        counts = {"rows_in": 10, "rows_warehouse": 9 if refused else 10, "rows_quarantined": int(refused)}
        told = WarehouseMetadata(run=run, rows_duplicate=0, by_rule={RULE: 1} if refused else {}, **counts)
        for key, metadata in ((inbound.key, {}), (inbound.warehouse_key, told.encoded())):
            self._heads[key] = {
                "ETag": f'"{len(self._heads):032x}"',
                "ContentLength": _BYTES,
                "LastModified": midnight + timedelta(seconds=len(self._heads) % _SECONDS_A_DAY),
                "Metadata": metadata,
            }

    def head_object(self, *, Key: str, **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if Key not in self._heads:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        return self._heads[Key]


def index_objects(
    recorder_on: Callable[[GeneratedLake], Recorder], dataset: str, count: int, newest_day: date, run: str = "jr_1"
) -> Sequence[InboundObject]:
    """Record so many objects of a dataset, a hundred a day; every second one has a refused row.

    Args:
        recorder_on: creates the recorder of a lake.
        dataset: name of the dataset.
        count: number of objects. The same call with a greater number adds the missing ones.
        newest_day: landing day of the first hundred.
        run: the run that processed them.
    """
    lake = GeneratedLake()
    made = [
        inbound_object(dataset, newest_day - timedelta(days=number // OBJECTS_A_DAY), f"made-{number:06d}.parquet")
        for number in range(count)
    ]
    for number, inbound in enumerate(made):
        lake.add(inbound, refused=number % 2 == 0, run=run)
    recorded = recorder_on(lake).record(made)
    assert not recorded.failed, recorded.failed
    return made


@contextmanager
def count_requests(target: Target) -> Generator[tuple[Target, Counter[str]]]:
    """Return the stack with its own clients, and count their requests by name, such as "s3 HeadObject"."""
    counted: Counter[str] = Counter()

    def count(model: Any, **_: object) -> None:
        counted[f"{model.service_model.service_name} {model.name}"] += 1

    events = target.session.events
    events.register("before-call", count)
    try:
        # A client only has the handlers that its session had when the client was created.
        yield replace(target), counted
    finally:
        events.unregister("before-call", count)
