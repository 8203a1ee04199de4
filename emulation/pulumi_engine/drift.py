"""Reduces the emulator's values to the form in which the program states them, so that the two can be compared."""

from collections.abc import Collection, Mapping
from typing import Any


def like(
    given: Any,  # noqa: ANN401 - any JSON value
    found: Any,  # noqa: ANN401 - any JSON value
    whole: Collection[str] = (),
) -> Any:  # noqa: ANN401 - any JSON value
    """Return the found value, reduced to the keys that the program sets: values that AWS chooses are not drift.

    Args:
        given: the program's value.
        found: the emulator's value, with Pulumi's names.
        whole: names of maps in which every key counts.
    """
    if isinstance(given, Mapping) and isinstance(found, Mapping):
        return {
            name: found.get(name) if name in whole else like(value, found.get(name), whole)
            for name, value in given.items()
        }
    if isinstance(given, list) and isinstance(found, list) and len(given) == len(found):
        return [like(one, other, whole) for one, other in zip(given, found, strict=True)]
    return found
