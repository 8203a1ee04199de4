"""A lake in a local folder, for benchmarks and tests whose processes share it, without AWS."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from processing.storage.store import ListedObject, OpenObject

_OBJECTS: Final = "objects"
_METADATA: Final = "metadata"


class FolderStore:
    """A `processing.storage.store.Store` whose objects are files. An object is replaced in one step, as in S3."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """Yield every object under a prefix in S3's order, which is the order of the keys' bytes."""
        root = self._folder / _OBJECTS
        found = {file.relative_to(root).as_posix(): file for file in root.rglob("*") if file.is_file()}
        for key in sorted(found, key=str.encode):
            if key.startswith(prefix):
                content = found[key].stat()
                yield ListedObject(key, content.st_size, f"{content.st_ino:x}-{content.st_mtime_ns:x}")

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key under a prefix in S3's order."""
        return (listed.key for listed in self.listing(prefix))

    def read(self, key: str) -> bytes:
        """Return an object's content.

        Raises:
            FileNotFoundError: there is no such object.
        """
        return self._file(key).read_bytes()

    def open(self, key: str) -> OpenObject:
        """Open an object for reading in pieces.

        Raises:
            FileNotFoundError: there is no such object.
        """
        file = self._file(key)
        found = file.stat()
        landed_at = datetime.fromtimestamp(found.st_mtime, UTC)
        return OpenObject(file.open("rb"), found.st_size, landed_at, self.metadata(key))

    def metadata(self, key: str) -> Mapping[str, str]:
        """Return an object's metadata; none if a person put the file there."""
        file = self._file(key, _METADATA)
        return json.loads(file.read_text()) if file.exists() else {}

    def write(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a whole object."""
        with tempfile.NamedTemporaryFile(dir=self._folder) as file:
            file.write(content)
            file.flush()
            self.write_file(key, Path(file.name), content_type, metadata)

    def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a local file as a whole object. Do not change the file afterwards: the object may be the same file."""
        del content_type
        for kind in (_OBJECTS, _METADATA):
            self._file(key, kind).parent.mkdir(parents=True, exist_ok=True)
        self._file(key, _METADATA).write_text(json.dumps(dict(metadata)))
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            whole = Path(folder) / file.name
            try:
                whole.hardlink_to(file)
            except OSError:
                # The file is on another file system.
                shutil.copyfile(file, whole)
            whole.replace(self._file(key))

    def _file(self, key: str, kind: str = _OBJECTS) -> Path:
        return self._folder / kind / key
