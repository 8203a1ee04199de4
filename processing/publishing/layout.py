"""Chooses the files that a merge rewrites beside its new rows. docs/adr/0021 has the reasons and the figures.

A merge writes its rows as a new run of files and deletes the superseded rows by position. It also rewrites

- the live rows of each file of which more than a quarter is deleted;
- then each run, smallest first, whose number of rows does not exceed what the merge already writes.

So a table of n rows has about log2(n / rows of a merge) runs, each row is rewritten about as often, and readers skip at
most a quarter of what they read. None of this depends on how the changed rows are spread over the table.

A table clustered by time keeps runs above a size unchanged, so its cost does not grow with its history.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from processing.publishing.table_files import TableFile

MOST_DEAD: Final = 0.25
"""Share of a file's rows that may be deleted."""
ROWS_IN_FILE: Final = 1_000_000
"""Most rows of a file; a rewrite holds so many in memory."""


def to_rewrite(
    files: Sequence[TableFile], deleted: Mapping[str, int], new: int, join_up_to: int | None = None
) -> list[TableFile]:
    """Return the files whose live rows are written again together with new rows.

    Args:
        files: the table's files.
        deleted: number of rows that the merge deletes in each file, by path.
        new: number of rows that the merge writes.
        join_up_to: most live rows of a run that is joined with the new rows; None for any number.

    Returns:
        The files, including files without live rows.
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
