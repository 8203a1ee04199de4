"""An S3 object as a seekable binary stream, read in ranges so that memory does not grow with the object."""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from lake.threads import Pending, one_thread
from processing.errors import ProcessingError

if TYPE_CHECKING:
    # The stubs are installed only for development.
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

PART_BYTES: Final = 8 * 1024 * 1024
ATTEMPTS: Final = 4


class ObjectChangedError(ProcessingError):
    """The object was replaced while it was read. Reading it again returns the new one."""


class ObjectReader(io.RawIOBase):
    """One version of an object, identified by its entity tag from the first request.

    botocore repeats a failed request, but not the reading of its answer. This class repeats it, range by range.
    """

    def __init__(self, client: "S3Client", bucket: str, key: str) -> None:
        self._client = client
        self._bucket, self._key = bucket, key
        self._ahead = one_thread("read-ahead")
        self._next: tuple[int, Pending[bytes]] | None = None
        self._position = 0
        self._number = 0
        self.size = 0
        """Size of the object in bytes."""
        self.landed_at: datetime
        """Time of the put, UTC. S3 keeps whole seconds."""
        self.metadata: Mapping[str, str]
        """The object's metadata."""
        self._entity_tag: str
        self._part = self._first_part()

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true: any range can be requested."""
        return True

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to an offset. This sends no request."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer, as io has it
        """Read up to the end of the present range.

        Raises:
            ObjectChangedError: the object was replaced after it was opened.
        """
        if self._position >= self.size:
            return 0
        number, offset = divmod(self._position, PART_BYTES)
        self._go_to(number)
        view = memoryview(buffer).cast("B")
        taken = self._part[offset : offset + len(view)]
        view[: len(taken)] = taken
        self._position += len(taken)
        return len(taken)

    def close(self) -> None:
        """Stop reading ahead."""
        self._ahead.shutdown(wait=True, cancel_futures=True)
        super().close()

    def __enter__(self) -> Self:
        return self

    def _go_to(self, number: int) -> None:
        if number == self._number:
            return
        if self._next is not None and self._next[0] == number:
            self._part = self._next[1].result()
        else:
            self._part = self._request_part(number)
        self._number = number
        self._read_ahead()

    def _read_ahead(self) -> None:
        following = self._number + 1
        if following * PART_BYTES < self.size:
            self._next = following, self._ahead.submit(self._request_part, following)

    def _first_part(self) -> bytes:
        try:
            answer, part = self._answered(
                lambda: self._client.get_object(Bucket=self._bucket, Key=self._key, Range=_range(0))
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "InvalidRange":
                raise
            # An empty object has no ranges.
            answer, part = self._client.head_object(Bucket=self._bucket, Key=self._key), b""
        self.size = int(answer["ContentRange"].rpartition("/")[2]) if "ContentRange" in answer else len(part)
        self.landed_at, self._entity_tag = answer["LastModified"], answer["ETag"]
        self.metadata = answer["Metadata"]
        if self.size > PART_BYTES:
            self._next = 1, self._ahead.submit(self._request_part, 1)
        return part

    def _request_part(self, number: int) -> bytes:
        try:
            _, part = self._answered(
                lambda: self._client.get_object(
                    Bucket=self._bucket, Key=self._key, Range=_range(number), IfMatch=self._entity_tag
                )
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "PreconditionFailed":
                raise
            raise ObjectChangedError(
                f"{self._key} was replaced while it was read; the next run reads the new object"
            ) from error
        return part

    @staticmethod
    def _answered(request: Callable[[], Any]) -> tuple[Any, bytes]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = request()
                return answer, answer["Body"].read()
            except (HTTPClientError, IncompleteReadError):
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError  # pragma: no cover - the last attempt returns or raises


def _range(number: int) -> str:
    start = number * PART_BYTES
    return f"bytes={start}-{start + PART_BYTES - 1}"
