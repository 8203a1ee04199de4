"""JSON as text: parsing that guesses nothing, and each value as the text that says it exactly."""

import json
from collections import Counter
from json.encoder import encode_basestring
from typing import Final, Never, cast

from lake.canonical_json import Number, canonical_number, canonical_text
from lake.json_pointer import Pointer, value_at
from processing.errors import ProcessingError
from processing.readers.names import listed


class BrokenJsonError(ProcessingError, ValueError):
    """Text that is no JSON object, or one that can be read in two ways; the message completes "the line …"."""


def parse_object(line: bytes) -> dict[str, object]:
    """Parse the text of a JSON object. Numbers stay text, for `as_text` to give back as they were written.

    Raises:
        BrokenJsonError: it is not UTF-8, no JSON, no object, nested too deep, names a member twice, or has half of a
            character (a lone surrogate).
    """
    try:
        parsed = _DECODER.decode(line.decode())
        # Only an escape can write half of a character; the search is cheap and nearly always in vain.
        if b"\\ud" in line or b"\\uD" in line:
            _compact(parsed).encode()
    except UnicodeDecodeError as error:
        raise BrokenJsonError(f"is not UTF-8 (byte 0x{line[error.start]:02x} at its byte {error.start + 1})") from error
    except UnicodeEncodeError as error:
        raise BrokenJsonError("has half of a character, an escaped surrogate without its other half") from error
    except json.JSONDecodeError as error:
        raise BrokenJsonError(f"is not JSON: {error.msg} at its character {error.pos + 1}") from error
    except RecursionError as error:
        raise BrokenJsonError("is nested too deeply") from error
    if not isinstance(parsed, dict):
        raise BrokenJsonError("is JSON, but not an object")
    return cast("dict[str, object]", parsed)


def not_text(value: object) -> str | None:
    """What a value is that cannot become a text without a guess, such as "an object"; None if it can.

    Whole numbers can. Other numbers are written in many ways: 1.50, 1.5, 15e-1.
    """
    if isinstance(value, Number):
        return None if value.removeprefix("-").isdecimal() else "a number with a fraction or an exponent"
    return next((words for kind, words in _NOT_TEXT if isinstance(value, kind)), None)


def text_at(document: object, pointer: Pointer) -> str | None:
    """The value that a pointer leads to, as `as_text` gives it; None if the pointer leads nowhere.

    Raises:
        BrokenJsonError: the value is nested too deep.
    """
    return as_text(value_at(document, pointer))


def as_text(value: object) -> str | None:
    """A value of a parsed document as text: strings as they are, numbers as they were written. Null is None.

    Objects and arrays are compact JSON.

    Raises:
        BrokenJsonError: the value is nested too deep.
    """
    if value is None or type(value) is str:
        return value
    try:
        return _compact(value)
    except RecursionError as error:
        raise BrokenJsonError("is nested too deeply") from error


def as_number(value: object) -> str | None:
    """A value as text for a column of numbers: as `as_text`, but a number in its one spelling, so that 1.0 is 1."""
    return canonical_number(value) if isinstance(value, Number) else as_text(value)


def canonical(text: str) -> str:
    """The one spelling of a text that holds a JSON object or array. Any other text is returned as it is."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return canonical_text(_DECODER.decode(text))
    # It was a string of the document, and is not one of its objects.
    except (BrokenJsonError, json.JSONDecodeError, RecursionError):
        return text


_NOT_TEXT: Final = ((bool, "true or false"), (dict, "an object"), (list, "an array"))


def _compact(value: object) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        members = cast("dict[str, object]", value).items()
        return f"{{{','.join([f'{encode_basestring(name)}:{_compact(member)}' for name, member in members])}}}"
    if isinstance(value, list):
        return f"[{','.join([_compact(member) for member in cast('list[object]', value)])}]"
    return {True: "true", False: "false", None: "null"}[cast("bool | None", value)]


def _refuse_constant(name: str) -> Never:
    raise BrokenJsonError(f"is not JSON: JSON does not have {name}")


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        times = Counter(name for name, _ in pairs)
        repeated = listed(sorted(name for name in members if times[name] > 1))
        raise BrokenJsonError(f"has the members {repeated} more than once, so their values are ambiguous")
    return members


_DECODER: Final = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_refuse_constant, object_pairs_hook=_members
)
