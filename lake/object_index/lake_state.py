"""What the lake has of one object: the raw object, and its warehouse file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from lake.errors import LakeError
from lake.keys import InboundObject
from lake.object_index.items import Landing, Processing
from lake.object_metadata import CORRELATION_ID
from lake.warehouse_metadata import ColumnFacts, read_warehouse_metadata

if TYPE_CHECKING:
    # Its stubs are installed for development alone.
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

HEADER_BYTES: Final = 64 * 1024
"""Bytes of a CSV that are read to find the names of its columns."""
# The first of those that occur equally often: a single column has none.
_DELIMITERS: Final = ",;\t|"
_ABSENT: Final = {"404", "NoSuchKey"}
_REPLACED: Final = {*_ABSENT, "412", "PreconditionFailed"}
_LOOKS: Final = 3


class OvertakenError(LakeError):
    """The object was replaced while it was looked at, several times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the lake has of one object."""

    landing: Landing | None
    processing: Processing | None
    columns: Mapping[str, ColumnFacts] = field(default_factory=dict[str, ColumnFacts])
    """Facts about the warehouse file's columns; empty if it has none."""
    columns_left_out: int = 0


class Look:
    """Looks into the lake.

    Args:
        s3: a plain boto3 client. Its role may list the bucket: without that right S3 answers 403 for an object that
            does not exist, as for one that the role may not read.
        bucket: the lake's.
    """

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def __call__(self, inbound: InboundObject, known: Landing | None) -> Found:
        """What the lake has of an object.

        Args:
            inbound: the object.
            known: its landing as the index has it: a CSV's columns are read only if the object is another one.

        Raises:
            ClientError, BotoCoreError: S3 refused.
            OvertakenError: the object was replaced several times meanwhile; another event follows.
            UnreadableMetadataError: the warehouse job did not write the warehouse file's metadata.
        """
        landing = self._landing(inbound, known)
        head = self._head(inbound.warehouse_key)
        if head is None:
            return Found(landing=landing, processing=None)
        told = read_warehouse_metadata(head["Metadata"])
        processing = Processing(
            processed_at=head["LastModified"],
            bytes=head["ContentLength"],
            etag=_etag(head),
            run=told.run,
            rows_in=told.rows_in,
            rows_warehouse=told.rows_warehouse,
            rows_quarantined=told.rows_quarantined,
            rows_duplicate=told.rows_duplicate,
            by_rule=told.by_rule,
            rules_left_out=told.rules_left_out,
        )
        return Found(
            landing=landing, processing=processing, columns=told.columns, columns_left_out=told.columns_left_out
        )

    def _landing(self, inbound: InboundObject, known: Landing | None) -> Landing | None:
        for _ in range(_LOOKS):
            head = self._head(inbound.key)
            if head is None:
                return None
            if known is not None and (known.etag, known.landed_at) == (_etag(head), head["LastModified"]):
                return _landing_of(head, known.columns)
            try:
                return _landing_of(head, self._columns(inbound.key, head))
            except ClientError as error:
                if _code(error) not in _REPLACED:
                    raise
        raise OvertakenError(f"{inbound.key} was replaced {_LOOKS} times while it was read")

    def _head(self, key: str) -> HeadObjectOutputTypeDef | None:
        try:
            return self._s3.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise

    def _columns(self, key: str, head: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Names of a CSV's columns, from its first line; of other formats they are not cheap to know."""
        # S3 has no range of an empty object.
        if not key.endswith(".csv") or not head["ContentLength"]:
            return None
        answer = self._s3.get_object(
            Bucket=self._bucket, Key=key, IfMatch=head["ETag"], Range=f"bytes=0-{HEADER_BYTES - 1}"
        )
        return column_names(answer["Body"].read())


def column_names(start: bytes) -> tuple[str, ...] | None:
    """Names in the first line of a CSV in UTF-8; None if that is not a whole line of them.

    Args:
        start: the file's beginning, with the first line's end.
    """
    first, ended, _ = start.partition(b"\n")
    try:
        text = first.decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError:
        return None
    delimiter = max(_DELIMITERS, key=text.count)
    if not ended or not text or "\r" in text:
        return None
    return tuple(next(csv.reader([text], delimiter=delimiter)))


def _landing_of(head: Mapping[str, Any], columns: tuple[str, ...] | None) -> Landing:
    metadata = head["Metadata"]
    rows = metadata.get("rows", "")
    return Landing(
        landed_at=head["LastModified"],
        bytes=head["ContentLength"],
        etag=_etag(head),
        checksum=head.get("ChecksumSHA256") or head.get("ChecksumCRC64NVME") or metadata.get("sha256"),
        rows=int(rows) if rows.isdigit() else None,
        columns=columns,
        correlation_id=metadata.get(CORRELATION_ID),
    )


def _etag(head: Mapping[str, Any]) -> str:
    return head["ETag"].strip('"')


def _code(error: ClientError) -> str | None:
    return error.response.get("Error", {}).get("Code")
