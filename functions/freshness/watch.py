"""How old a dataset's newest object is, from the totals of the object index."""

from datetime import datetime, timedelta
from typing import Final

from lake.object_index.totals import TotalsTable

_MORE_THAN_FRESH: Final = timedelta(days=1)


def age_of_newest(totals: TotalsTable, dataset: str, freshness: timedelta, now: datetime) -> timedelta:
    """How long ago the dataset's newest object landed, by one request.

    The age of a dataset that never landed is a day more than its freshness.

    Args:
        totals: of the object index.
        dataset: its name.
        freshness: how old the newest object may be.
        now: the time, aware of its zone.
    """
    newest = totals.newest_landing(dataset)
    return freshness + _MORE_THAN_FRESH if newest is None else now - newest
