"""S3 held in memory: takes what the collector puts and keeps nothing of it but what the protocol needs.

It stands for a network and a service that cost this machine nothing, so that what is measured is reading and checking.
The bodies are dropped: kept, they would be the larger part of the memory that is measured.
"""

import base64
import hashlib
import uuid
from typing import Any


class DiscardingS3:
    """The calls of an S3 client that the collector makes. A checksum that does not fit its parts is refused."""

    class exceptions:  # noqa: N801  # as boto3 names it
        """Errors that the collector catches."""

        class NoSuchUpload(Exception):  # noqa: N818  # as boto3 names it
            """Never raised here."""

    def put_object(self, *, Body: bytes, ChecksumSHA256: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Take an object."""
        return {"ETag": f'"{len(Body)}"', "ChecksumSHA256": ChecksumSHA256}

    def create_multipart_upload(self, **_: Any) -> dict[str, Any]:
        """Begin an upload."""
        return {"UploadId": uuid.uuid4().hex}

    def upload_part(self, *, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Take a part."""
        return {"ETag": f'"{len(Body)}"'}

    def complete_multipart_upload(
        self, *, MultipartUpload: dict[str, Any], ChecksumSHA256: str, **_: Any  # noqa: N803
    ) -> dict[str, Any]:
        """Check the composite checksum as S3 does."""
        parts = MultipartUpload["Parts"]
        digests = b"".join(base64.b64decode(part["ChecksumSHA256"]) for part in parts)
        expected = f"{base64.b64encode(hashlib.sha256(digests).digest()).decode()}-{len(parts)}"
        if expected != ChecksumSHA256:
            raise ValueError(f"checksum {ChecksumSHA256} is not that of the parts, {expected}")
        return {}

    def get_paginator(self, _: str) -> "DiscardingS3":
        """There is nothing to list."""
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        """There is nothing to list."""
        return [{}]
