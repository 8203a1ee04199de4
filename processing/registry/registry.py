"""Finds declarations: each file of a package declares one object, which has the file's name."""

import pkgutil
from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from importlib import import_module
from typing import TypeVar

from processing.registry.declaration_file import DeclarationError, Kind, Named, read_declaration

DeclarationT = TypeVar("DeclarationT", bound=Named)


class Declarations(Mapping[str, DeclarationT]):
    """The declarations of a package's files, by name.

    A file is imported when its declaration is read, so a broken file stops only the commands that need it. The names
    are the file names: iteration, `len` and `in` import nothing. `values` and `items` import every file.
    """

    def __init__(self, package: str, path: Iterable[str], kind: Kind[DeclarationT]) -> None:
        """Find the files.

        Args:
            package: full name of the package, such as "datasets".
            path: the package's `__path__`. Its entries may be inside a zip archive, as on Glue.
            kind: the kind of declaration in each file.
        """
        self._package = package
        self._kind = kind
        # A leading underscore marks a helper module.
        self._names = sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))
        self._read: dict[str, DeclarationT | DeclarationError] = {}

    def __getitem__(self, name: str) -> DeclarationT:
        """Return the declaration with this name.

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
            # Without the traceback of an earlier reader.
            raise found.with_traceback(None)
        return found

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names in order."""
        return iter(self._names)

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        """Return true if there is a file with this name, broken or not."""
        return name in self._names

    def values(self) -> ValuesView[DeclarationT]:
        """Return every declaration.

        Raises:
            DeclarationError: some files cannot be used; the message lists each.
        """
        refuse_broken(self)
        return super().values()

    def items(self) -> ItemsView[str, DeclarationT]:
        """Return every declaration with its name.

        Raises:
            DeclarationError: some files cannot be used; the message lists each.
        """
        refuse_broken(self)
        return super().items()

    def unchecked(self, name: str) -> DeclarationT | None:
        """Return the unchecked declaration of a name; None if there is no such file or it declares nothing.

        Checks that compare files use it, because reading a declaration checks it.
        """
        if name not in self._names:
            return None
        try:
            declared = getattr(import_module(f"{self._package}.{name}"), self._kind.attribute, None)
        except KeyboardInterrupt:
            raise
        # The reader of that file gets the error.
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
    """Return the usable declarations, and the errors of the others, each by name."""
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
        DeclarationError: some files cannot be used; the message lists each in one line.
    """
    if broken := [str(error) for each in declared for error in usable(each)[1].values()]:
        raise DeclarationError("; ".join(broken))
