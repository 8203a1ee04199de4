"""An environment with Lambda's Python, if this machine has that version."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dataplatform.aws.packaging import FUNCTION_PYTHON

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements" / "functions-test.txt"
_UV = Path(sys.prefix) / "bin" / "uv"


def find_interpreter() -> str | None:
    """Return the first working interpreter from PATH, pyenv and uv; None if this machine has none."""
    return next((each for each in _candidates() if _works(each)), None)


def prepare_environment(interpreter: str) -> Path:
    """Create an environment of the interpreter with the pinned requirements. Return its Python.

    Raises:
        subprocess.CalledProcessError: uv failed; its standard error says why.
    """
    folder = ROOT / ".build" / f"tests-python{FUNCTION_PYTHON}"
    python, installed = folder / "bin" / "python", folder / "installed.txt"
    if installed.is_file() and installed.read_bytes() == REQUIREMENTS.read_bytes() and _works(str(python)):
        return python
    _uv("venv", "--clear", "--python", interpreter, str(folder))
    _uv("pip", "install", "--python", str(python), "--require-hashes", "-r", str(REQUIREMENTS))
    shutil.copyfile(REQUIREMENTS, installed)
    return python


def _candidates() -> Iterator[str]:
    name = f"python{FUNCTION_PYTHON}"
    if found := shutil.which(name):
        yield found
    # pyenv's program on PATH fails for versions that are not selected.
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from sorted(map(str, versions.glob(f"{FUNCTION_PYTHON}.*/bin/{name}")))
    found = subprocess.run(
        [_UV, "python", "find", "--managed-python", "--no-python-downloads", FUNCTION_PYTHON],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if found.returncode == 0:
        yield found.stdout.strip()


def _works(interpreter: str) -> bool:
    check = f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != '{FUNCTION_PYTHON}')"
    try:
        return subprocess.run([interpreter, "-c", check], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _uv(*words: str) -> None:
    subprocess.run([_UV, *words], check=True, capture_output=True, text=True)
