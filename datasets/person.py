"""The customers as people: their names in the customer system and how to contact them."""

from datetime import timedelta
from typing import Final

import dataframely as dy

from processing.cleansing.routines import COLLAPSE_SPACES, EMPTY_TO_NULL, REMOVE_INVISIBLE, TRIM, UNICODE_NFC
from processing.declaring.dataset import Dataset, SqlSource
from processing.declaring.retention import Retention


class Person(dy.Schema):
    """One person, identified by the customer system's number."""

    id = dy.Int64(primary_key=True, min=1)
    first_name = dy.String()
    last_name = dy.String()
    email = dy.String(nullable=True, regex=r"^[^@\s]+@[^@\s]+$")
    phone = dy.String(nullable=True)
    # Nanoseconds, because the server's datetime2(7) ticks in units of 100. Rows from before the column have no value.
    updated_at = dy.Datetime(time_unit="ns", nullable=True)


_TEXT: Final = (UNICODE_NFC, COLLAPSE_SPACES, TRIM, EMPTY_TO_NULL)
_REACHED: Final = (REMOVE_INVISIBLE, *_TEXT)

DATASET: Final = Dataset(
    name="person",
    schema=Person,
    source=SqlSource(
        connection="crm",
        schema="customer",
        table="person",
        schedule="cron(0/30 6-20 * * ? *)",
        mode="incremental",
        watermark="updated_at",
        lag=timedelta(minutes=10),
        nulls="always",
    ),
    owner="operations",
    freshness=timedelta(hours=26),
    classes={
        "id": "identifier",
        "first_name": "personal",
        "last_name": "personal",
        "email": "personal",
        "phone": "personal",
    },
    retention=Retention(inbound=400, quarantine=90),
    cleansing={"first_name": _TEXT, "last_name": _TEXT, "email": _REACHED, "phone": _REACHED},
)
