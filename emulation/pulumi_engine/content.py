"""The bytes of Pulumi's assets and archives."""

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

# The oldest time that a zip can hold. It gives archives of the same files the same bytes.
_ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE: Final = 0o644 << 16


class Content(ABC):
    """Something with bytes that can be uploaded."""

    @abstractmethod
    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            EngineError: The file does not exist or cannot be read.
        """

    def digest(self) -> str:
        """Return the SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.read()).hexdigest()


@dataclass(frozen=True, slots=True)
class FileContent(Content):
    """A file, unchanged."""

    path: Path

    @override
    def read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise EngineError(f"the program's asset {self.path} cannot be read: {error.strerror}") from error


class PackedContent(FileContent):
    """A zip file, unchanged."""


@dataclass(frozen=True, slots=True)
class TextContent(Content):
    """A text, encoded as UTF-8."""

    text: str

    @override
    def read(self) -> bytes:
        return self.text.encode()


@dataclass(frozen=True, slots=True)
class StoredContent(Content):
    """Content that was uploaded earlier. The state keeps only its hash."""

    hash: str

    @override
    def read(self) -> bytes:
        raise EngineError(f"only the hash {self.hash} of this content is stored, not the content")

    @override
    def digest(self) -> str:
        return self.hash


@dataclass(frozen=True, slots=True)
class ZipContent(Content):
    """A zip archive, built from members that are keyed by their path in it."""

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
        # A hash of the members, so that an unchanged archive need not be compressed to recognise it.
        whole = hashlib.sha256()
        for name, member in sorted(self.members.items()):
            whole.update(f"{len(name)}:{name}:{member.digest()}".encode())
        return whole.hexdigest()


def archive_of_path(path: Path) -> Content:
    """Return an archive from an archive file, or from all files of a folder.

    Raises:
        EngineError: Nothing exists at this path.
    """
    if path.is_file():
        return PackedContent(path)
    if path.is_dir():
        return ZipContent({str(file.relative_to(path)): FileContent(file) for file in _files_below(path)})
    raise EngineError(f"the program's archive {path} does not exist")


def archive_of_members(members: Mapping[str, object]) -> Content:
    """Return an archive from assets and nested archives, by path.

    Raises:
        EngineError: A member is a zip file, which this engine does not unpack.
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
