"""Uploads and claims that killed runs left and that no other run will resume.

A stray upload remains if a run was killed between starting the upload and recording it, or if a large file vanished or
changed before all of it was fetched. Nobody would ever complete the upload, and its parts cost as much as objects.

A stray claim belongs to a killed run, and its version is no longer at the source, so no run will take it over. If the
run was killed after it stored the object and before it recorded that, the whole object exists. The collector has no
permission to check, so it records the version as failed, with this reason.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lake.ledger.items import FileVersion, LedgerError, State, below, key_of, key_place, partition, time_text
from lake.table import DynamoTable, Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from lake.ledger.ledger import Clock

_GONE = (
    "the file disappeared or changed at its source before it was collected completely; its uploaded parts were removed"
)

_UNFINISHED = (
    "the run that collected the file was killed, and the file has since disappeared or changed at its "
    "source; if an object exists under its key, the object is complete"
)


class StrayUploads:
    """Finds uploads and claims that no run is working on or will resume.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the ledger's table.
        listed: the versions that are at the source now.
        clock: returns the current time, aware of its zone.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        listed: Collection[FileVersion],
        *,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self._table = DynamoTable(client, table)
        self._listed = {key for version in listed if (key := _sort_key(version)) is not None}
        self._clock = clock

    def is_stray(self, dataset: str, object_key: str, upload_id: str) -> bool:
        """Return True if an open upload must be aborted.

        An upload to a key that the ledger does not know is not the collector's, and is left alone.
        """
        item = self._version_of(dataset, object_key)
        if item is None or (item["state"] == State.CLAIMED and item["lease_until"] >= time_text(self._clock())):
            return False
        return item["state"] == State.COMPLETE or item["sk"] not in self._listed or item.get("upload_id") != upload_id

    def record_abort(self, dataset: str, object_key: str, upload_id: str) -> None:
        """Record that a stray upload was aborted, if the ledger knows it."""
        item = self._version_of(dataset, object_key)
        if item is None or item.get("upload_id") != upload_id:
            return
        self._table.update(
            Update(
                {"pk": item["pk"], "sk": item["sk"]},
                "SET #state = :failed, #error = :error, #finished_at = :now"
                " REMOVE #upload_id, #part_bytes, #lease_until",
                "#upload_id = :upload_id AND #token = :token",
                {
                    "failed": State.FAILED,
                    "error": _GONE,
                    "now": time_text(self._clock()),
                    "upload_id": upload_id,
                    "token": item["token"],
                },
            )
        )

    def end_claims(self, dataset: str) -> list[str]:
        """Record stray claims as failed. Returns the paths with an unexpired lease: a run may still collect them."""
        live: list[str] = []
        condition, values = below(dataset, "file#")
        claimed = self._table.query(condition, {**values, "claimed": State.CLAIMED}, only="#state = :claimed")
        for item in claimed:
            if item["sk"] in self._listed:
                continue
            now = time_text(self._clock())
            if item["lease_until"] >= now:
                live.append(item["path"])
                continue
            self._table.update(
                Update(
                    {"pk": item["pk"], "sk": item["sk"]},
                    "SET #state = :failed, #error = :error, #finished_at = :now REMOVE #lease_until",
                    "#state = :claimed AND #token = :token AND #lease_until < :now",
                    {
                        "failed": State.FAILED,
                        "claimed": State.CLAIMED,
                        "error": _UNFINISHED,
                        "now": now,
                        "token": item["token"],
                    },
                )
            )
        return live

    def _version_of(self, dataset: str, object_key: str) -> dict[str, Any] | None:
        holder = self._table.get(key_place(dataset, object_key))
        if holder is None:
            return None
        return self._table.get({"pk": partition(dataset), "sk": holder["version"]})


def _sort_key(version: FileVersion) -> str | None:
    try:
        return key_of(version)["sk"]
    except LedgerError:
        return None
