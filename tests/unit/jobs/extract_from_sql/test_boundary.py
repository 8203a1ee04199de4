"""Rows that two ranges share are extracted once."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.extract_from_sql.boundary import MAXIMUM_ROWS, Boundary
from jobs.extract_from_sql.errors import ExtractionError


class TestBoundary:
    FIELD = pa.field("day", pa.date32())

    def batch(self, *rows: tuple[int, date | None]) -> pa.RecordBatch:
        days = pa.array([day for _, day in rows], pa.date32())
        return pa.RecordBatch.from_arrays([pa.array([key for key, _ in rows], pa.int64()), days], names=["id", "day"])

    def keys(self, batch: pa.RecordBatch) -> list[int]:
        return batch.column("id").to_pylist()

    def test_rows_of_the_last_range_are_skipped_but_not_their_ties(self):
        # given a first range that ended at the 2nd
        first = Boundary(self.FIELD, None, None, "2026-01-02")
        first.fresh(self.batch((1, date(2026, 1, 1)), (2, date(2026, 1, 2)), (3, None)))

        # when the next one begins there, with a late tie and a changed row
        second = Boundary(self.FIELD, first.remembered, "2026-01-02", "2026-01-03")
        fresh = second.fresh(self.batch((2, date(2026, 1, 2)), (4, date(2026, 1, 2)), (3, None), (5, None)))

        # then
        assert self.keys(fresh) == [4, 5]

    def test_a_row_after_the_last_range_is_never_left_out(self):
        # given
        first = Boundary(self.FIELD, None, None, "2026-01-01")
        first.fresh(self.batch((1, date(2026, 1, 5))))

        # when
        fresh = Boundary(self.FIELD, first.remembered, "2026-01-04", None).fresh(self.batch((1, date(2026, 1, 5))))

        # then
        assert self.keys(fresh) == [1]

    def test_ties_beyond_the_limit_are_known_to_the_next_range(self, tmp_path):
        # given more rows than digests are kept, half of them without a watermark
        many = [(number, date(2026, 1, 1) if number % 2 else None) for number in range(2 * MAXIMUM_ROWS)]
        first = Boundary(self.FIELD, None, None, "2026-01-01", tmp_path)
        first.fresh(self.batch(*many))

        # when they are read again, in other batches and another order
        again = self.boundary_after(first, tmp_path)
        fresh = [again.fresh(self.batch(*many[MAXIMUM_ROWS:])), again.fresh(self.batch(*many[:MAXIMUM_ROWS]))]

        # then
        assert sum(batch.num_rows for batch in (*fresh, *again.changed())) == 0
        assert again.remembered == first.remembered

    def test_a_new_tie_beyond_the_limit_costs_few_copies(self, tmp_path):
        # given
        many = [(number, date(2026, 1, 1)) for number in range(2 * MAXIMUM_ROWS)]
        first = Boundary(self.FIELD, None, None, "2026-01-01", tmp_path)
        first.fresh(self.batch(*many))

        # when a tie arrives, another is deleted, and a row follows
        again = self.boundary_after(first, tmp_path)
        fresh = again.fresh(self.batch(*many[1:], (-1, date(2026, 1, 1)), (-2, date(2026, 1, 2))))

        # then
        changed = [key for batch in again.changed() for key in self.keys(batch)]
        assert self.keys(fresh) == [-2]
        assert -1 in changed
        assert len(changed) < 20

    def test_an_end_beyond_the_type_names_its_column(self):
        with pytest.raises(ExtractionError, match=r"watermark 'at' ends at 0001-01-01.*declare a smaller lag"):
            Boundary(pa.field("at", pa.timestamp("ns")), None, None, "0001-01-01 00:00:00.0000000")

    def boundary_after(self, first: Boundary, folder: Path) -> Boundary:
        return Boundary(self.FIELD, first.remembered, "2026-01-01", "2026-01-01", folder)
