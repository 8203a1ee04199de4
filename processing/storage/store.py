"""The lake as the jobs see it: keys and whole objects. S3 behind it in the jobs, a dictionary in their tests."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, NamedTuple, Protocol, Self, TypedDict

from boto3.s3.transfer import TransferConfig

from processing.storage.object_reader import ObjectReader

if TYPE_CHECKING:
    # Its stubs are installed for development alone.
    from mypy_boto3_s3 import S3Client

MEBIBYTE: Final = 1024 * 1024
# Above the threshold a file goes in parts, which S3 makes one object only when all are there.
_UPLOAD: Final = TransferConfig(
    multipart_threshold=64 * MEBIBYTE, multipart_chunksize=16 * MEBIBYTE, max_concurrency=4, use_threads=True
)


class _Encryption(TypedDict, total=False):
    """What a put says of its encryption; nothing of it asks for the bucket's default."""

    ServerSideEncryption: Literal["aws:kms"]
    SSEKMSKeyId: str


class ListedObject(NamedTuple):
    """An object as a listing tells of it."""

    key: str
    size: int
    """Bytes."""
    etag: str
    """Another one for every other content. Two objects of one content may have different ones."""


@dataclass(frozen=True, slots=True)
class OpenObject:
    """An object that is being read. Use it in a `with` statement."""

    stream: BinaryIO
    """Its content: seekable, read in pieces."""
    size: int
    """Bytes."""
    landed_at: datetime
    """When it was put, with its time zone."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """What was written with it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()


class Store(Protocol):
    """What the jobs ask of the lake's bucket."""

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """Every object under a prefix, in S3's order."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key under a prefix, in S3's order."""
        ...

    def read(self, key: str) -> bytes:
        """An object's content, all of it in memory."""
        ...

    def open(self, key: str) -> OpenObject:
        """An object to be read in pieces: what memory it takes does not depend on its size."""
        ...

    def metadata(self, key: str) -> Mapping[str, str]:
        """What was written with an object."""
        ...

    def write(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a whole object in one step: a reader sees the old one or the new one, never a part.

        Args:
            key: where; an object that is there is replaced.
            content: the whole of it.
            content_type: its media type.
            metadata: S3 user metadata; names in lower case, values in ASCII.
        """
        ...

    def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a local file as a whole object: as `write`, for what need not fit into memory."""
        ...


class S3Store:
    """The lake's bucket.

    Args:
        client: a boto3 S3 client.
        bucket: its name.
        encryption_keys: by prefix, the ARN of the KMS key for what is written below it. All else has the bucket's.
    """

    def __init__(self, client: "S3Client", bucket: str, encryption_keys: Mapping[str, str] | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._encryption_keys = encryption_keys or {}

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """Every object under a prefix, in S3's order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", []):
                # The type stubs leave open what S3 always gives.
                yield ListedObject(entry.get("Key", ""), entry.get("Size", 0), entry.get("ETag", "").strip('"'))

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key under a prefix, in S3's order."""
        return (listed.key for listed in self.listing(prefix))

    def read(self, key: str) -> bytes:
        """An object's content."""
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def open(self, key: str) -> OpenObject:
        """An object to be read in pieces; its first piece and when it was put are one request."""
        reader = ObjectReader(self._client, self._bucket, key)
        return OpenObject(
            io.BufferedReader(reader, buffer_size=MEBIBYTE),
            reader.size,
            reader.landed_at,
            reader.metadata,
        )

    def metadata(self, key: str) -> Mapping[str, str]:
        """An object's user metadata."""
        return self._client.head_object(Bucket=self._bucket, Key=key)["Metadata"]

    def write(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a whole object by a single PutObject."""
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=content,
            ContentType=content_type,
            Metadata=dict(metadata),
            **self._encryption(key),
        )

    def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a local file by a single PutObject, or in parts if it is large; what fails leaves no part behind."""
        extra = {"ContentType": content_type, "Metadata": dict(metadata), **self._encryption(key)}
        self._client.upload_file(str(file), self._bucket, key, ExtraArgs=extra, Config=_UPLOAD)

    def _encryption(self, key: str) -> "_Encryption":
        for prefix, arn in self._encryption_keys.items():
            if key.startswith(prefix):
                return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
        return {}
