"""Members, from a table of a SQL Server: increments by a watermark that some rows lack."""

from datetime import timedelta
from typing import Final

import dataframely as dy

from processing.cleansing.routines import COLLAPSE_SPACES, EMPTY_TO_NULL, TRIM
from processing.declaring.dataset import Dataset, SqlSource
from processing.declaring.retention import Retention

_TEXTS: Final = ("name", "street", "locker", "note")


class Members(dy.Schema):
    """One member, identified by number."""

    number = dy.Int64(primary_key=True, min=1)
    name = dy.String()
    street = dy.String()
    locker = dy.String(nullable=True, regex=r"^[A-Z][0-9]+$")
    note = dy.String(nullable=True)
    # Nanoseconds: the server's datetime2(7) ticks in units of 100.
    changed_at = dy.Datetime(time_unit="ns", nullable=True)


DATASET: Final = Dataset(
    name="members",
    schema=Members,
    owner="logistics",
    freshness=timedelta(hours=26),
    classes={
        "number": "identifier",
        "name": "personal",
        "street": "personal",
        "locker": "identifier",
        "note": "sensitive",
    },
    retention=Retention(inbound=400, quarantine=90),
    source=SqlSource(
        "office",
        "club",
        "members",
        "incremental",
        "changed_at",
        timedelta(minutes=10),
        schedule="cron(0/30 6-20 * * ? *)",
        nulls="always",
    ),
    cleansing=dict.fromkeys(_TEXTS, (COLLAPSE_SPACES, TRIM, EMPTY_TO_NULL)),
)
