"""The program with the tests' own declarations, so tests are independent of this checkout's datasets."""

import contextlib
import fcntl
import os
import shutil
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DECLARATIONS = ROOT / "tests" / "declarations"
"""Datasets, reports and stack files of the tests. pytest's setting `pythonpath` puts them before the checkout's own."""
_LEFT_OUT = {"tests", "sample"}
_BUILT = ("layer-*", "jobs.gluewheels*")
"""Archives of third-party packages, which take a minute to build and do not depend on the declarations."""


@cache
def program_folder() -> Path:
    """A folder like this checkout's root, with the tests' own datasets, reports and stack files."""
    folder = ROOT / ".build" / "tests-program"
    link_program(folder)
    pack_archives()
    _link_archives(folder)
    return folder


def link_program(folder: Path) -> None:
    """Turn a folder into the program with the tests' own declarations, without packing anything."""
    own = {entry.name: entry for entry in DECLARATIONS.iterdir() if not entry.name.startswith("__")}
    checkout = {entry.name: entry for entry in ROOT.iterdir() if not entry.name.startswith((".", "__p"))}
    for name, entry in {**checkout, **own}.items():
        if name not in _LEFT_OUT:
            _link(folder / name, entry)


def pack_archives() -> None:
    """Pack third-party packages in this checkout once, which takes a minute."""
    # Imported here, because it takes a second and most tests do not need it.
    from dataplatform.aws.packaging import function_layer, job_wheels

    (ROOT / ".build").mkdir(exist_ok=True)
    with (ROOT / ".build" / "packing.lock").open("w") as lock, contextlib.chdir(ROOT):
        fcntl.flock(lock, fcntl.LOCK_EX)
        function_layer("arm64")
        job_wheels()


def copy_program(folder: Path) -> Path:
    """Copy the program with the tests' own declarations to a new folder, to change it or to run commands in it."""
    ignored = shutil.ignore_patterns("__pycache__", "bench", "site")
    shutil.copytree(program_folder(), folder, ignore=lambda where, names: {*ignored(where, names), *_hidden(names)})
    _link_archives(folder)
    return folder


def _hidden(names: list[str]) -> set[str]:
    return {name for name in names if name.startswith(".")}


def _link_archives(folder: Path) -> None:
    for pattern in _BUILT:
        for built in (ROOT / ".build").glob(pattern):
            _link(folder / ".build" / built.name, built)


def _link(link: Path, entry: Path) -> None:
    """Two of pytest's processes may run this at once."""
    link.parent.mkdir(parents=True, exist_ok=True)
    unfinished = link.with_name(f"{link.name}.{os.getpid()}")
    if entry.suffix == ".stamp":
        # The program writes it in place: through a link it would replace the checkout's archive.
        shutil.copyfile(entry, unfinished)
    else:
        unfinished.symlink_to(entry)
    unfinished.replace(link)
