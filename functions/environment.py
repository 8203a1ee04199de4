"""Reads a function's environment variables into a msgspec struct whose fields name the variables."""

import os
from collections.abc import Mapping
from typing import Any, TypeVar, get_origin

import msgspec

from functions.errors import FunctionError

ModelT = TypeVar("ModelT", bound=msgspec.Struct)


class InvalidEnvironmentError(FunctionError):
    """An environment variable of the function is missing or invalid; the message names it."""


def read_environment(model: type[ModelT], environment: Mapping[str, str] | None = None) -> ModelT:
    """Read the variables that a model names.

    The type of a field decides how its variable is parsed: a dict is a JSON object, a tuple is a list of values
    separated by commas, and msgspec converts the text for any other type.

    Args:
        model: a msgspec struct. `msgspec.field(name="…")` names a field's variable; other variables are ignored.
        environment: the variables; the process's environment by default.

    Raises:
        InvalidEnvironmentError: A variable is missing or does not have the form that the model requires.
    """
    variables = os.environ if environment is None else environment
    fields = msgspec.structs.fields(model)
    missing = [field.encode_name for field in fields if field.required and field.encode_name not in variables]
    if missing:
        raise InvalidEnvironmentError(
            f"the function's environment does not have {', '.join(missing)}; deploy the stack again"
        )
    given = {
        field.encode_name: _parsed(field.encode_name, field.type, variables[field.encode_name])
        for field in fields
        if field.encode_name in variables
    }
    try:
        return msgspec.convert(given, model, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from None


def _parsed(name: str, kind: Any, text: str) -> object:  # noqa: ANN401 - any annotation of a field
    if get_origin(kind) is tuple:
        return [value for value in text.split(",") if value]
    if get_origin(kind) is not dict:
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise _wrong(f"{error} - in `{name}`") from None


def _wrong(what: str) -> InvalidEnvironmentError:
    return InvalidEnvironmentError(f"the function's environment is invalid: {what}; deploy the stack again")
