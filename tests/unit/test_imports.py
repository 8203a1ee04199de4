"""Who may import whom, and that the source root `platform/` never shadows the standard library's module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The design's arrows: each part with the parts that it may import. `local` may read all; nothing imports it.
ALLOWED = {
    "dataplatform": {"dataplatform", "jobs.catalogue", "jobs.datasets", "jobs.marts", "lake"},
    "lake": {"lake"},
    "functions": {"functions", "lake"},
    "jobs": {"jobs", "lake"},
    # What asks the jobs' own code about a row is the jobs'.
    "ops": {"ops", "lake", "jobs.datasets", "jobs.marts", "jobs.tracing"},
    "init": {"init"},
    "local": {"local", "ops", "jobs", "lake", "functions", "dataplatform"},
}
OURS = {*ALLOWED, "tests", "bench"}
FOLDERS = {"dataplatform": "platform/dataplatform", "lake": "platform/lake"}
HEAVY = {"polars", "pulumi", "dataframely"}


def imports_of(file: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files_of(part: str) -> list[Path]:
    files = sorted((ROOT / FOLDERS.get(part, part)).rglob("*.py"))
    assert files, f"{part} has no files"
    return files


@pytest.mark.parametrize("part", ALLOWED)
def test_a_part_imports_only_what_the_design_allows(part: str) -> None:
    forbidden = {
        (str(file.relative_to(ROOT)), module)
        for file in files_of(part)
        for module in imports_of(file)
        if module.split(".")[0] in OURS
        and not any(module == allowed or module.startswith(f"{allowed}.") or allowed.startswith(f"{module}.")
                    for allowed in ALLOWED[part])
    }  # fmt: skip
    assert forbidden == set()


@pytest.mark.parametrize("part", ["lake", "functions"])
def test_what_a_lambda_runs_imports_neither_polars_nor_pulumi(part: str) -> None:
    heavy = {
        (str(file.relative_to(ROOT)), module)
        for file in files_of(part)
        for module in imports_of(file)
        if module.split(".")[0] in HEAVY
    }
    assert heavy == set()


def test_the_root_program_imports_components_only() -> None:
    ours = {module for module in imports_of(ROOT / "__main__.py") if module.split(".")[0] in OURS}
    assert {module.split(".")[0] for module in ours} == {"dataplatform"}


def test_the_source_root_named_platform_is_no_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_no_two_errors_have_one_name() -> None:
    # given where each error is defined
    places: dict[str, set[str]] = {}
    for part in ALLOWED:
        for file in files_of(part):
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                    places.setdefault(node.name, set()).add(str(file.relative_to(ROOT)))

    # then a name means one of them
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize("value", ["local", "test"])
def test_the_local_stack_and_the_emulators_credentials_are_defined_in_one_file(value: str) -> None:
    defined = {
        str(file.relative_to(ROOT))
        for part in ALLOWED
        for file in files_of(part)
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Constant)
        and node.value.value == value
    }
    assert len(defined) == 1, defined


def test_the_standard_librarys_platform_is_found_from_the_root() -> None:
    # when everything that trips over a package named platform is imported from the repository's root
    result = subprocess.run(
        [sys.executable, "-c", "import platform, uuid, boto3, grpc, pulumi; print(platform.system())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    # then it is the standard library's
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
