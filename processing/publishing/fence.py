"""Prevents a run that lost its lease from committing what it read before another run took over."""

from processing.publishing.commit import CommitConflictError, fence_commit
from processing.publishing.merge import ATTEMPTS, BusyTableError
from processing.publishing.tables import Published


def fence(published: Published) -> None:
    """Commit a snapshot without changes to both tables of a dataset.

    A merge that loaded the tables earlier then meets a conflict and reads its history files again. This is necessary if
    the index shows that a merge began and did not end: that merge may have read a file that was replaced since, and
    could commit its rows after this run removed them.

    Raises:
        BusyTableError: other writers changed a table during every attempt.
    """
    for name in (published.live, published.deleted):
        for _ in range(ATTEMPTS):
            try:
                fence_commit(published.load(name))
            except CommitConflictError:
                continue
            break
        else:
            raise BusyTableError(
                f"{name}: other writers changed the table during all {ATTEMPTS} attempts; run the merge again"
            )
