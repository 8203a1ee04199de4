"""The files that the SFTP benchmark reads, and the checksums that the collector must report for them."""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 10**6
PART_BYTES = 8 * 2**20
# The collector does not collect files that were just written.
OLD_SECONDS = 60


@dataclass(frozen=True)
class Workload:
    """Files of one directory."""

    name: str
    folder: Path
    count: int
    bytes: int
    """Bytes of each file."""
    target: float
    """Required multiple of the speed of OpenSSH's sftp."""
    paramiko_target: float
    """Required multiple of the speed of paramiko's get."""

    @property
    def files(self) -> list[Path]:
        """Paths of the files."""
        return [self.folder / f"{number:04d}.csv" for number in range(self.count)]

    @property
    def megabytes(self) -> float:
        """Size of all files together."""
        return self.count * self.bytes / MEGABYTE

    def written(self) -> "Workload":
        """Return this workload after writing its files with random bytes, unless they exist."""
        if self.folder.exists():
            return self
        self.folder.mkdir(parents=True)
        for file in self.files:
            with file.open("wb") as opened:
                for start in range(0, self.bytes, 50 * MEGABYTE):
                    opened.write(os.urandom(min(50 * MEGABYTE, self.bytes - start)))
            make_old(file)
        return self


_CHECKSUMS: dict[Path, dict[str, str]] = {}


def checksums(work: Workload) -> dict[str, str]:
    """Return the checksum that the collector must report for each file."""
    if work.folder not in _CHECKSUMS:
        _CHECKSUMS[work.folder] = {str(file): _checksum(file) for file in work.files}
    return _CHECKSUMS[work.folder]


def _checksum(file: Path) -> str:
    with file.open("rb") as opened:
        digests = [hashlib.sha256(part).digest() for part in iter(lambda: opened.read(PART_BYTES), b"")]
    if len(digests) == 1:
        return f"sha256:{digests[0].hex()}"
    return f"sha256-of-{PART_BYTES}-byte-parts:{hashlib.sha256(b''.join(digests)).hexdigest()}"


def make_old(file: Path) -> None:
    """Set a file's modification time so that the collector accepts it."""
    written = time.time() - OLD_SECONDS
    os.utime(file, (written, written))
