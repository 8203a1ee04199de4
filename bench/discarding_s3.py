"""A stand-in for S3 that accepts the collector's uploads and discards their content.

It replaces the network and the service with something that costs no time, so the benchmark measures reading and
checking only. It does not keep bodies, because they would dominate the measured memory.
"""

import base64
import hashlib
import uuid
from typing import TypedDict, cast

from bench.errors import BenchError


class _Part(TypedDict):
    ChecksumSHA256: str


class NoSuchUploadError(BenchError):
    """S3's exception of the same name; never raised here."""


class _Exceptions:
    NoSuchUpload = NoSuchUploadError


class DiscardingS3:
    """The S3 client calls that the collector makes. Refuses a checksum that does not match the parts."""

    exceptions = _Exceptions

    def put_object(self, **request: object) -> dict[str, str]:
        """Accept an object."""
        return {"ETag": f'"{len(cast("bytes", request["Body"]))}"'}

    def create_multipart_upload(self, **_: object) -> dict[str, str]:
        """Begin an upload."""
        return {"UploadId": uuid.uuid4().hex}

    def upload_part(self, **request: object) -> dict[str, str]:
        """Accept a part."""
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
        """Return a paginator that lists nothing."""
        return self

    def paginate(self, **_: object) -> list[dict[str, list[object]]]:
        """Return one empty page."""
        return [{}]
