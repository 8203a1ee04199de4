"""Rows that a snapshot no longer has, whatever the present types of its columns."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.snapshot import Snapshot
from processing.readers.records import DELETED


class TestSnapshot:
    def test_deleted_rows_are_recorded_once_with_their_last_values(self, tmp_path):
        # given a last snapshot with a row that was already deleted then
        schema = pa.schema([("id", pa.int64()), ("name", pa.large_string()), ("new", pa.int64())])
        last = written(tmp_path, {"id": [1, 2, 3], "name": ["a", "b", "c"], DELETED: [False, False, True]})
        snapshot = Snapshot(["id"], schema, last)

        # when
        marked = snapshot.mark(pa.RecordBatch.from_pydict({"id": [1], "name": ["a"], "new": [9]}))

        # then
        assert marked.column(DELETED).to_pylist() == [False]
        assert snapshot.deleted().to_pylist() == [{"id": 2, "name": "b", "new": None, DELETED: True}]

    def test_an_emptied_table_has_all_its_rows_recorded(self, tmp_path):
        # given
        last = written(tmp_path, {"id": [1, 2], DELETED: [False, False]})

        # when
        gone = Snapshot(["id"], pa.schema([("id", pa.int64())]), last).deleted()

        # then
        assert gone.column("id").to_pylist() == [1, 2]

    @pytest.mark.parametrize(
        ("before", "kind", "now", "gone"),
        [
            ([Decimal(7), Decimal(8)], pa.decimal128(18, 0), [Decimal(8)], [Decimal(7)]),
            ([7, 8], pa.int64(), [8], [7]),
            ([7, 8], pa.large_string(), ["8"], ["7"]),
            (["7", "8"], pa.int32(), [8], [7]),
            (["07", "8"], pa.int32(), [7, 8], ["07"]),
            (["seven", "8"], pa.int32(), [8], ["seven"]),
            ([7.5, 8.0], pa.int32(), [7, 8], ["7.5", "8.0"]),
            ([datetime(2026, 1, 1, 0, 0, 0, 1), datetime(2026, 1, 2)], pa.date32(), [date(2026, 1, 2)], None),  # noqa: DTZ001 - these types have no zone
        ],
    )
    def test_a_retyped_key_is_compared_as_what_it_says(self, tmp_path, before, kind, now, gone):
        # given a last snapshot whose key has another type than the table's key now
        last = written(tmp_path, {"id": before, DELETED: [False, False]})
        snapshot = Snapshot(["id"], pa.schema([("id", kind)]), last)

        # when
        marked = snapshot.mark(pa.RecordBatch.from_arrays([pa.array(now, kind)], names=["id"]))

        # then both have the columns of the one object
        assert pa.Table.from_batches([marked]).schema == snapshot.schema
        deleted = snapshot.deleted().column("id").to_pylist()
        assert deleted == (gone or ["2026-01-01 00:00:00.000001", "2026-01-02 00:00:00.000000"])

    def test_a_retyped_column_keeps_the_last_values_of_deleted_rows(self, tmp_path):
        # given
        last = written(tmp_path, {"id": [1, 2], "size": ["12", "def"], DELETED: [False, False]})
        schema = pa.schema([("id", pa.int64()), ("size", pa.int32())])
        snapshot = Snapshot(["id"], schema, last)

        # when
        batch = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([12], pa.int32())], schema=schema)

        # then
        assert snapshot.mark(batch).to_pylist() == [{"id": 1, "size": "12", DELETED: False}]
        assert snapshot.deleted().to_pylist() == [{"id": 2, "size": "def", DELETED: True}]

    def test_an_object_that_is_not_a_snapshot_is_not_compared_with(self, tmp_path):
        last = written(tmp_path, {"id": [1]})
        with pytest.raises(ExtractionError, match=r"cannot be compared with it; .* --whole-table"):
            Snapshot(["id"], pa.schema([("id", pa.int64())]), last)


def written(folder: Path, columns: dict[str, list[Any]]) -> Path:
    """A last snapshot's file."""
    file = folder / "last.parquet"
    pl.DataFrame(columns).write_parquet(file)
    return file
