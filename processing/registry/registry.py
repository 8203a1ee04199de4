"""Finds declarations: each file of a package declares one thing, under one name, and is called like it."""

import pkgutil
from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from importlib import import_module
from typing import TypeVar

from processing.registry.declaration_file import DeclarationError, Kind, Named, read_declaration

DeclarationT = TypeVar("DeclarationT", bound=Named)


class Declarations(Mapping[str, DeclarationT]):
    """What the files of a package declare, by name.

    A file is imported when its declaration is read, so a broken file stops only the commands that need it. Names are
    the files' names: iterating, `len` and `in` import nothing. `values` and `items` need every file.
    """

    def __init__(self, package: str, path: Iterable[str], kind: Kind[DeclarationT]) -> None:
        """Find the files.

        Args:
            package: full name of the package, such as "datasets".
            path: the package's `__path__`. Its entries may lie inside a zip archive, as on Glue.
            kind: what each file declares.
        """
        self._package = package
        self._kind = kind
        # A leading underscore marks a helper.
        self._names = sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))
        self._read: dict[str, DeclarationT | DeclarationError] = {}

    def __getitem__(self, name: str) -> DeclarationT:
        """The declaration of a name.

        Raises:
            DeclarationError: its file cannot be used.
            KeyError: there is no such file.
        """
        if name not in self._names:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = self._declaration(name)
        found = self._read[name]
        if isinstance(found, DeclarationError):
            # Without the traceback of whoever read it before.
            raise found.with_traceback(None)
        return found

    def __iter__(self) -> Iterator[str]:
        """The names, in their order."""
        return iter(self._names)

    def __len__(self) -> int:
        """The number of files."""
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        """Whether there is a file of this name, broken or not."""
        return name in self._names

    def values(self) -> ValuesView[DeclarationT]:
        """Every declaration.

        Raises:
            DeclarationError: some files cannot be used; the message lists each.
        """
        refuse_broken(self)
        return super().values()

    def items(self) -> ItemsView[str, DeclarationT]:
        """Every declaration with its name.

        Raises:
            DeclarationError: some files cannot be used; the message lists each.
        """
        refuse_broken(self)
        return super().items()

    def unchecked(self, name: str) -> DeclarationT | None:
        """What the file of a name declares, as it is; None if there is no such file or it declares nothing.

        A check that compares files uses it: to read a declaration checks it.
        """
        if name not in self._names:
            return None
        try:
            declared = getattr(import_module(f"{self._package}.{name}"), self._kind.attribute, None)
        except KeyboardInterrupt:
            raise
        # Whoever reads that file gets the error.
        except BaseException:  # noqa: BLE001 - a file may raise anything
            return None
        return declared if isinstance(declared, self._kind.declared) else None

    def _declaration(self, name: str) -> DeclarationT | DeclarationError:
        folder = self._package.replace(".", "/")
        others = [other for other in self._names if other != name]
        try:
            return read_declaration(
                self._kind, f"{folder}/{name}.py", lambda: import_module(f"{self._package}.{name}"), others
            )
        except DeclarationError as error:
            return error


def usable(
    declared: Mapping[str, DeclarationT],
) -> tuple[dict[str, DeclarationT], dict[str, DeclarationError]]:
    """The declarations that can be used, and the errors of the others, each by name."""
    found: dict[str, DeclarationT] = {}
    broken: dict[str, DeclarationError] = {}
    for name in declared:
        try:
            found[name] = declared[name]
        except DeclarationError as error:
            broken[name] = error
    return found, broken


def refuse_broken(*declared: Mapping[str, Named]) -> None:
    """Read every declaration.

    Raises:
        DeclarationError: some files cannot be used; the message lists each, in one line.
    """
    if broken := [str(error) for each in declared for error in usable(each)[1].values()]:
        raise DeclarationError("; ".join(broken))
