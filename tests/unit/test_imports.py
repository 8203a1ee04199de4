"""Which part may import which, and that the source root `platform/` never shadows the standard module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Each part with the parts that it may import. Imports run downwards only.
ALLOWED = {
    "dataplatform": {"dataplatform", "datasets", "reports", "processing", "lake"},
    "reports": {"reports", "datasets", "processing", "lake"},
    "datasets": {"datasets", "processing", "lake"},
    "processing": {"processing", "lake"},
    "lake": {"lake"},
    "functions": {"functions", "lake"},
    "jobs": {"jobs", "datasets", "reports", "processing", "lake"},
    "ops": {"ops", "datasets", "reports", "processing", "lake"},
    "init": {"init", "lake"},
    "sample": {"sample", "datasets", "processing", "lake"},
}
if not (ROOT / "sample").is_dir():
    # docs/make-it-yours.md deletes it.
    del ALLOWED["sample"]
# These may import everything, and no part above imports them.
LOCAL = ("emulation", "local")
OURS = {*ALLOWED, *LOCAL, "sample", "tests", "bench"}
FOLDERS = {"dataplatform": "platform/dataplatform"}
HEAVY = {"polars", "pulumi", "dataframely"}


def imports_of(file: Path) -> set[str]:
    """Return every module that a file imports, anywhere in it."""
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
    for part in (*ALLOWED, *LOCAL):
        for file in files_of(part):
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                    places.setdefault(node.name, set()).add(str(file.relative_to(ROOT)))

    # then each name means one of them
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


# Each part with the base class of all its errors, which callers catch.
FAMILIES = {
    "dataplatform": "ProgramError",
    "processing": "ProcessingError",
    "lake": "LakeError",
    "functions": "FunctionError",
    "jobs": "JobError",
    "ops": "OperatorError",
    "init": "BootstrapError",
    "emulation": "EmulationError",
    "local": "LocalError",
    "bench": "BenchError",
}


def bases_of_errors(part: str) -> dict[str, set[str]]:
    """Return the names of all base classes of each error that a part defines."""
    return {
        node.name: {base.id if isinstance(base, ast.Name) else ast.unparse(base) for base in node.bases}
        for file in files_of(part)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    }


@pytest.mark.parametrize("part", [*ALLOWED, *LOCAL, "bench"])
def test_every_error_of_a_part_derives_from_its_family(part: str) -> None:
    # given
    family = FAMILIES.get(part)
    bases = bases_of_errors(part)

    def derives(name: str) -> bool:
        return name == family or any(derives(base) for base in bases.get(name, ()))

    # then
    assert {name for name in bases if not derives(name)} == set()


@pytest.mark.parametrize("value", ["local", "test"])
def test_local_stack_and_its_credentials_are_in_one_file(value: str) -> None:
    defined = {
        str(file.relative_to(ROOT))
        for part in (*ALLOWED, *LOCAL)
        for file in files_of(part)
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Constant)
        and node.value.value == value
    }
    assert len(defined) == 1, defined


def test_the_standard_librarys_platform_is_found_from_the_root() -> None:
    # when code that a package named platform would break is imported from the repository's root
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


def test_the_program_fits_on_one_page() -> None:
    program = ROOT / "__main__.py"
    imports = [
        node for node in ast.walk(ast.parse(program.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert len(program.read_text().splitlines()) <= 100
    assert len(imports) <= 20
