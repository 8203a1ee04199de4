"""From an "Object Created" event to the object index."""

import csv
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from lake.keys import INBOUND, QUARANTINE, InboundObject, InvalidKeyError, parse_inbound_key, parse_warehouse_key
from lake.object_index import Arrival, ObjectIndex
from lake.object_metadata import CORRELATION_ID

if TYPE_CHECKING:
    # Its stubs are installed for development alone.
    from mypy_boto3_s3 import S3Client

HEADER_BYTES: Final = 64 * 1024
# The first of those that occur equally often: a single column has none.
_DELIMITERS: Final = ",;\t|"
_ACCOUNTS: Final = ("in", "warehouse", "quarantined", "duplicate")
# The object is not, or no longer, the one that the event tells of: another event tells of that.
_OVERTAKEN: Final = {"404", "NoSuchKey", "412", "PreconditionFailed"}


class Recorder:
    """Records one event after the other."""

    def __init__(self, s3: "S3Client", table: ObjectIndex) -> None:
        self._s3 = s3
        self._table = table

    def record(self, event: Mapping[str, Any]) -> str:
        """Record an event.

        Returns:
            What came of it, for the log: "recorded", "known already", "overtaken", "told with its warehouse file" or
            "no object of the lake".
        """
        detail = event["detail"]
        key: str = detail["object"]["key"]
        created_at = datetime.fromisoformat(event["time"])
        try:
            if key.startswith(f"{INBOUND}/"):
                outcome = self._record_arrival(parse_inbound_key(key), detail, created_at)
            elif key.startswith(f"{QUARANTINE}/"):
                # It is written before the warehouse file, which says how many rows it has.
                return "told with its warehouse file"
            else:
                outcome = self._record_processed(parse_warehouse_key(key), key, detail, created_at)
        except InvalidKeyError:
            return "no object of the lake"
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _OVERTAKEN:
                return "overtaken"
            raise
        return "recorded" if outcome else "known already"

    def _record_arrival(self, inbound: InboundObject, detail: Mapping[str, Any], created_at: datetime) -> bool:
        bucket, created = detail["bucket"]["name"], detail["object"]
        head = self._s3.head_object(Bucket=bucket, Key=inbound.key, IfMatch=created["etag"], ChecksumMode="ENABLED")
        rows = head["Metadata"].get("rows", "")
        return self._table.record_arrival(
            Arrival(
                object_key=inbound.key,
                dataset=inbound.dataset,
                day=inbound.landing_date,
                arrived_at=created_at,
                bytes=created["size"],
                etag=created["etag"],
                sequencer=created["sequencer"],
                checksum=head.get("ChecksumSHA256") or head.get("ChecksumCRC64NVME") or head["Metadata"].get("sha256"),
                rows=int(rows) if rows.isdigit() else None,
                columns=self._columns(bucket, created),
                correlation_id=head["Metadata"].get(CORRELATION_ID),
            )
        )

    def _record_processed(
        self, inbound: InboundObject, key: str, detail: Mapping[str, Any], created_at: datetime
    ) -> bool:
        created = detail["object"]
        metadata = self._s3.head_object(Bucket=detail["bucket"]["name"], Key=key, IfMatch=created["etag"])["Metadata"]
        rows = {name: int(metadata[f"rows-{name}"]) for name in _ACCOUNTS if f"rows-{name}" in metadata}
        return self._table.record_processed(inbound.key, created_at, created["sequencer"], rows)

    def _columns(self, bucket: str, created: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Names of a CSV's columns, from its first line; of other formats they are not cheap to know."""
        # S3 has no range of an empty object.
        if not created["key"].endswith(".csv") or not created["size"]:
            return None
        answer = self._s3.get_object(
            Bucket=bucket, Key=created["key"], IfMatch=created["etag"], Range=f"bytes=0-{HEADER_BYTES - 1}"
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
