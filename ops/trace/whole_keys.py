"""Keys of the lake whose beginning a person types to trace an object or a report."""

import re
from typing import Final

from lake.keys import INBOUND, MART, QUARANTINE, WAREHOUSE
from ops.stack.prefixes import inbound_key, the_one
from ops.stack.target import Target
from ops.trace.reports import keys_of_reports

_OF_A_DAY: Final = re.compile(
    rf"({WAREHOUSE}|{QUARANTINE})/(?P<dataset>[^/]+)/landing_date=(?P<day>[\d-]+)/(?P<file>[^/]*?)(\.parquet)?"
)
"""A warehouse or quarantine file's key, or the beginning of one with its day."""


def lake_key(target: Target, given: str) -> str:
    """A key of the lake of which a person typed the beginning; text of another kind as it is.

    The key of a warehouse or quarantine file is looked for as the inbound key of its object.

    Raises:
        InvalidInputError: as inbound_key; or it is the beginning of several reports' keys.
    """
    if given.startswith(f"{INBOUND}/"):
        return inbound_key(target, given)
    if given.startswith(f"{MART}/"):
        return the_one(given, keys_of_reports(), "reports") or given
    if beginning := _OF_A_DAY.fullmatch(given):
        day = beginning["day"].replace("-", "/")
        return inbound_key(target, f"{INBOUND}/{beginning['dataset']}/{day}/{beginning['file']}")
    return given
