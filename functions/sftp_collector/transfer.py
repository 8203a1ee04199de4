"""Move one file from the server to the lake with bounded memory. The object is whole, or it is not there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import paramiko
from botocore.exceptions import BotoCoreError, ClientError

from functions.sftp_collector.connection import Session

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

MEBIBYTE: Final = 2**20
# S3 takes 10,000 parts: up to 80 GB at this size, larger parts beyond.
SMALLEST_PART_BYTES: Final = 8 * MEBIBYTE
MAXIMUM_PARTS: Final = 10_000


class FileChangedError(Exception):
    """The file is not, or is no longer, the version that was to be collected."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """What now stands in the lake."""

    bytes: int
    sha256: str
    """Hexadecimal, over the whole file."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a file goes."""

    client: S3Client
    bucket: str
    key: str


def transfer(
    session: Session,
    path: str,
    size: int,
    modified: int,
    destination: Destination,
    still_ours: Callable[[], None] = lambda: None,
) -> Transferred:
    """Copy one file.

    Args:
        session: an open session with the server.
        path: the file's path there.
        size: the size in bytes that it has to have, more than 0, before and after it is read.
        modified: the time of modification that it has to have, before and after.
        destination: where it goes.
        still_ours: called as the transfer goes on and once more before the object appears. It renews the claim, and
            raises if another run took it over.

    Raises:
        FileChangedError: the file is another version than expected, or became one while it was read.
        FileNotFoundError: the file is gone.
        PermissionError: the server does not let the user read it.
        OSError: the server refuses for another reason.
        ConnectionLostError: the connection broke.
        botocore.exceptions.ClientError: S3 refused. Whatever is raised, no object and no upload in parts is left.
    """
    with session.lost_connection_recognised(), session.open(path) as file:
        _check_version(file, size, modified, "is not the file that was listed")
        checked = _Checked(session, file, size, modified)
        if size <= SMALLEST_PART_BYTES:
            body = b"".join(checked.blocks())
            checked.check_whole()
            still_ours()
            destination.client.put_object(Bucket=destination.bucket, Key=destination.key, Body=body)
        else:
            _put_in_parts(checked, destination, still_ours)
        return Transferred(checked.bytes, checked.digest.hexdigest())


class _Checked:
    """Reads a file from front to end, counts and hashes it, and finds out whether it changed meanwhile."""

    def __init__(self, session: Session, file: paramiko.SFTPFile, size: int, modified: int) -> None:
        self._session = session
        self._file = file
        self.size = size
        self._modified = modified
        self.bytes = 0
        self.digest = hashlib.sha256()

    def blocks(self) -> Iterator[bytes]:
        """The content, in blocks. Stops where the file ends, early if it was truncated."""
        for data in self._session.read(self._file, self.size):
            self.bytes += len(data)
            self.digest.update(data)
            yield data

    def check_whole(self) -> None:
        """Raise FileChangedError unless all of the version was read and it still stands there."""
        _check_version(self._file, self.size, self._modified, "changed while it was read")
        if self.bytes != self.size:
            raise FileChangedError(
                f"it changed while it was read: {self.bytes} of {self.size} bytes came; the next run tries again"
            )


def _check_version(file: paramiko.SFTPFile, size: int, modified: int, what: str) -> None:
    now = file.stat()
    if (now.st_size, now.st_mtime) != (size, modified):
        raise FileChangedError(
            f"it {what}: {size} bytes of {modified} then, {now.st_size} bytes of {now.st_mtime} now; "
            "the next run collects the new version"
        )


def _put_in_parts(checked: _Checked, destination: Destination, still_ours: Callable[[], None]) -> None:
    client = destination.client
    upload = client.create_multipart_upload(Bucket=destination.bucket, Key=destination.key)["UploadId"]
    try:
        parts: list[CompletedPartTypeDef] = []
        for number, body in enumerate(_parts(checked), start=1):
            answer = client.upload_part(
                Bucket=destination.bucket, Key=destination.key, UploadId=upload, PartNumber=number, Body=body
            )
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
            still_ours()
        checked.check_whole()
        still_ours()
        client.complete_multipart_upload(
            Bucket=destination.bucket, Key=destination.key, UploadId=upload, MultipartUpload={"Parts": parts}
        )
    except BaseException as error:
        _abort(destination, upload, error)
        raise


def _abort(destination: Destination, upload: str, reason: BaseException) -> None:
    try:
        destination.client.abort_multipart_upload(Bucket=destination.bucket, Key=destination.key, UploadId=upload)
    except (BotoCoreError, ClientError) as error:
        # The first error is the one to tell; the bucket's lifecycle removes what stays.
        reason.add_note(f"the upload in parts {upload} of {destination.key} could not be aborted: {error}")


def _parts(checked: _Checked) -> Iterator[bytes]:
    part_bytes = part_size(checked.size)
    part = bytearray()
    for data in checked.blocks():
        part += data
        while len(part) >= part_bytes:
            yield bytes(part[:part_bytes])
            del part[:part_bytes]
    if part:
        yield bytes(part)


def part_size(size: int) -> int:
    """Bytes of a part of a file: 8 MiB, or as many whole MiB as keep the number of parts within S3's limit."""
    needed = -(-size // MAXIMUM_PARTS)
    return max(SMALLEST_PART_BYTES, -(-needed // MEBIBYTE) * MEBIBYTE)
