"""Ids and keys as a person types them: whole, or as the beginning that only one of them has."""

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
    """The candidate that a person means. Upper and lower case are different letters.

    Args:
        given: an id, or its beginning.
        candidates: the ids that there are.
        kind: what they are, in the plural.

    Returns:
        The id that was given, else the only one that begins so; None if none does.

    Raises:
        InvalidInputError: several begin so; the message lists them.
    """
    found = sorted({each for each in candidates if each.startswith(given)})
    if given in found:
        return given
    if len(found) > 1:
        raise InvalidInputError(_ambiguous(given, found, kind))
    return found[0] if found else None


def inbound_key(target: Target, given: str) -> str:
    """The key of an inbound object, of which a beginning is enough if only one object has it.

    A beginning is looked for in the object index, among the objects that landed on the day which it names.

    Returns:
        The whole key; what was given if no object has it.

    Raises:
        InvalidInputError: it cannot be an inbound key, does not name a day, names a dataset that there is not, or is
            the beginning of several.
    """
    check_inbound_key(given)
    index = index_of(target)
    if head(target, given) is not None or index.get(given) is not None:
        return given
    day = parse_inbound_key(_with_a_name(given))
    found = index.keys_of_day(day.dataset, day.landing_date, given)
    return the_one(given, islice(found, _LISTED + 1), "objects") or given


def check_inbound_key(given: str) -> None:
    """Refuse what cannot be the beginning of an inbound key, or does not name a landing day.

    Raises:
        InvalidInputError: it cannot, or does not.
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
        InvalidInputError: it is.
    """
    if not f"{key}/".startswith(inbound_prefix(dataset)):
        raise InvalidInputError(f"{key} is not an object of {dataset}; correct the key or the dataset")


def _with_a_name(given: str) -> str:
    """A key that ends with its day, with some file's name; any other as it is."""
    return f"{given}any" if given.endswith("/") else given


def _ambiguous(given: str, found: list[str], kind: str) -> str:
    listed = "".join(f"\n  {each}" for each in found[:_LISTED])
    more = "\n  and more" if len(found) > _LISTED else ""
    return f"{given!r} is the beginning of several {kind}; type more of it:{listed}{more}"
