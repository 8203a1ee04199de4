"""Converts names between Pulumi's camelCase and AWS's PascalCase."""

from collections.abc import Collection, Mapping
from typing import Any


def pascal(name: str) -> str:
    """Return a name in PascalCase, such as KmsMasterKeyId for kmsMasterKeyId."""
    return name[:1].upper() + name[1:]


def pascal_keys(
    value: Any,  # noqa: ANN401 - any JSON value
    *,
    renames: Mapping[str, str] | None = None,
    verbatim: Collection[str] = (),
) -> Any:  # noqa: ANN401 - the same JSON value
    """Return a value with every key in PascalCase, at every depth.

    Args:
        value: nested dictionaries and lists.
        renames: AWS's spelling of keys that do not follow the rule, such as {"sseAlgorithm": "SSEAlgorithm"}.
        verbatim: keys whose values are maps of the user's own keys, which stay unchanged.
    """
    if isinstance(value, list):
        return [pascal_keys(nested, renames=renames, verbatim=verbatim) for nested in value]
    if not isinstance(value, dict):
        return value
    spelled = renames or {}
    return {
        spelled.get(name, pascal(name)): nested
        if name in verbatim
        else pascal_keys(nested, renames=renames, verbatim=verbatim)
        for name, nested in value.items()
    }


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries that have a value."""
    return {name: value for name, value in values.items() if value is not None}


def camel_keys(value: Any, *, verbatim: Collection[str] = ()) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with every key in camelCase, at every depth; the reverse of `pascal_keys` without renames."""
    if isinstance(value, list):
        return [camel_keys(nested, verbatim=verbatim) for nested in value]
    if not isinstance(value, dict):
        return value
    names = {name: name[:1].lower() + name[1:] for name in value}
    return {
        names[name]: nested if names[name] in verbatim else camel_keys(nested, verbatim=verbatim)
        for name, nested in value.items()
    }
