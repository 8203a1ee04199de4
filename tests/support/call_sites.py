"""Finds every line that calls AWS in the source, and which of them the recorder saw."""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import botocore.loaders
from botocore import xform_name
from pyiceberg.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {name: ROOT / name for name in ("functions", "lake", "processing", "jobs")}
"""The scanned packages."""
FILE_VARIABLE = "DATA_PLATFORM_CALL_SITES"
"""Environment variable with the file that call_site_recorder writes."""
SERVICES = ("cloudwatch", "dynamodb", "s3", "sqs", "ssm")
"""The services that they call."""
_BOTO3_OWN = {"get_paginator", "get_waiter", "upload_file", "upload_fileobj", "download_file", "download_fileobj"}
_SHORT = {"service_resource": {"query", "scan"}, "create_transfer_manager": {"upload", "download"}}
"""Operations whose names other classes share. They count only in modules that import the service's type."""


@dataclass(frozen=True, order=True)
class CallSite:
    """One call of AWS in the source."""

    file: str
    """Source file, such as "lake/table.py"."""
    line: int
    last_line: int
    function: str
    """Enclosing function or method, such as "DynamoTable.get"."""
    operation: str
    """Operation, such as "put_object"; for pages, the operation that returns them."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.operation} in {self.function}"

    def holds(self, file: str, line: int) -> bool:
        return self.file == file and self.line <= line <= self.last_line


def call_sites() -> list[CallSite]:
    """Return all call sites in order."""
    return sorted(
        site
        for package, folder in FOLDERS.items()
        for file in folder.rglob("*.py")
        for site in sites_of(f"{package}/{file.relative_to(folder)}", file.read_text())
    )


def sites_of(file: str, source: str) -> Iterator[CallSite]:
    """Return the call sites of a module."""
    module = ast.parse(source)
    imported = {alias.name for node in ast.walk(module) if isinstance(node, ast.ImportFrom) for alias in node.names}
    imported |= {
        part for node in ast.walk(module) if isinstance(node, ast.ImportFrom) for part in (node.module or "").split(".")
    }
    short = {name for owner, names in _SHORT.items() if owner in imported for name in names}
    of_a_catalogue = set(dir(Catalog)) if "pyiceberg" in imported else set()
    yield from _sites_in(module, file, (), (_operations() | _BOTO3_OWN | short) - of_a_catalogue)


def ran(file: Path) -> set[tuple[str, int]]:
    """Return source files and lines from the recorder."""
    return {(source, line) for source, line in map(json.loads, file.read_text().splitlines())}


@cache
def _operations() -> frozenset[str]:
    """Return the names of all operations of the services in boto3, except short ones."""
    loader = botocore.loaders.create_loader()
    names = {
        xform_name(operation)
        for service in SERVICES
        for operation in loader.load_service_model(service, "service-2")["operations"]
    }
    return frozenset(name for name in names if "_" in name)


def _sites_in(node: ast.AST, file: str, within: tuple[str, ...], operations: frozenset[str]) -> Iterator[CallSite]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and child.func.attr in operations:
            yield CallSite(file, child.lineno, child.end_lineno or child.lineno, ".".join(within), _operation_of(child))
        inner = isinstance(child, ast.FunctionDef | ast.ClassDef)
        yield from _sites_in(child, file, (*within, child.name) if inner else within, operations)


def _operation_of(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr in {"get_paginator", "get_waiter"}:
        [name] = call.args
        assert isinstance(name, ast.Constant)
        return str(name.value)
    return call.func.attr
