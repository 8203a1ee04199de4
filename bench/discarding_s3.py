"""S3 held in memory: takes what the collector puts and keeps nothing of it but what the protocol needs.

It stands for a network and a service that cost this machine nothing, so that what is measured is reading and checking.
The bodies are dropped: kept, they would be the larger part of the memory that is measured.
"""

import base64
import hashlib
import uuid
from typing import TypedDict, cast

from bench.errors import BenchError


class _Part(TypedDict):
    ChecksumSHA256: str


class NoSuchUploadError(BenchError):
    """As S3's; never raised here."""


class _Exceptions:
    NoSuchUpload = NoSuchUploadError


class DiscardingS3:
    """The calls of an S3 client that the collector makes. A checksum that does not fit its parts is refused."""

    exceptions = _Exceptions

    def put_object(self, **request: object) -> dict[str, str]:
        """Take an object."""
        return {"ETag": f'"{len(cast("bytes", request["Body"]))}"'}

    def create_multipart_upload(self, **_: object) -> dict[str, str]:
        """Begin an upload."""
        return {"UploadId": uuid.uuid4().hex}

    def upload_part(self, **request: object) -> dict[str, str]:
        """Take a part."""
        return {"ETag": f'"{len(cast("bytes", request["Body"]))}"'}

    def complete_multipart_upload(self, **request: object) -> dict[str, str]:
        """Check the composite checksum as S3 does."""
        parts = cast("dict[str, list[_Part]]", request["MultipartUpload"])["Parts"]
        digests = b"".join(base64.b64decode(part["ChecksumSHA256"]) for part in parts)
        expected = f"{base64.b64encode(hashlib.sha256(digests).digest()).decode()}-{len(parts)}"
        if expected != request["ChecksumSHA256"]:
            raise ValueError(f"the checksum is not that of the parts, {expected}")
        return {}

    def get_paginator(self, _: str) -> "DiscardingS3":
        """There is nothing to list."""
        return self

    def paginate(self, **_: object) -> list[dict[str, list[object]]]:
        """There is nothing to list."""
        return [{}]
