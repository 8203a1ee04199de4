"""The vehicles that dealers sold and their owners, from the dealers' nightly export."""

from datetime import timedelta
from typing import Final

import dataframely as dy
import polars as pl

from processing.cleansing.routines import (
    COLLAPSE_SPACES,
    EMPTY_TO_NULL,
    REGISTRATION_PLATE,
    REMOVE_INVISIBLE,
    TITLE_CASE,
    TRIM,
    UNICODE_NFC,
    UPPER_CASE,
)
from processing.declaring.dataset import Dataset, SftpSource

# Two letters of the place, two digits of the half year, three random letters: the style issued since September 2001.
_CURRENT_STYLE: Final = r"^[A-Z]{2}[0-9]{2}[A-Z]{3}$"


class Vehicles(dy.Schema):
    """One vehicle, identified by its registration plate."""

    customer_id = dy.Int64(min=1)
    model = dy.String()
    colour = dy.String()
    registration_plate = dy.String(primary_key=True)

    @dy.rule()
    def registration_plate_is_current_style(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require two letters, two digits and three letters."""
        return cls.registration_plate.col.str.contains(_CURRENT_STYLE)


_TEXT: Final = (REMOVE_INVISIBLE, UNICODE_NFC, COLLAPSE_SPACES, TRIM, EMPTY_TO_NULL)

DATASET: Final = Dataset(
    name="vehicles",
    schema=Vehicles,
    source=SftpSource(
        connection="dealer", directory="outgoing/vehicles", pattern="*.csv", schedule="cron(0 5 * * ? *)"
    ),
    owner="operations",
    freshness=timedelta(hours=26),
    classes={"customer_id": "identifier", "registration_plate": "identifier"},
    cleansing={
        "customer_id": (TRIM, EMPTY_TO_NULL),
        "model": (*_TEXT, UPPER_CASE),
        "colour": (*_TEXT, TITLE_CASE),
        "registration_plate": (REMOVE_INVISIBLE, UNICODE_NFC, REGISTRATION_PLATE, EMPTY_TO_NULL),
    },
)
