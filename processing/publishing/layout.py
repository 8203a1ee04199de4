"""Which files of a table a merge rewrites beside its own new rows: docs/adr/0021 has the reasons and the figures.

A merge writes its rows as a new run of files, and deletes the rows that they supersede by position. It takes along

- what is left of a file of which more than a quarter is deleted;
- then each run, smallest first, that has not more rows than what is written already.

So a table of n rows has about log2(n / rows of a merge) runs, a row is rewritten about as often, and readers skip at
most a quarter of what they read. Neither depends on how the changed rows are spread over the table.

A table that is clustered by time leaves runs as they are from a size on: its cost does not grow with its history.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from processing.publishing.table_files import TableFile

MOST_DEAD: Final = 0.25
"""Share of a file's rows that may be deleted."""
ROWS_IN_FILE: Final = 1_000_000
"""At most; what a rewrite holds in memory at once."""


def to_rewrite(
    files: Sequence[TableFile], deleted: Mapping[str, int], new: int, join_up_to: int | None = None
) -> list[TableFile]:
    """The files whose live rows are written again together with some new ones.

    Args:
        files: the table's.
        deleted: rows that the merge deletes in each, by its path.
        new: rows that the merge writes.
        join_up_to: most live rows of a run that is joined with the new rows; None if each may be.

    Returns:
        The files; one without live rows is among them.
    """
    live = {file.path: file.rows - file.dead - deleted.get(file.path, 0) for file in files}
    taken = [file for file in files if file.rows - live[file.path] > file.rows * MOST_DEAD]
    total = new + sum(live[file.path] for file in taken)
    if not total:
        return taken
    runs: dict[int, list[TableFile]] = {}
    for file in files:
        if file not in taken:
            runs.setdefault(file.run, []).append(file)
    sizes = {run: sum(live[file.path] for file in members) for run, members in runs.items()}
    for run in sorted(runs, key=lambda each: (sizes[each], each)):
        if sizes[run] > total or (join_up_to is not None and sizes[run] > join_up_to):
            break
        taken += runs[run]
        total += sizes[run]
    return taken
