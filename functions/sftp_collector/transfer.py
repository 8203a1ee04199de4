"""Copies a file, or a range of it, from the server to the lake with bounded memory. Never leaves a partial object."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from functions.errors import CollectorError
from functions.sftp_collector.messages import Landed, PartRange, PartUploaded
from functions.sftp_collector.receiving import Pieces
from functions.sftp_collector.session import OpenFile, RemoteFile, Session
from lake import checksum
from lake.ledger.ledger import FileVersion
from lake.object_metadata import source_modified

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MEBIBYTE: Final = 2**20
# S3 accepts 10,000 parts: up to 80 GB at this size; larger files get larger parts.
SMALLEST_PART_BYTES: Final = 8 * MEBIBYTE
MAXIMUM_PARTS: Final = 10_000


class FileChangedError(CollectorError):
    """The file has a different version than the one to collect."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The bucket and key for a file."""

    client: S3Client
    bucket: str
    key: str
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    """Metadata of all objects that the run lands."""

    def metadata_of(self, version: FileVersion) -> dict[str, str]:
        """Return the metadata of a version's object."""
        return {**self.about, **source_modified(version.modified)}


def put_whole(
    session: Session, version: FileVersion, destination: Destination, still_ours: Callable[[], None]
) -> Landed:
    """Copy one file that is at most as large as a part.

    Args:
        session: an open session with the server.
        version: the expected version, before and after the file is read; not empty.
        destination: where the object is stored.
        still_ours: renews the claim, and raises if another run took it over. Called during the transfer, and again
            before the object appears.

    Raises:
        FileChangedError: The file has a different version, or changed while it was read.
        FileNotFoundError: The file no longer exists.
        PermissionError: The server does not let the user read the file.
        OSError: The server refuses for another reason.
        ConnectionLostError: The connection broke.
        botocore.exceptions.ClientError: S3 refused. After any of these errors, the object does not exist.
    """
    with session.open(version.path) as file:
        _check_listed(session, file, version)
        received = Pieces()
        for block in file.read(0, version.size):
            received.add(block)
            still_ours()
        body = bytes(received)
        _check_unchanged(file.look(), version)
    _check_length(len(body), version.size)
    digest = hashlib.sha256(body).digest()
    still_ours()
    destination.client.put_object(
        Bucket=destination.bucket,
        Key=destination.key,
        Body=body,
        ChecksumSHA256=checksum.as_s3(digest),
        Metadata=destination.metadata_of(version),
    )
    return Landed(len(body), checksum.of_whole(digest))


def put_parts(
    session: Session,
    version: FileVersion,
    destination: Destination,
    upload_id: str,
    part_bytes: int,
    parts: PartRange,
) -> Iterator[PartUploaded]:
    """Copy a range of a large file into an upload. Yields each part once S3 has it.

    The version is checked before the first part and after the last one. The parts are valid only if both checks pass,
    so the whole file is checked again before the upload is completed.

    Raises:
        Exception: See `put_whole`.
    """
    start = (parts.first - 1) * part_bytes
    size = min(parts.last * part_bytes, version.size) - start
    with session.open(version.path) as file:
        _check_listed(session, file, version)
        arrived = 0
        for number, body in enumerate(_in_parts(file.read(start, size), part_bytes), start=parts.first):
            arrived += len(body)
            if len(body) < part_bytes:
                # This is the last part of the file, or the file ended early.
                _check_length(arrived, size)
            digest = hashlib.sha256(body).digest()
            answer = destination.client.upload_part(
                Bucket=destination.bucket,
                Key=destination.key,
                UploadId=upload_id,
                PartNumber=number,
                Body=body,
                ChecksumSHA256=checksum.as_s3(digest),
            )
            yield PartUploaded(number, answer["ETag"], digest)
        _check_unchanged(file.look(), version)
        _check_length(arrived, size)


def check_path(session: Session, version: FileVersion) -> None:
    """Check by its path that the version is still there. Raises as `put_whole` does."""
    found = session.look(version.path)
    if found is None:
        raise FileNotFoundError
    _check_unchanged(found, version)


def _check_listed(session: Session, file: OpenFile, version: FileVersion) -> None:
    """Check that an open file is the listed version, in the way that the server allows."""
    now = file.look()
    if is_same(now, version):
        return
    if is_same(session.look(version.path), version):
        # Some servers report one time for the path and another one for the open file.
        session.open_files_can_be_looked_at = False
        return
    raise FileChangedError(
        f"the file is not the one that was listed: {_difference(version, now)}; the next run collects the "
        "version that it lists; if this repeats, ask the server's operator, because the server "
        "contradicts itself"
    )


def _check_unchanged(now: RemoteFile, version: FileVersion) -> None:
    if not is_same(now, version):
        raise FileChangedError(
            f"the file changed while it was read: {_difference(version, now)}; the next run collects the new version"
        )


def is_same(found: RemoteFile | None, version: FileVersion) -> bool:
    """Return True if a file still has the size and time of a version."""
    return found is not None and (found.size, found.modified) == (version.size, version.modified)


def _difference(version: FileVersion, now: RemoteFile) -> str:
    return f"{version.size} bytes of {version.modified} before, {now.size} bytes of {now.modified} now"


def _check_length(arrived: int, expected: int) -> None:
    if arrived != expected:
        raise FileChangedError(
            f"the file changed while it was read: {arrived} of {expected} bytes arrived; the next run tries again"
        )


def _in_parts(blocks: Iterator[Pieces], part_bytes: int) -> Iterator[bytes]:
    held: list[memoryview] = []
    size = 0
    for view in (view for block in blocks for view in block.views):
        data = view
        while size + len(data) >= part_bytes:
            part = b"".join([*held, data[: part_bytes - size]])
            data = data[part_bytes - size :]
            held, size = [], 0
            yield part
        if data:
            held.append(data)
            size += len(data)
    if held:
        yield b"".join(held)


def part_size(size: int) -> int:
    """Return the size of a file's parts: 8 MiB, or as many MiB as keep the number of parts within S3's limit."""
    needed = -(-size // MAXIMUM_PARTS)
    return max(SMALLEST_PART_BYTES, -(-needed // MEBIBYTE) * MEBIBYTE)
