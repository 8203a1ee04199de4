"""Checksums of collected files, as the ledger keeps them: "{algorithm}:{hexadecimal}".

sha256                    over the whole file: files that go to S3 in one piece
sha256-of-{n}-byte-parts  over the sha256 (32 bytes each) of the file's consecutive parts of n bytes

Parts of a large file are read by several processes, and no sha256 of the whole comes out of theirs. What does is as
strong, anyone who has the file can recompute it, and S3 checks and keeps the very same value with the object, as its
composite checksum (in base64, with the number of parts).
"""

import base64
import hashlib
from collections.abc import Iterable


def of_whole(digest: bytes) -> str:
    """Checksum of a file from its sha256."""
    return f"sha256:{digest.hex()}"


def of_parts(digests: Iterable[bytes], part_bytes: int) -> str:
    """Checksum of a file from the sha256 of its parts, in their order."""
    return f"sha256-of-{part_bytes}-byte-parts:{hashlib.sha256(b''.join(digests)).hexdigest()}"


def as_s3(digest: bytes) -> str:
    """A sha256 as S3 takes it."""
    return base64.b64encode(digest).decode()


def from_s3(text: str) -> bytes:
    """A sha256 as S3 tells it."""
    return base64.b64decode(text)


def composite_for_s3(digests: Iterable[bytes]) -> str:
    """What S3 keeps for an object of these parts."""
    parts = list(digests)
    return f"{as_s3(hashlib.sha256(b''.join(parts)).digest())}-{len(parts)}"
