"""The jobs' interface to the lake, keys and whole objects: S3 in the jobs, a dictionary in their tests."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, NamedTuple, Protocol, Self, TypedDict

from boto3.s3.transfer import TransferConfig

from processing.storage.object_reader import ObjectReader

if TYPE_CHECKING:
    # The stubs are installed only for development.
    from mypy_boto3_s3 import S3Client

MEBIBYTE: Final = 1024 * 1024
# A larger file is sent in parts, which S3 turns into an object only when all have arrived.
_UPLOAD: Final = TransferConfig(
    multipart_threshold=64 * MEBIBYTE, multipart_chunksize=16 * MEBIBYTE, max_concurrency=4, use_threads=True
)


class _Encryption(TypedDict, total=False):
    """The encryption arguments of a put; empty for the bucket's default."""

    ServerSideEncryption: Literal["aws:kms"]
    SSEKMSKeyId: str


class ListedObject(NamedTuple):
    """An object in a listing."""

    key: str
    size: int
    """Size in bytes."""
    etag: str
    """Differs for every other content. Two objects with equal content may have different tags."""


@dataclass(frozen=True, slots=True)
class OpenObject:
    """An object that is being read. Use it in a `with` statement."""

    stream: BinaryIO
    """The content: seekable, read in pieces."""
    size: int
    """Size in bytes."""
    landed_at: datetime
    """Time of the put, with time zone."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """The object's metadata."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()


class Store(Protocol):
    """The operations that the jobs need from the lake's bucket."""

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """Yield every object under a prefix, in S3's order."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key under a prefix, in S3's order."""
        ...

    def read(self, key: str) -> bytes:
        """Return an object's whole content, in memory."""
        ...

    def open(self, key: str) -> OpenObject:
        """Open an object for reading in pieces. The memory needed does not depend on its size."""
        ...

    def metadata(self, key: str) -> Mapping[str, str]:
        """Return an object's metadata."""
        ...

    def write(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a whole object in one step: a reader sees the old object or the new one, never a part.

        Args:
            key: the object's key; an existing object is replaced.
            content: the whole content.
            content_type: its media type.
            metadata: S3 user metadata; names in lower case, values in ASCII.
        """
        ...

    def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a local file as a whole object, like `write`, for content that may exceed the memory."""
        ...


class S3Store:
    """The lake's bucket.

    Args:
        client: a boto3 S3 client.
        bucket: name of the bucket.
        encryption_keys: ARN of the KMS key for objects under each prefix. Other objects use the bucket's key.
    """

    def __init__(self, client: "S3Client", bucket: str, encryption_keys: Mapping[str, str] | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._encryption_keys = encryption_keys or {}

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """Yield every object under a prefix, in S3's order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", []):
                # The stubs leave open whether S3 returns these fields; it always does.
                yield ListedObject(entry.get("Key", ""), entry.get("Size", 0), entry.get("ETag", "").strip('"'))

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key under a prefix, in S3's order."""
        return (listed.key for listed in self.listing(prefix))

    def read(self, key: str) -> bytes:
        """Return an object's content."""
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def open(self, key: str) -> OpenObject:
        """Open an object for reading in pieces. One request returns its first piece and the time of the put."""
        reader = ObjectReader(self._client, self._bucket, key)
        return OpenObject(
            io.BufferedReader(reader, buffer_size=MEBIBYTE),
            reader.size,
            reader.landed_at,
            reader.metadata,
        )

    def metadata(self, key: str) -> Mapping[str, str]:
        """Return an object's user metadata."""
        return self._client.head_object(Bucket=self._bucket, Key=key)["Metadata"]

    def write(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a whole object with a single PutObject."""
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=content,
            ContentType=content_type,
            Metadata=dict(metadata),
            **self._encryption(key),
        )

    def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a local file with a single PutObject, or in parts if it is large. A failed upload leaves no parts."""
        extra = {"ContentType": content_type, "Metadata": dict(metadata), **self._encryption(key)}
        self._client.upload_file(str(file), self._bucket, key, ExtraArgs=extra, Config=_UPLOAD)

    def _encryption(self, key: str) -> "_Encryption":
        for prefix, arn in self._encryption_keys.items():
            if key.startswith(prefix):
                return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
        return {}
