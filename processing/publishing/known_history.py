"""The lake as a merge sees it: only history files of which the index says that their merge began."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from lake.keys import InboundObject
from lake.object_index.publications import Publications
from processing.declaring.dataset import Dataset
from processing.publishing.pending import history_files
from processing.storage.store import ListedObject, OpenObject, Store
from processing.storage.views import warehouse_rows

READING: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OSError)
"""What is raised of a file that cannot be read as it is declared, by polars or by pyarrow."""


class KnownHistory:
    """A `processing.storage.store.Store` without the history files whose merge did not begin yet.

    A merge that looks some keys up in all of history would otherwise bring rows of such a file into a table before the
    index has a word of it. If the file was then replaced, nothing would give these rows up.
    """

    def __init__(self, store: Store, publications: Publications) -> None:
        self._store, self._publications = store, publications
        self.without: Collection[InboundObject] = ()
        """Objects without a history file when the merge began. One that is written meanwhile is not read either."""

    @property
    def all(self) -> Store:
        """The lake with all history files."""
        return self._store

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """The history files under a prefix that were merged, or whose merge began, in S3's order."""
        listed = dict(history_files(self._store, [prefix]))
        known = self._publications.of_objects(listed)
        return (each for inbound, each in listed.items() if inbound not in self.without and known[inbound.key].is_begun)

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys of the same files."""
        return (listed.key for listed in self.listing(prefix))

    def read(self, key: str) -> bytes:
        """An object's content."""
        return self._store.read(key)

    def open(self, key: str) -> OpenObject:
        """An object to be read in pieces."""
        return self._store.open(key)

    def metadata(self, key: str) -> Mapping[str, str]:
        """What was written with an object."""
        return self._store.metadata(key)

    def write(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a whole object."""
        self._store.write(key, content, content_type, metadata)

    def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a local file as a whole object."""
        self._store.write_file(key, file, content_type, metadata)


def unreadable(store: Store, dataset: Dataset, files: Iterable[str]) -> list[str]:
    """Keys of those history files that cannot be read as the dataset is declared now. Reads them all."""
    return [key for key in files if not _is_readable(store.read(key), dataset)]


def _is_readable(content: bytes, dataset: Dataset) -> bool:
    try:
        warehouse_rows([content], dataset).collect()
    except READING:
        return False
    return True
