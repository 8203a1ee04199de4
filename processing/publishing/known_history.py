"""The lake as a merge sees it: without history files whose merge has not begun in the index."""

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
"""Exceptions of polars and pyarrow for a file that cannot be read as declared."""


class KnownHistory:
    """A `processing.storage.store.Store` that hides history files whose merge has not begun.

    Otherwise a merge that looks up keys in all history could put rows of such a file into a table before the index
    records it. If the file were then replaced, nothing would remove these rows.
    """

    def __init__(self, store: Store, publications: Publications) -> None:
        self._store, self._publications = store, publications
        self.without: Collection[InboundObject] = ()
        """Objects without a history file when the merge began. A file written meanwhile is hidden too."""

    @property
    def all(self) -> Store:
        """The lake with all history files."""
        return self._store

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """Yield the history files under a prefix that were merged, or whose merge began, in S3's order."""
        listed = dict(history_files(self._store, [prefix]))
        known = self._publications.of_objects(listed)
        return (each for inbound, each in listed.items() if inbound not in self.without and known[inbound.key].is_begun)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys of the same files."""
        return (listed.key for listed in self.listing(prefix))

    def read(self, key: str) -> bytes:
        """Return an object's content."""
        return self._store.read(key)

    def open(self, key: str) -> OpenObject:
        """Open an object for reading in pieces."""
        return self._store.open(key)

    def metadata(self, key: str) -> Mapping[str, str]:
        """Return an object's metadata."""
        return self._store.metadata(key)

    def write(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a whole object."""
        self._store.write(key, content, content_type, metadata)

    def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a local file as a whole object."""
        self._store.write_file(key, file, content_type, metadata)


def unreadable(store: Store, dataset: Dataset, files: Iterable[str]) -> list[str]:
    """Return the keys of history files that cannot be read with the present declaration. This reads all of them."""
    return [key for key in files if not _is_readable(store.read(key), dataset)]


def _is_readable(content: bytes, dataset: Dataset) -> bool:
    try:
        warehouse_rows([content], dataset).collect()
    except READING:
        return False
    return True
