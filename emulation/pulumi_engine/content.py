"""The bytes behind Pulumi's assets and archives."""

import hashlib
import io
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from typing_extensions import override

from emulation.pulumi_engine.errors import EngineError

# The oldest time a zip can hold: two archives of the same files are then the same bytes.
_ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE: Final = 0o644 << 16


class Content(ABC):
    """Something with bytes that may be uploaded."""

    @abstractmethod
    def read(self) -> bytes:
        """Its bytes.

        Raises:
            EngineError: the file is not there or cannot be read.
        """

    def digest(self) -> str:
        """SHA-256 of its bytes, in hexadecimal."""
        return hashlib.sha256(self.read()).hexdigest()


@dataclass(frozen=True, slots=True)
class FileContent(Content):
    """A file, as it is."""

    path: Path

    @override
    def read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise EngineError(f"the program's asset {self.path} cannot be read: {error.strerror}") from error


class PackedContent(FileContent):
    """A zip file, as it is."""


@dataclass(frozen=True, slots=True)
class TextContent(Content):
    """A text, as UTF-8."""

    text: str

    @override
    def read(self) -> bytes:
        return self.text.encode()


@dataclass(frozen=True, slots=True)
class StoredContent(Content):
    """What was uploaded once: a state keeps its hash only."""

    hash: str

    @override
    def read(self) -> bytes:
        raise EngineError(f"only the hash {self.hash} of this content is stored, not the content")

    @override
    def digest(self) -> str:
        return self.hash


@dataclass(frozen=True, slots=True)
class ZipContent(Content):
    """A zip archive made of its members, which are keyed by their path in it."""

    members: Mapping[str, Content]

    @override
    def read(self) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, member in sorted(self.members.items()):
                entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
                entry.external_attr = _READABLE_FILE
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, member.read())
        return buffer.getvalue()

    @override
    def digest(self) -> str:
        # Of the members, so that an unchanged archive need not be compressed to be known as unchanged.
        whole = hashlib.sha256()
        for name, member in sorted(self.members.items()):
            whole.update(f"{len(name)}:{name}:{member.digest()}".encode())
        return whole.hexdigest()


def archive_of_path(path: Path) -> Content:
    """An archive that is a file already, or all files of a folder.

    Raises:
        EngineError: there is nothing at this path.
    """
    if path.is_file():
        return PackedContent(path)
    if path.is_dir():
        return ZipContent({str(file.relative_to(path)): FileContent(file) for file in _files_below(path)})
    raise EngineError(f"the program's archive {path} does not exist")


def archive_of_members(members: Mapping[str, object]) -> Content:
    """An archive of assets and nested archives by their path.

    Raises:
        EngineError: a member is a zip file, which this engine does not unpack.
    """
    flat: dict[str, Content] = {}
    for name, member in members.items():
        if isinstance(member, ZipContent):
            flat |= {f"{name}/{inner}": content for inner, content in member.members.items()}
        elif isinstance(member, PackedContent):
            raise EngineError(
                f"the archive member {name!r} is itself the archive {member.path}; give its folder instead"
            )
        elif isinstance(member, Content):
            flat[name] = member
    return ZipContent(flat)


def _files_below(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file
