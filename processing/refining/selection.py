"""Which inbound objects a run of the warehouse job is to process."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from lake.keys import (
    INBOUND,
    InvalidKeyError,
    inbound_day_prefix,
    inbound_prefix,
    parse_inbound_key,
    quarantine_prefix,
    warehouse_day_prefix,
    warehouse_prefix,
)
from lake.object_index.index import ObjectIndex
from processing.declaring.dataset import Dataset
from processing.errors import ProcessingError
from processing.storage.store import ListedObject, Store


class NoSuchObjectError(ProcessingError):
    """An object that a replay names is not there."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Objects that are to be processed again, whether they were processed or not."""

    objects: Sequence[str] = ()
    """Their keys; if there are none, the days tell which."""
    first: date | None = None
    """First day of landing."""
    last: date | None = None
    """Last day of landing."""
    refused_only: bool = False
    """Of them those alone that have rows in the quarantine."""

    def __bool__(self) -> bool:
        return bool(self.objects or self.first or self.last or self.refused_only)

    def names_object_of(self, dataset: str) -> bool:
        """Whether one of the objects is of this dataset."""
        return any(key.startswith(f"{INBOUND}/{dataset}/") for key in self.objects)

    def names_day(self, landed_on: date) -> bool:
        """Whether the days take in this one."""
        return (self.first or date.min) <= landed_on <= (self.last or date.max)


@dataclass(frozen=True, slots=True)
class RecentDays:
    """Where to look for new objects without a listing of all that ever landed.

    These are the landing days that have objects which wait by the index, and today and yesterday: the index learns of
    an object a moment after it landed, and would not learn of it if a message was lost. What landed days ago and is not
    in the index is found by a run that looks everywhere.
    """

    index: ObjectIndex
    today: Callable[[], date] = lambda: datetime.now(UTC).date()

    def of(self, dataset: str) -> list[date]:
        """Landing days of a dataset."""
        today = self.today()
        waiting = {known.inbound.landing_date for known in self.index.waiting(dataset)}
        return sorted({today, today - timedelta(days=1), *waiting})


@dataclass(slots=True)
class Selection:
    """What a run finds to do."""

    objects: dict[str, Dataset] = field(default_factory=dict[str, Dataset])
    """The dataset of each object to process, by the object's key."""
    size: int = 0
    """Bytes of them all."""
    missed: Counter[str] = field(default_factory=Counter[str])
    """By dataset, how many of the objects a look at recent days would not have found."""
    misplaced: dict[str, str] = field(default_factory=dict[str, str])
    """Keys that are not of the lake's layout, so that no file can be named after them, each with the reason."""


def select(
    store: Store,
    datasets: Mapping[str, Dataset],
    replay: Replay,
    recent: RecentDays | None = None,
    *,
    everywhere: bool = False,
) -> Selection:
    """Find the objects of some datasets that have no warehouse file, or those that a replay names.

    Args:
        store: the lake.
        datasets: whose objects.
        replay: objects that are to be processed again.
        recent: where to look for objects that have no warehouse file; everywhere if not given.
        everywhere: look everywhere, and count what is not where `recent` says.

    Raises:
        NoSuchObjectError: the replay names an object that is not there, or of none of the datasets.
    """
    selection = Selection()
    missing = set(replay.objects)
    for dataset in datasets.values():
        days = recent.of(dataset.name) if recent is not None and not everywhere and not replay else None
        done = set() if replay else {key for prefix in _warehouse_prefixes(dataset, days) for key in store.keys(prefix)}
        refused = _refused(store, dataset) if replay.refused_only else None
        for listed in _listed(store, dataset, replay, days):
            missing.discard(listed.key)
            try:
                inbound = parse_inbound_key(listed.key)
            except InvalidKeyError as error:
                selection.misplaced[listed.key] = str(error)
                continue
            wanted = inbound.warehouse_key not in done and (refused is None or inbound.quarantine_key in refused)
            if wanted and replay.names_day(inbound.landing_date):
                selection.objects[listed.key] = dataset
                selection.size += listed.size
    if everywhere and recent is not None and not replay:
        selection.missed = _missed(selection, recent)
    if missing:
        example = next(iter(datasets), "{dataset}")
        raise NoSuchObjectError(
            f"no such objects: {', '.join(sorted(missing))}; expected keys such as "
            f"{INBOUND}/{example}/2026/01/31/file.csv, of the datasets {', '.join(datasets)}"
        )
    return selection


def _missed(selection: Selection, recent: RecentDays) -> Counter[str]:
    days = {name: recent.of(name) for name in {dataset.name for dataset in selection.objects.values()}}
    return Counter(
        dataset.name
        for key, dataset in selection.objects.items()
        if parse_inbound_key(key).landing_date not in days[dataset.name]
    )


def _refused(store: Store, dataset: Dataset) -> set[str]:
    """Keys of the dataset's quarantine files that have rows."""
    return {
        key for key in store.keys(quarantine_prefix(dataset.name)) if store.metadata(key)["rows-quarantined"] != "0"
    }


def _warehouse_prefixes(dataset: Dataset, days: Sequence[date] | None) -> list[str]:
    if days is None:
        return [warehouse_prefix(dataset.name)]
    return [warehouse_day_prefix(dataset.name, day) for day in days]


def _listed(store: Store, dataset: Dataset, replay: Replay, days: Sequence[date] | None) -> Iterator[ListedObject]:
    prefix = inbound_prefix(dataset.name)
    starts = [prefix] if days is None else [inbound_day_prefix(dataset.name, day) for day in days]
    if replay.objects:
        starts = [key for key in replay.objects if key.startswith(prefix)]
    for start in starts:
        for listed in store.listing(start):
            # A key that ends in a slash is the console's mark of an empty folder.
            if not listed.key.endswith("/") and (not replay.objects or listed.key in replay.objects):
                yield listed
