"""Typed ids and keys: complete, or an unambiguous beginning."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from lake.keys import INBOUND, InvalidKeyError, inbound_prefix, parse_inbound_key
from ops.stack.checks import known_dataset
from ops.stack.errors import InvalidInputError
from ops.stack.object_index import index_of
from ops.stack.row_accounts import head
from ops.stack.target import Target

_LISTED: Final = 10
"""Candidates that an error lists."""
_FOLDERS: Final = 4
"""Folders of an inbound key under inbound/: the dataset, the year, the month and the day."""


def the_one(given: str, candidates: Iterable[str], kind: str) -> str | None:
    """Return the candidate that a typed text means. Case matters.

    Args:
        given: an id, or its beginning.
        candidates: the existing ids.
        kind: the candidates' kind, in the plural.

    Returns:
        The given id, or the only candidate with this beginning; None if there is no such candidate.

    Raises:
        InvalidInputError: several candidates have this beginning; the message lists them.
    """
    found = sorted({each for each in candidates if each.startswith(given)})
    if given in found:
        return given
    if len(found) > 1:
        raise InvalidInputError(_ambiguous(given, found, kind))
    return found[0] if found else None


def inbound_key(target: Target, given: str) -> str:
    """Return the key of an inbound object. A beginning is enough if only one object has it.

    A beginning is looked up in the object index, among the objects that landed on the day in it.

    Returns:
        The whole key; the given text if no object has it.

    Raises:
        InvalidInputError: the text cannot be an inbound key, has no landing day, names an unknown dataset, or is the
            beginning of several keys.
    """
    check_inbound_key(given)
    index = index_of(target)
    if head(target, given) is not None or index.get(given) is not None:
        return given
    day = parse_inbound_key(_with_a_name(given))
    found = index.keys_of_day(day.dataset, day.landing_date, given)
    return the_one(given, islice(found, _LISTED + 1), "objects") or given


def check_inbound_key(given: str) -> None:
    """Refuse a text that cannot be the beginning of an inbound key, or has no landing day.

    Raises:
        InvalidInputError: it cannot be a beginning, or has no landing day.
    """
    example = f"such as {INBOUND}/vehicles/2026/01/31/file.csv"
    area, *parts = given.split("/")
    if area != INBOUND or not parts:
        raise InvalidInputError(f"{given!r} is not the key of an inbound object, {example}")
    if len(parts) > 1:
        known_dataset(parts[0])
    if len(parts) <= _FOLDERS:
        raise InvalidInputError(
            f"{given!r} does not name a landing day; type the key at least up to its day, such as "
            f"{INBOUND}/vehicles/2026/01/31/"
        )
    try:
        parse_inbound_key(_with_a_name(given))
    except InvalidKeyError as error:
        raise InvalidInputError(f"{error}, {example}") from error


def check_is_of(key: str, dataset: str) -> None:
    """Refuse an inbound key of another dataset.

    Raises:
        InvalidInputError: the key belongs to another dataset.
    """
    if not f"{key}/".startswith(inbound_prefix(dataset)):
        raise InvalidInputError(f"{key} is not an object of {dataset}; correct the key or the dataset")


def _with_a_name(given: str) -> str:
    """Complete a key that ends with its day by a file name. Any other key is returned unchanged."""
    return f"{given}any" if given.endswith("/") else given


def _ambiguous(given: str, found: list[str], kind: str) -> str:
    listed = "".join(f"\n  {each}" for each in found[:_LISTED])
    more = "\n  and more" if len(found) > _LISTED else ""
    return f"{given!r} is the beginning of several {kind}; type more of it:{listed}{more}"
