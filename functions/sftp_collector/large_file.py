"""One large file on its way into the lake: claims it, assigns its ranges, gathers its parts, completes its upload."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.observability import logger
from functions.sftp_collector.errors import explain, trouble_of
from functions.sftp_collector.messages import PartRange, PartUploaded, ReadParts, Trouble
from functions.sftp_collector.result import CollectedFile
from functions.sftp_collector.transfer import Destination, part_size
from lake import checksum
from lake.ledger.ledger import Claim, FileVersion, Ledger, LedgerError, LostClaimError, Upload

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# Most parts in one range. Ranges become shorter (one part at least) as fewer parts are left, so that all workers finish
# together.
LONGEST_RANGE: Final = 32


class LargeFile:
    """One large file. Workers read its ranges; all other steps are here.

    Args:
        ledger: the ledger that has the claim.
        destination: where the file is stored.
        claim: this run's claim on the file.
        upload: the multipart upload for the parts.
        parts: the parts that are already uploaded.
    """

    def __init__(
        self, ledger: Ledger, destination: Destination, claim: Claim, upload: Upload, parts: Iterable[PartUploaded]
    ) -> None:
        self._ledger = ledger
        self._destination = destination
        self._claim = claim
        self._upload = upload
        self._parts = {part.number: part for part in parts}
        self._count = -(-claim.version.size // upload.part_bytes)
        self._unassigned = _ranges(number for number in range(1, self._count + 1) if number not in self._parts)
        self._under_way: list[PartRange] = []
        self.failure: tuple[Trouble, str] | None = None

    @property
    def version(self) -> FileVersion:
        """The version to collect."""
        return self._claim.version

    @property
    def has_range(self) -> bool:
        """True if a range is not assigned yet."""
        return bool(self._unassigned) and self.failure is None

    @property
    def is_whole(self) -> bool:
        """True if every part is uploaded."""
        return len(self._parts) == self._count

    @property
    def is_idle(self) -> bool:
        """True if no worker is reading one of its ranges."""
        return not self._under_way

    def next_range(self, workers: int) -> ReadParts:
        """Assign the next range."""
        left = sum(parts.last - parts.first + 1 for parts in self._unassigned)
        length = min(LONGEST_RANGE, -(-left // (2 * workers)))
        parts = self._unassigned.pop(0)
        if parts.last - parts.first + 1 > length:
            self._unassigned.insert(0, PartRange(parts.first + length, parts.last))
            parts = PartRange(parts.first, parts.first + length - 1)
        self._under_way.append(parts)
        return ReadParts(self.version, self._claim.object_key, self._upload.id, self._upload.part_bytes, parts)

    def add(self, part: PartUploaded) -> None:
        """Record an uploaded part."""
        self._parts[part.number] = part

    def take_back(self, parts: PartRange) -> None:
        """Record that a worker left a range. Missing parts of the range are assigned again."""
        self._under_way.remove(parts)
        missing = (number for number in range(parts.first, parts.last + 1) if number not in self._parts)
        self._unassigned = [*_ranges(missing), *self._unassigned]

    def renew(self) -> None:
        """Renew the claim. If another run took it over, the file fails here: the parts now belong to that run."""
        try:
            self._claim = self._ledger.renew(self._claim)
        except LedgerError as error:
            self.failure = self.failure or (trouble_of(error), explain(error))
        except (BotoCoreError, ClientError) as error:
            # The lease has not expired yet; it is checked again before the upload is completed.
            logger.warning("claim not renewed", extra={"source": self.version.path, "error": str(error)})

    def complete(self) -> CollectedFile:
        """Complete the upload, which makes the object appear, and record that.

        Raises:
            LostClaimError: Another run took over the claim.
            botocore.exceptions.ClientError: S3 or the ledger refused.
        """
        ordered = [self._parts[number] for number in range(1, self._count + 1)]
        digests = [part.sha256 for part in ordered]
        parts: list[CompletedPartTypeDef] = [
            {"PartNumber": part.number, "ETag": part.etag, "ChecksumSHA256": checksum.as_s3(part.sha256)}
            for part in ordered
        ]
        self._claim = self._ledger.renew(self._claim)
        self._destination.client.complete_multipart_upload(
            Bucket=self._destination.bucket,
            Key=self._destination.key,
            UploadId=self._upload.id,
            MultipartUpload={"Parts": parts},
            ChecksumSHA256=checksum.composite_for_s3(digests),
        )
        whole = checksum.of_parts(digests, self._upload.part_bytes)
        self._ledger.complete(self._claim, transferred=self.version.size, checksum=whole)
        return CollectedFile(self.version.path, self._claim.object_key, self.version.size, whole)

    def record_failure(self) -> None:
        """Record the failure. If the version can no longer be collected, remove its parts."""
        if self.failure is None or self.failure[0] == Trouble.CLAIMED:
            return
        trouble, reason = self.failure
        try:
            if trouble == Trouble.VERSION:
                abort(self._destination, self._upload.id)
                self._claim = self._ledger.record_upload(self._claim, None)
            self._ledger.fail(self._claim, reason)
        except (LedgerError, BotoCoreError, ClientError) as error:
            logger.warning("failure not recorded", extra={"source": self.version.path, "error": str(error)})

    def pause(self) -> None:
        """Release the claim so that the next run can resume immediately."""
        try:
            self._ledger.pause(self._claim)
        except (LedgerError, BotoCoreError, ClientError) as error:
            logger.warning("claim not released", extra={"source": self.version.path, "error": str(error)})


def begin(ledger: Ledger, lake: Destination, claim: Claim) -> LargeFile:
    """Start the upload of a claimed large file, or resume the upload that an earlier run left.

    Args:
        ledger: the ledger that has the claim.
        lake: the S3 client and the lake's bucket; the key comes from the claim.
        claim: the claim on the file.

    Raises:
        LostClaimError: Another run took over the claim.
        botocore.exceptions.ClientError: S3 or the ledger refused; the failure is recorded.
    """
    destination = Destination(lake.client, lake.bucket, claim.object_key, lake.about)
    try:
        parts = _standing_parts(destination, claim)
        if claim.upload is None or parts is None:
            claim, parts = _open_upload(ledger, destination, claim), []
    except (BotoCoreError, ClientError) as error:
        ledger.fail(claim, explain(error))
        raise
    if claim.upload is None:
        raise AssertionError("unreachable: the upload was opened")
    return LargeFile(ledger, destination, claim, claim.upload, parts)


def abort(destination: Destination, upload_id: str) -> None:
    """Abort an upload and remove its parts. Succeeds if the upload no longer exists."""
    try:
        destination.client.abort_multipart_upload(Bucket=destination.bucket, Key=destination.key, UploadId=upload_id)
    except destination.client.exceptions.NoSuchUpload:
        return


def _open_upload(ledger: Ledger, destination: Destination, claim: Claim) -> Claim:
    answer = destination.client.create_multipart_upload(
        Bucket=destination.bucket,
        Key=destination.key,
        ChecksumAlgorithm="SHA256",
        Metadata=destination.metadata_of(claim.version),
    )
    upload = Upload(answer["UploadId"], part_size(claim.version.size))
    try:
        return ledger.record_upload(claim, upload)
    except LostClaimError:
        abort(destination, upload.id)
        raise


def _standing_parts(destination: Destination, claim: Claim) -> list[PartUploaded] | None:
    """Return the parts of the upload that the claim resumes. None if the upload no longer exists."""
    if claim.upload is None:
        return None
    pages = destination.client.get_paginator("list_parts").paginate(
        Bucket=destination.bucket, Key=destination.key, UploadId=claim.upload.id
    )
    try:
        found = [part for page in pages for part in page.get("Parts", [])]
    except destination.client.exceptions.NoSuchUpload:
        return None
    return [
        PartUploaded(number, part.get("ETag", ""), checksum.from_s3(part.get("ChecksumSHA256", "")))
        for part in found
        if (number := part.get("PartNumber", 0)) and part.get("Size") == _length(claim.version, claim.upload, number)
    ]


def _length(version: FileVersion, upload: Upload, number: int) -> int:
    return min(upload.part_bytes, version.size - (number - 1) * upload.part_bytes)


def _ranges(numbers: Iterable[int]) -> list[PartRange]:
    """Return numbers in ascending order as ranges of consecutive ones."""
    ranges: list[PartRange] = []
    for number in numbers:
        if ranges and ranges[-1].last == number - 1:
            ranges[-1] = PartRange(ranges[-1].first, number)
        else:
            ranges.append(PartRange(number, number))
    return ranges
