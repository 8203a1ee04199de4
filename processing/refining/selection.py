"""Which inbound objects a run of the warehouse job is to process."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from lake.keys import INBOUND, InvalidKeyError, inbound_prefix, parse_inbound_key, quarantine_prefix, warehouse_prefix
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


@dataclass(slots=True)
class Selection:
    """What a run finds to do."""

    objects: dict[str, Dataset] = field(default_factory=dict[str, Dataset])
    """The dataset of each object to process, by the object's key."""
    size: int = 0
    """Bytes of them all."""
    misplaced: dict[str, str] = field(default_factory=dict[str, str])
    """Keys that are not of the lake's layout, so that no file can be named after them, each with the reason."""


def select(store: Store, datasets: Mapping[str, Dataset], replay: Replay) -> Selection:
    """Find the objects of some datasets that have no warehouse file, or those that a replay names.

    Raises:
        NoSuchObjectError: the replay names an object that is not there, or of none of the datasets.
    """
    selection = Selection()
    missing = set(replay.objects)
    for dataset in datasets.values():
        done = set(() if replay else store.keys(warehouse_prefix(dataset.name)))
        refused = _refused(store, dataset) if replay.refused_only else None
        for listed in _listed(store, dataset, replay):
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
    if missing:
        example = next(iter(datasets), "{dataset}")
        raise NoSuchObjectError(
            f"no such object to replay: {', '.join(sorted(missing))}; expected keys such as "
            f"{INBOUND}/{example}/2026/01/31/file.csv, of the datasets {', '.join(datasets)}"
        )
    return selection


def _refused(store: Store, dataset: Dataset) -> set[str]:
    """Keys of the dataset's quarantine files that have rows."""
    return {
        key for key in store.keys(quarantine_prefix(dataset.name)) if store.metadata(key)["rows-quarantined"] != "0"
    }


def _listed(store: Store, dataset: Dataset, replay: Replay) -> Iterator[ListedObject]:
    prefix = inbound_prefix(dataset.name)
    for start in [key for key in replay.objects if key.startswith(prefix)] or ([] if replay.objects else [prefix]):
        for listed in store.listing(start):
            # A key that ends in a slash is the console's mark of an empty folder.
            if not listed.key.endswith("/") and (not replay.objects or listed.key in replay.objects):
                yield listed
