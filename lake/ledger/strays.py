"""What killed runs leave and nothing will go on with: uploads in parts that stand open in S3, and claims.

A stray upload is left by a run that was killed between beginning an upload and recording it, and by a large file that
vanished or changed before all of it was fetched. Nobody would ever complete it, and its parts cost as objects do.

A stray claim is one of a killed run on a version that no longer stands at its source, so no run will take it over. Its
object stands if the run was killed between putting it and telling the ledger, and is whole then. The collector may not
look, so the version counts as failed, and says so.
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
    """Tells strays from what a run is at or will go on with.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the ledger's table.
        listed: the versions that stand at the source now.
        clock: gives the time, aware of its zone.
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
        """Whether an open upload has to be aborted.

        One of a key that the ledger does not know is not the collector's, and is left alone.
        """
        item = self._version_of(dataset, object_key)
        if item is None or (item["state"] == State.CLAIMED and item["lease_until"] >= time_text(self._clock())):
            return False
        return item["state"] == State.COMPLETE or item["sk"] not in self._listed or item.get("upload_id") != upload_id

    def record_abort(self, dataset: str, object_key: str, upload_id: str) -> None:
        """Record that a stray was aborted, where the ledger knew of it."""
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
        """Record stray claims as failed. Returns the paths of those whose lease is not over: a run may be at them."""
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
