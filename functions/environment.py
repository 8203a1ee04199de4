"""A function's environment variables as a model: a msgspec struct, whose fields name the variables."""

import os
from collections.abc import Mapping
from typing import Any, TypeVar, get_origin

import msgspec

from functions.errors import FunctionError

ModelT = TypeVar("ModelT", bound=msgspec.Struct)


class InvalidEnvironmentError(FunctionError):
    """Environment variables of the function are missing or wrong; the message names them."""


def read_environment(model: type[ModelT], environment: Mapping[str, str] | None = None) -> ModelT:
    """Read the variables that a model names.

    A field's type decides how its variable is read: a dict is a JSON object, a tuple is values with commas between
    them, anything else is the text itself, which msgspec converts.

    Args:
        model: a msgspec struct. `msgspec.field(name="…")` names a field's variable; other variables do not matter.
        environment: the process's own if it is not given.

    Raises:
        InvalidEnvironmentError: a variable is missing, or does not have the form that the model asks for.
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
