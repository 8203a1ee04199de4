"""Bring a file, or a range of it, from the server to the lake with bounded memory. An object is whole, or not there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from functions.errors import CollectorError
from functions.sftp_collector.messages import Landed, PartRange, PartUploaded
from functions.sftp_collector.session import OpenFile, RemoteFile, Session
from lake import checksum
from lake.ledger.ledger import FileVersion
from lake.object_metadata import source_modified

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MEBIBYTE: Final = 2**20
# S3 takes 10,000 parts: up to 80 GB at this size, larger parts beyond.
SMALLEST_PART_BYTES: Final = 8 * MEBIBYTE
MAXIMUM_PARTS: Final = 10_000


class FileChangedError(CollectorError):
    """The file is not, or is no longer, the version that was to be collected."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a file goes."""

    client: S3Client
    bucket: str
    key: str
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    """Metadata of all that the run lands."""

    def metadata_of(self, version: FileVersion) -> dict[str, str]:
        """Metadata of a version's object."""
        return {**self.about, **source_modified(version.modified)}


def put_whole(
    session: Session, version: FileVersion, destination: Destination, still_ours: Callable[[], None]
) -> Landed:
    """Copy one file of no more than a part.

    Args:
        session: an open session with the server.
        version: what it has to be, before and after it is read; not empty.
        destination: where it goes.
        still_ours: called as the transfer goes on and once more before the object appears. It renews the claim, and
            raises if another run took it over.

    Raises:
        FileChangedError: the file is another version than expected, or became one while it was read.
        FileNotFoundError: the file is gone.
        PermissionError: the server does not let the user read it.
        OSError: the server refuses for another reason.
        ConnectionLostError: the connection broke.
        botocore.exceptions.ClientError: S3 refused. Whatever is raised, there is no object.
    """
    with session.open(version.path) as file:
        _check_listed(session, file, version)
        blocks: list[bytes] = []
        for block in file.read(0, version.size):
            blocks.append(block)
            still_ours()
        body = b"".join(blocks)
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
    """Copy a range of a large file into an upload, and yield each part once S3 has it.

    The version is checked before the first and after the last part. What was uploaded in between is only worth
    something if both hold, so the whole is checked again before the upload is completed.

    Raises:
        Exception: as `put_whole` does.
    """
    start = (parts.first - 1) * part_bytes
    size = min(parts.last * part_bytes, version.size) - start
    with session.open(version.path) as file:
        _check_listed(session, file, version)
        arrived = 0
        for number, body in enumerate(_in_parts(file.read(start, size), part_bytes), start=parts.first):
            arrived += len(body)
            if len(body) < part_bytes:
                # The last one of the file, or the file ended early.
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
    """Look once more, by its path, whether the version still stands. Raises as `put_whole` does."""
    found = session.look(version.path)
    if found is None:
        raise FileNotFoundError
    _check_unchanged(found, version)


def _check_listed(session: Session, file: OpenFile, version: FileVersion) -> None:
    """Check that an open file is the version that was listed, however the server lets that be asked."""
    now = file.look()
    if is_same(now, version):
        return
    if is_same(session.look(version.path), version):
        # Some servers say one time by the path and another one of the open file.
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
    """Whether a file still looks as a version does."""
    return found is not None and (found.size, found.modified) == (version.size, version.modified)


def _difference(version: FileVersion, now: RemoteFile) -> str:
    return f"{version.size} bytes of {version.modified} before, {now.size} bytes of {now.modified} now"


def _check_length(arrived: int, expected: int) -> None:
    if arrived != expected:
        raise FileChangedError(
            f"the file changed while it was read: {arrived} of {expected} bytes arrived; the next run tries again"
        )


def _in_parts(blocks: Iterator[bytes], part_bytes: int) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for block in blocks:
        data = block
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
    """Bytes of a part of a file: 8 MiB, or as many whole MiB as keep the number of parts within S3's limit."""
    needed = -(-size // MAXIMUM_PARTS)
    return max(SMALLEST_PART_BYTES, -(-needed // MEBIBYTE) * MEBIBYTE)
