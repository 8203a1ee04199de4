"""Checks the values of a declaration's fields against their declared types, which Python does not do."""

import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def wrong_fields(declaration: object) -> Iterator[str]:
    """Return one line for each field whose value does not have the declared type, also within nested declarations."""
    assert is_dataclass(declaration)  # noqa: S101 - every declaration is
    hints = get_type_hints(type(declaration))
    for name in (field.name for field in fields(declaration)):
        value = getattr(declaration, name)
        if not _fits(value, hints[name]):
            yield f"{name} is {reprlib.repr(value)}, expected {_in_words(hints[name])}"
        elif is_dataclass(value) and not isinstance(value, type):
            yield from (f"{name}.{inner}" for inner in wrong_fields(value))


def _fits(value: Any, expected: Any) -> bool:  # noqa: ANN401, PLR0911 - any value, a line for each form of type
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in {Union, UnionType}:
        return any(_fits(value, each) for each in arguments)
    if origin is Literal:
        return isinstance(value, str) and value in arguments
    if origin is type:
        return isinstance(value, type) and issubclass(value, arguments[0])
    if origin is Callable:
        return callable(value)
    if origin is Mapping:
        key, item = arguments
        return isinstance(value, Mapping) and all(_fits(k, key) and _fits(v, item) for k, v in value.items())  # pyright: ignore[reportUnknownVariableType]
    if origin in {Sequence, tuple}:
        # A string is formally a sequence of strings, but is never meant as one.
        return isinstance(value, origin) and not isinstance(value, str) and all(_fits(v, arguments[0]) for v in value)
    return isinstance(value, expected) and not (expected is int and isinstance(value, bool))


def _in_words(expected: Any) -> str:  # noqa: ANN401, PLR0911 - a line for each form of type
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in {Union, UnionType}:
        return " or ".join(_in_words(each) for each in arguments)
    if origin is Literal:
        return "one of " + ", ".join(repr(each) for each in arguments)
    if origin is type:
        return f"a subclass of {_in_words(arguments[0])}"
    if origin is Callable:
        return "a function"
    if origin is Mapping:
        return f"a mapping of {_in_words(arguments[0])} to {_in_words(arguments[1])}"
    if origin in {Sequence, tuple}:
        return f"a {'tuple' if origin is tuple else 'sequence'} of {_in_words(arguments[0])}"
    return "None" if expected is NoneType else str(expected.__name__)
