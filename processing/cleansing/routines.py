"""The cleansing routines that a dataset chooses from, column by column: docs/cleansing-routines.md lists them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from processing.cleansing.contact_routines import EMAIL, phone
from processing.cleansing.date_routines import dates
from processing.cleansing.number_routines import CURRENCY_CODE, NUMBER_WITH_COMMA, NUMBER_WITH_POINT, decimal_scale
from processing.cleansing.routine import Routine
from processing.cleansing.text_routines import (
    COLLAPSE_SPACES,
    EMPTY_TO_NULL,
    LOWER_CASE,
    REGISTRATION_PLATE,
    REMOVE_INVISIBLE,
    TITLE_CASE,
    TRIM,
    UNICODE_NFC,
    UPPER_CASE,
)
from processing.cleansing.value_routines import value_map

__all__ = [
    "COLLAPSE_SPACES",
    "CURRENCY_CODE",
    "EMAIL",
    "EMPTY_TO_NULL",
    "LOWER_CASE",
    "MADE_ROUTINES",
    "NUMBER_WITH_COMMA",
    "NUMBER_WITH_POINT",
    "REGISTRATION_PLATE",
    "REMOVE_INVISIBLE",
    "ROUTINES",
    "TITLE_CASE",
    "TRIM",
    "UNICODE_NFC",
    "UPPER_CASE",
    "Routine",
    "dates",
    "decimal_scale",
    "phone",
    "value_map",
]

ROUTINES: Final[Mapping[str, Routine]] = {
    routine.name: routine
    for routine in (
        TRIM,
        REMOVE_INVISIBLE,
        COLLAPSE_SPACES,
        EMPTY_TO_NULL,
        UNICODE_NFC,
        UPPER_CASE,
        LOWER_CASE,
        TITLE_CASE,
        REGISTRATION_PLATE,
        NUMBER_WITH_POINT,
        NUMBER_WITH_COMMA,
        CURRENCY_CODE,
        EMAIL,
    )
}
"""Every ready routine by its name, in the order in which the documentation lists them."""

MADE_ROUTINES: Final[Mapping[str, Routine]] = {
    "decimal_scale(2)": replace(
        decimal_scale(2), examples={"7": "7.00", "7.5": "7.50", "7.5000": "7.50", "7.501": None}
    ),
    'dates("%d/%m/%Y", "%m/%d/%Y", "%d %b %Y")': replace(
        dates("%d/%m/%Y", "%m/%d/%Y", "%d %b %Y"),
        examples={
            "25/12/2026": "2026-12-25",
            "5/5/2026": "2026-05-05",
            "3 Apr 2026": "2026-04-03",
            "03/04/2026": None,
            "30/02/2026": None,
            "25/12/26": None,
        },
    ),
    'phone("GB")': replace(
        phone("GB"),
        examples={
            "020 7946 0958": "+442079460958",
            "(0044) 20-7946-0958": "+442079460958",
            "+49 30 901820": "+4930901820",
            "020 7946 0958 ext. 3": None,
            "12345": None,
        },
    ),
    'value_map({"rd": "Red", "grn": "Green"})': replace(
        value_map({"rd": "Red", "grn": "Green"}), examples={"rd": "Red", "Red": "Red", "RD": None}
    ),
    'value_map({"n/a": ""}, otherwise="keep")': replace(
        value_map({"n/a": ""}, otherwise="keep"), examples={"n/a": "", "Red": "Red"}
    ),
}
"""An example of every routine that is made for its column, by the call that makes it."""
