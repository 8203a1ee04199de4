"""A lake in a dictionary, for the jobs' tests and for trying a declaration on a file without AWS."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from processing.storage.store import ListedObject, OpenObject

SOME_INSTANT: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Default time of a put. It is constant, so equal runs give equal objects."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A stored object."""

    content: bytes
    content_type: str = "binary/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    landed_at: datetime = SOME_INSTANT


class MemoryStore:
    """A `processing.storage.store.Store` that records the order of writing."""

    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.written: list[str] = []
        """Keys in the order in which the jobs wrote them."""

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """Yield every object under a prefix in S3's order, which is the order of the keys' bytes."""
        found = sorted((key for key in self.objects if key.startswith(prefix)), key=str.encode)
        return (self._listed(key) for key in found)

    def _listed(self, key: str) -> ListedObject:
        content = self.objects[key].content
        return ListedObject(key, len(content), hashlib.md5(content, usedforsecurity=False).hexdigest())

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key under a prefix in S3's order."""
        return (listed.key for listed in self.listing(prefix))

    def read(self, key: str) -> bytes:
        """Return an object's content.

        Raises:
            KeyError: there is no such object.
        """
        return self.objects[key].content

    def open(self, key: str) -> OpenObject:
        """Open an object for reading in pieces.

        Raises:
            KeyError: there is no such object.
        """
        stored = self.objects[key]
        return OpenObject(io.BytesIO(stored.content), len(stored.content), stored.landed_at, stored.metadata)

    def metadata(self, key: str) -> Mapping[str, str]:
        """Return an object's metadata.

        Raises:
            KeyError: there is no such object.
        """
        return self.objects[key].metadata

    def write(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a whole object."""
        self.objects[key] = StoredObject(content, content_type, dict(metadata))
        self.written.append(key)

    def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a local file as a whole object."""
        self.write(key, file.read_bytes(), content_type, metadata)
