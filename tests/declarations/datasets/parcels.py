"""Parcels, from CSV files by SFTP: all kinds of columns, routines and rules that such a dataset can have."""

from datetime import timedelta
from typing import Final

import dataframely as dy
import polars as pl

from processing.cleansing.routines import (
    COLLAPSE_SPACES,
    EMPTY_TO_NULL,
    REGISTRATION_PLATE,
    TITLE_CASE,
    TRIM,
    UNICODE_NFC,
    UPPER_CASE,
)
from processing.declaring.dataset import Dataset, SftpSource


class Parcels(dy.Schema):
    """One parcel, identified by its label."""

    member_id = dy.Int64(min=1)
    town = dy.String()
    size = dy.String()
    label = dy.String(primary_key=True)

    @dy.rule()
    def label_is_well_formed(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require two letters, two digits and three letters."""
        return cls.label.col.str.contains(r"^[A-Z]{2}[0-9]{2}[A-Z]{3}$")


_TEXT: Final = (UNICODE_NFC, COLLAPSE_SPACES, TRIM, EMPTY_TO_NULL)

DATASET: Final = Dataset(
    name="parcels",
    schema=Parcels,
    source=SftpSource(
        connection="carrier", directory="outgoing/parcels", pattern="*.csv", schedule="cron(0 5 * * ? *)"
    ),
    owner="logistics",
    freshness=timedelta(hours=26),
    cleansing={
        "member_id": (TRIM, EMPTY_TO_NULL),
        "town": (*_TEXT, UPPER_CASE),
        "size": (*_TEXT, TITLE_CASE),
        # Labels are written as loosely as registration plates, so the same routine fits.
        "label": (UNICODE_NFC, REGISTRATION_PLATE, EMPTY_TO_NULL),
    },
)
