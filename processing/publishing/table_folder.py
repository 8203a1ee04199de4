"""The files under the published tables' prefix, for maintenance."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from lake.keys import TABLES
from processing.errors import ProcessingError

if TYPE_CHECKING:
    # The stubs are installed only for development.
    from mypy_boto3_s3 import S3Client

# docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_MOST_AT_ONCE: Final = 1000


class UndeletedError(ProcessingError):
    """S3 did not delete some files; the message names the first. The others were deleted."""


class StoredFile(NamedTuple):
    """A file in a table's folder, whether or not the table references it."""

    address: str
    """Address in the form of the table's metadata."""
    size: int
    """Size in bytes."""
    written_at: datetime
    """Time by the store's clock, with time zone."""


class TableFolder(Protocol):
    """The folder that contains the published tables' folders."""

    address: str
    """Address without a slash at its end."""

    def now(self) -> datetime:
        """Return the time by the store's clock, with time zone."""
        ...

    def tables(self) -> Iterator[str]:
        """Return the names of its folders."""
        ...

    def files(self, table: str) -> Iterator[StoredFile]:
        """Yield all files in a table's folder."""
        ...

    def delete(self, addresses: Iterable[str]) -> None:
        """Delete files of the folder.

        Raises:
            UndeletedError: some files still exist.
        """
        ...


class S3TableFolder:
    """The prefix `tables/` of the lake's bucket. It sends no request for anything outside that prefix.

    Args:
        client: a boto3 S3 client.
        bucket: name of the bucket.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket
        self.address = f"s3://{bucket}/{TABLES}"

    def now(self) -> datetime:
        """Return the time of an answer of S3."""
        answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=f"{TABLES}/", MaxKeys=1)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def tables(self) -> Iterator[str]:
        """Return the names of the folders directly below the prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{TABLES}/", Delimiter="/"
        )
        for page in pages:
            for entry in page.get("CommonPrefixes", []):
                yield entry.get("Prefix", "").removeprefix(f"{TABLES}/").removesuffix("/")

    def files(self, table: str) -> Iterator[StoredFile]:
        """Yield all files in a table's folder."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{TABLES}/{table}/")
        for page in pages:
            for entry in page.get("Contents", []):
                # The stubs leave open whether S3 returns these fields; it always does.
                if "Key" in entry and "LastModified" in entry:
                    yield StoredFile(f"s3://{self._bucket}/{entry['Key']}", entry.get("Size", 0), entry["LastModified"])

    def delete(self, addresses: Iterable[str]) -> None:
        """Delete files. A bucket with versions keeps each as a noncurrent version for a while.

        Raises:
            UndeletedError: S3 refused some.
        """
        every = [address.removeprefix(f"s3://{self._bucket}/") for address in addresses]
        for start in range(0, len(every), _MOST_AT_ONCE):
            keys = every[start : start + _MOST_AT_ONCE]
            if outside := [key for key in keys if not key.startswith(f"{TABLES}/")]:
                raise UndeletedError(
                    f"{outside[0]} is outside of {self.address}; none of the {len(keys)} files was deleted; report this"
                )
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
            if errors := answer.get("Errors", []):
                first = errors[0]
                raise UndeletedError(
                    f"{len(errors)} of {len(keys)} files were not deleted; the first is {first.get('Key')}: "
                    f"{first.get('Code')}: {first.get('Message')}; the next run tries again"
                )
