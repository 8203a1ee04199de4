"""The age of a dataset's newest object, from the totals of the object index."""

from datetime import datetime, timedelta
from typing import Final

from lake.object_index.totals import TotalsTable

_MORE_THAN_FRESH: Final = timedelta(days=1)


def age_of_newest(totals: TotalsTable, dataset: str, freshness: timedelta, now: datetime) -> timedelta:
    """Return how long ago the dataset's newest object landed, in one request.

    A dataset that never landed is one day older than its freshness allows.

    Args:
        totals: the totals of the object index.
        dataset: the dataset's name.
        freshness: how old the newest object may be.
        now: the current time, aware of its zone.
    """
    newest = totals.newest_landing(dataset)
    return freshness + _MORE_THAN_FRESH if newest is None else now - newest
