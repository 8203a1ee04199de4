"""Selects the inbound objects that a run of the warehouse job processes."""

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
    """A replay names an object that does not exist."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Objects to process again, whether or not they were processed."""

    objects: Sequence[str] = ()
    """Keys of the objects. If there are none, the days select the objects."""
    first: date | None = None
    """First landing day."""
    last: date | None = None
    """Last landing day."""
    refused_only: bool = False
    """True to select only objects that have rows in the quarantine."""

    def __bool__(self) -> bool:
        return bool(self.objects or self.first or self.last or self.refused_only)

    def names_object_of(self, dataset: str) -> bool:
        """Return true if one of the objects belongs to this dataset."""
        return any(key.startswith(f"{INBOUND}/{dataset}/") for key in self.objects)

    def names_day(self, landed_on: date) -> bool:
        """Return true if the days include this one."""
        return (self.first or date.min) <= landed_on <= (self.last or date.max)


@dataclass(frozen=True, slots=True)
class RecentDays:
    """Finds new objects without listing everything that ever landed.

    It lists the landing days of objects that wait according to the index, and today and yesterday: the index records an
    object a moment after its landing, and misses it if the message was lost. An older object that the index missed is
    found by a run that lists all days.
    """

    index: ObjectIndex
    today: Callable[[], date] = lambda: datetime.now(UTC).date()

    def of(self, dataset: str) -> list[date]:
        """Return the landing days to list for a dataset."""
        today = self.today()
        waiting = {known.inbound.landing_date for known in self.index.waiting(dataset)}
        return sorted({today, today - timedelta(days=1), *waiting})


@dataclass(slots=True)
class Selection:
    """The objects that a run has to process."""

    objects: dict[str, Dataset] = field(default_factory=dict[str, Dataset])
    """The dataset of each object to process, by the object's key."""
    size: int = 0
    """Total size of the objects in bytes."""
    missed: Counter[str] = field(default_factory=Counter[str])
    """For each dataset, how many of the objects a listing of recent days would have missed."""
    misplaced: dict[str, str] = field(default_factory=dict[str, str])
    """Keys that do not follow the lake's layout, so no file can be named after them, each with the reason."""


def select(
    store: Store,
    datasets: Mapping[str, Dataset],
    replay: Replay,
    recent: RecentDays | None = None,
    *,
    everywhere: bool = False,
) -> Selection:
    """Find the objects of some datasets that have no history file, or the objects that a replay names.

    Args:
        store: the lake.
        datasets: the datasets whose objects are selected.
        replay: objects to process again.
        recent: limits the search for objects without a history file to recent days; all days are searched if not given.
        everywhere: search all days, and count the objects that `recent` would have missed.

    Raises:
        NoSuchObjectError: the replay names an object that does not exist or belongs to another dataset.
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
    """Return the keys of the dataset's quarantine files that have rows."""
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
            # The AWS console creates a key that ends in a slash for an empty folder.
            if not listed.key.endswith("/") and (not replay.objects or listed.key in replay.objects):
                yield listed
