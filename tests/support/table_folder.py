"""The local folder of published tables, with a clock that the test sets."""

import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from processing.publishing.table_folder import StoredFile


class LocalTableFolder:
    """The folder `tables` within a folder, in which `published_in` creates them."""

    def __init__(self, folder: Path, *, days_later: float = 0) -> None:
        self._path = folder / "tables"
        self._later = timedelta(days=days_later)
        self.address = f"file://{self._path}"

    def now(self) -> datetime:
        return datetime.now(UTC) + self._later

    def tables(self) -> Iterator[str]:
        return (each.name for each in self._path.iterdir())

    def files(self, table: str) -> Iterator[StoredFile]:
        for file in sorted((self._path / table).rglob("*")):
            if file.is_file():
                status = file.stat()
                yield StoredFile(f"file://{file}", status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def delete(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            Path(address.removeprefix("file://")).unlink()

    def content(self) -> dict[str, int]:
        """Return the sizes of all files, by address."""
        return {file.address: file.size for name in self.tables() for file in self.files(name)}

    def lose(self, address: str) -> None:
        """Delete a file, as nobody should."""
        Path(address.removeprefix("file://")).unlink()

    def move(self, table: str, other: str) -> None:
        """Copy a table's folder."""
        shutil.copytree(self._path / table, self._path / other)

    def age(self, days: float) -> None:
        """Make all files older."""
        for address in self.content():
            path = address.removeprefix("file://")
            written = Path(path).stat().st_mtime - days * 86_400
            os.utime(path, (written, written))
