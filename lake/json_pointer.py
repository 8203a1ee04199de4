"""JSON pointers (RFC 6901): the path to a value of a JSON document, such as "/payload/amount"."""

import re
from typing import Final, cast

POINTER_PATTERN: Final = r"^(/([^/~]|~[01])*)*$"
"""What a pointer matches: nothing, or tokens that each begin with a slash, in which ~ only occurs as ~0 or ~1."""
_POINTER: Final = re.compile(POINTER_PATTERN)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")

Pointer = tuple[str, ...]
"""The tokens of a pointer, unescaped. The empty one leads to the whole document."""


def parse_pointer(pointer: str) -> Pointer:
    """The tokens of a JSON pointer.

    Raises:
        ValueError: it does not start with a slash, or has a tilde that escapes nothing.
    """
    if _POINTER.fullmatch(pointer) is None:
        raise ValueError(f"{pointer!r} is not a JSON pointer, such as /payload/amount")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def escaped(name: str) -> str:
    """The name of a member as the token of a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def value_at(document: object, pointer: Pointer) -> object:
    """The value that a pointer leads to. None if it is null, or if the pointer leads nowhere."""
    value = document
    for token in pointer:
        if isinstance(value, dict):
            value = cast("dict[str, object]", value).get(token)
        elif isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(cast("list[object]", value)):
            value = cast("list[object]", value)[int(token)]
        else:
            return None
    return value
