"""Finds declarations: each module of a package declares one thing, under one name, and the module is called like it."""

import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, TypeVar

from lake.keys import InvalidKeyError, check_name
from processing.errors import ProcessingError


class DeclarationError(ProcessingError):
    """A declaration's file that cannot be used: what is wrong, in which module, and what is expected."""


class Named(Protocol):
    """What every declaration has."""

    @property
    def name(self) -> str:
        """The declaration's name, which its module carries too."""
        ...


DeclarationT = TypeVar("DeclarationT", bound=Named)


def find_declarations(
    package: str, path: Iterable[str], attribute: str, kind: type[DeclarationT]
) -> Mapping[str, DeclarationT]:
    """Import every module of a package and collect what each declares, in the order of the names.

    Args:
        package: full name of the package, such as "datasets".
        path: the package's `__path__`. Its entries may lie inside a zip archive, as on Glue.
        attribute: name that each module gives to its declaration, such as "DATASET".
        kind: class of the declaration.

    Raises:
        DeclarationError: a module declares nothing, something of another class, or under another name than its own.
    """
    # A leading underscore marks a helper.
    modules = sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))
    found: dict[str, DeclarationT] = {}
    for module_name in modules:
        declaration = _read(f"{package}.{module_name}", attribute, kind)
        _check_declared_name(f"{package}.{module_name}", module_name, declaration, found)
        found[declaration.name] = declaration
    return MappingProxyType(found)


def _read(module_name: str, attribute: str, kind: type[DeclarationT]) -> DeclarationT:
    declaration = getattr(import_module(module_name), attribute, None)
    if not isinstance(declaration, kind):
        raise DeclarationError(
            f"module {module_name} declares no {kind.__name__}: give it a line `{attribute} = {kind.__name__}(…)`, "
            "or start its name with an underscore if it declares none"
        )
    return declaration


def _check_declared_name(
    full_module_name: str, module_name: str, declaration: DeclarationT, found: Mapping[str, DeclarationT]
) -> None:
    try:
        check_name(declaration.name)
    except InvalidKeyError as error:
        raise DeclarationError(f"module {full_module_name}: {error}") from error
    if declaration.name in found:
        raise DeclarationError(
            f"module {full_module_name} declares {declaration.name!r}, which module {declaration.name} declares too: "
            "one file declares one thing; remove one of them"
        )
    if declaration.name != module_name:
        raise DeclarationError(
            f"module {full_module_name} declares {declaration.name!r}: rename the file to {declaration.name}.py "
            f"or the declaration to {module_name!r}"
        )
