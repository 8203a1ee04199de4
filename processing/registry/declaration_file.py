"""Reads the declaration of one file. Whatever is wrong with the file becomes one line that names it."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Generic, Protocol, TypeVar

from lake.errors import LakeError
from lake.keys import check_name
from processing.errors import ProcessingError
from processing.registry.field_types import wrong_fields


class DeclarationError(ProcessingError):
    """A declaration's file that cannot be used: in one line which file, what is wrong, and what is expected."""


class Named(Protocol):
    """What every declaration has."""

    @property
    def name(self) -> str:
        """The declaration's name, which its file carries too."""
        ...


DeclarationT = TypeVar("DeclarationT", bound=Named)


@dataclass(frozen=True, slots=True)
class Kind(Generic[DeclarationT]):
    """One kind of declaration."""

    attribute: str
    """Name that each file gives to its declaration, such as "DATASET"."""
    declared: type[DeclarationT]
    """A dataclass, whose field types are checked."""
    check: Callable[[DeclarationT], None]
    """Raises a DeclarationError, which need not name the file, if a declaration contradicts itself."""


def read_declaration(
    kind: Kind[DeclarationT], file: str, load: Callable[[], ModuleType], others: Sequence[str] = ()
) -> DeclarationT:
    """Import a file and check what it declares.

    Args:
        kind: what it has to declare.
        file: its path, as errors name it.
        load: imports it.
        others: names that other files declare.

    Raises:
        DeclarationError: the file cannot be used.
    """
    try:
        check_name(PurePosixPath(file).stem)
        declaration = getattr(load(), kind.attribute, None)
        _check_declared(kind, file, declaration, others)
        assert isinstance(declaration, kind.declared)  # noqa: S101 - just checked
        kind.check(declaration)
    except KeyboardInterrupt:
        raise
    except (ProcessingError, LakeError) as error:
        raise DeclarationError(f"{file}: {_one_line(error)}") from error
    # A file may raise anything, also SystemExit or a panic of polars. It must not stop the other files.
    except BaseException as error:
        raise DeclarationError(f"{_place(file, error)}: {type(error).__name__}: {_unexpected(file, error)}") from error
    return declaration


def declaration_at(kind: Kind[DeclarationT], path: Path) -> DeclarationT:
    """The declaration of a file outside the package that is searched.

    Raises:
        DeclarationError: the file cannot be used.
    """

    def load() -> ModuleType:
        spec = spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise DeclarationError("is not a Python file; give it a name that ends in .py")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return read_declaration(kind, path.as_posix(), load)


def _check_declared(kind: Kind[DeclarationT], file: str, declaration: object, others: Sequence[str]) -> None:
    expected = kind.declared.__name__
    name = PurePosixPath(file).stem
    if not isinstance(declaration, kind.declared):
        raise DeclarationError(
            f"does not declare a {expected}; add a line `{kind.attribute} = {expected}(…)`, or start its name "
            "with an underscore if it is not a declaration"
        )
    if wrong := next(wrong_fields(declaration), None):
        raise DeclarationError(wrong)
    check_name(declaration.name)
    if declaration.name in others:
        raise DeclarationError(
            f"declares {declaration.name!r}, which {declaration.name}.py also declares; remove one of them"
        )
    if declaration.name != name:
        raise DeclarationError(
            f"declares {declaration.name!r}, which is not its own name; rename the file to "
            f"{declaration.name}.py or the declaration to {name!r}"
        )


def _place(file: str, error: BaseException) -> str:
    """The file, with the line if the error shows it."""
    if isinstance(error, SyntaxError) and _is_of(file, error.filename or ""):
        return f"{file}, line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if _is_of(file, frame.filename)]
    return f"{file}, line {lines[-1]}" if lines else file


def _is_of(file: str, place: str) -> bool:
    return Path(place).as_posix().endswith(file)


def _unexpected(file: str, error: BaseException) -> str:
    # The text of a syntax error repeats the place, which matters only if it is in a file that this one imports.
    if isinstance(error, SyntaxError) and _is_of(file, error.filename or ""):
        return error.msg
    return _one_line(error)


def _one_line(error: BaseException) -> str:
    # polars adds its plan after an empty line.
    return " ".join(str(error).partition("\n\n")[0].split())
