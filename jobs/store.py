"""The lake as the jobs see it: keys and whole objects. S3 behind it in the jobs, a dictionary in their tests."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Its stubs are installed for development alone.
    from mypy_boto3_s3 import S3Client


class Store(Protocol):
    """What the jobs ask of the lake's bucket."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key under a prefix, in S3's order."""
        ...

    def read(self, key: str) -> bytes:
        """An object's content."""
        ...

    def landed_at(self, key: str) -> datetime:
        """When an object was put, with its time zone."""
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


class S3Store:
    """The lake's bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key under a prefix, in S3's order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", []):
                # The type stubs leave open what S3 always gives.
                yield entry.get("Key", "")

    def read(self, key: str) -> bytes:
        """An object's content."""
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def landed_at(self, key: str) -> datetime:
        """When an object was put, in UTC; S3 keeps whole seconds."""
        return self._client.head_object(Bucket=self._bucket, Key=key)["LastModified"]

    def write(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Put a whole object by a single PutObject."""
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=content, ContentType=content_type, Metadata=dict(metadata)
        )
