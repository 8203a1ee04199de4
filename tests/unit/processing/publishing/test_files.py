"""The rows of a published table that a merge looks for."""

import polars as pl

from processing.publishing.files import Keys, located
from processing.publishing.merge import merge
from processing.publishing.table_files import table_files
from tests.support.published import THINGS, land

TEXT_BYTES = 1_000


def test_located_rows_hold_no_texts_of_other_rows(store, published):
    # given a table with 2 MB of texts
    rows = [{"number": number, "note": f"{number:0{TEXT_BYTES}}"} for number in range(2_000)]
    merge(published, store, [land(store, THINGS, "first", rows)])
    table = published.load(published.live)

    # when two of its rows are looked for
    keys = Keys(pl.DataFrame({"number": [7, 1_900]}))
    found = located(table, table_files(table), keys, {"note": pl.String()})

    # then their texts alone are in memory
    texts = found["note"].to_arrow(compat_level=pl.CompatLevel.newest())
    assert sum(part.size for part in texts.buffers() if part) < 10 * TEXT_BYTES
    assert found["note"].to_list() == [rows[7]["note"], rows[1_900]["note"]]
