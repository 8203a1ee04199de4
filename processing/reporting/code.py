"""Hashes the code on which a report's rows depend, because other code may compute other rows from the same inputs."""

import ast
import functools
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from importlib.util import find_spec, resolve_name
from typing import Any, Final

from processing.declaring.report import ATTRIBUTE, Report

_WRITES: Final = ("processing.reporting.computing", "processing.reporting.files")
"""Modules that determine how the rows of any report are computed and written."""
_LIBRARIES: Final = ("narwhals", "polars")


@dataclass(frozen=True, slots=True)
class _Module:
    """A module's source."""

    name: str
    digest: str
    imports: tuple[str, ...]
    """Full names of its imports, modules or not."""


def code_hash(report: Report) -> str:
    """Return the hash of everything beside the inputs that determines a report's rows.

    It covers the report's file, the project's modules that the file imports, directly or indirectly, and the versions
    of the computing libraries. It also changes with changes that have no effect, such as a comment.
    """
    starts = [*_declaring(report), *_WRITES]
    found = {module.name: module.digest for module in _project_modules(starts)}
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    parts = [report.name, *report.key, *libraries, *(f"{name} {digest}" for name, digest in sorted(found.items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _declaring(report: Report) -> Iterator[str]:
    """Return the names of the modules that declare the report or define its query."""
    query: Any = report.query
    while isinstance(query, functools.partial):
        query = query.func  # pyright: ignore[reportUnknownMemberType]
    yield str(getattr(query, "__module__", None) or type(query).__module__)
    # A copy, because other threads may import meanwhile. Not getattr, because some modules import on attribute access.
    for name, module in sys.modules.copy().items():
        if getattr(module, "__dict__", {}).get(ATTRIBUTE) is report:
            yield name


def _project_modules(starts: list[str]) -> Iterator[_Module]:
    """Return some modules and their imports, as far as these are in the folders or archives of the first ones."""
    roots = {_root(name.partition(".")[0]) for name in starts}
    waiting, seen = [*starts], set(starts)
    while waiting:
        name = waiting.pop()
        # Only then, because looking for a module in a package imports the package.
        if _root(name.partition(".")[0]) in roots and (module := _module(name)):
            yield module
            waiting += (new := {*module.imports} - seen)
            seen |= new


@functools.cache
def _root(package: str) -> str | None:
    """Return the folder or archive of a package, or of a module outside packages."""
    spec = _spec(package)
    if spec is None or spec.origin is None:
        return None
    return spec.origin.removesuffix("/__init__.py" if spec.submodule_search_locations else ".py").removesuffix(package)


@functools.cache
def _module(name: str) -> _Module | None:
    """Return a module written in Python; None if there is no such module."""
    spec = _spec(name)
    # Files and zip archives, as on Glue.
    read = getattr(spec.loader, "get_source", None) if spec else None
    source = read(name) if read else None
    if spec is None or not isinstance(source, str):
        return None
    package = name if spec.submodule_search_locations else name.rpartition(".")[0]
    return _Module(name, hashlib.sha256(source.encode()).hexdigest(), tuple(_imports(source, package)))


def _spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    # The name belongs to something within a module.
    except (ImportError, ValueError):
        return None


def _imports(source: str, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
