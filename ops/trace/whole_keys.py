"""Completes the typed beginning of a key, to trace an object or a report."""

import re
from typing import Final

from lake.keys import INBOUND, MART, QUARANTINE, WAREHOUSE
from ops.stack.prefixes import inbound_key, the_one
from ops.stack.target import Target
from ops.trace.reports import keys_of_reports

_OF_A_DAY: Final = re.compile(
    rf"({WAREHOUSE}|{QUARANTINE})/(?P<dataset>[^/]+)/landing_date=(?P<day>[\d-]+)/(?P<file>[^/]*?)(\.parquet)?"
)
"""The key of a history or quarantine file, or the beginning of one with its day."""


def lake_key(target: Target, given: str) -> str:
    """Return the key of the lake with a typed beginning. Text of another kind is returned unchanged.

    The key of a history or quarantine file is found through the inbound key of its object.

    Raises:
        InvalidInputError: as inbound_key; or the text is the beginning of several reports' keys.
    """
    if given.startswith(f"{INBOUND}/"):
        return inbound_key(target, given)
    if given.startswith(f"{MART}/"):
        return the_one(given, keys_of_reports(), "reports") or given
    if beginning := _OF_A_DAY.fullmatch(given):
        day = beginning["day"].replace("-", "/")
        return inbound_key(target, f"{INBOUND}/{beginning['dataset']}/{day}/{beginning['file']}")
    return given
