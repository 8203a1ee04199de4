"""Checksums of collected files, as the ledger keeps them: "{algorithm}:{hexadecimal}".

sha256                    over the whole file: files that are uploaded to S3 in one piece
sha256-of-{n}-byte-parts  over the sha256 (32 bytes each) of the file's consecutive parts of n bytes

Several processes read the parts of a large file, so no process can compute the sha256 of the whole. The checksum of
parts is as strong, and anyone who has the file can compute it. S3 checks the same value and keeps it with the object as
the composite checksum (in base64, with the number of parts).
"""

import base64
import hashlib
from collections.abc import Iterable


def of_whole(digest: bytes) -> str:
    """Return the checksum of a file from its sha256."""
    return f"sha256:{digest.hex()}"


def of_parts(digests: Iterable[bytes], part_bytes: int) -> str:
    """Return the checksum of a file from the sha256 of its parts, in their order."""
    return f"sha256-of-{part_bytes}-byte-parts:{hashlib.sha256(b''.join(digests)).hexdigest()}"


def as_s3(digest: bytes) -> str:
    """Return a sha256 in the form that S3 expects."""
    return base64.b64encode(digest).decode()


def from_s3(text: str) -> bytes:
    """Return the sha256 that S3 reports."""
    return base64.b64decode(text)


def composite_for_s3(digests: Iterable[bytes]) -> str:
    """Return the composite checksum that S3 keeps for an object with these parts."""
    parts = list(digests)
    return f"{as_s3(hashlib.sha256(b''.join(parts)).digest())}-{len(parts)}"
