"""The contestants' virtual environments: each has only the packages that its contestants need."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent
ENVIRONMENTS: Final = _ROOT / ".bench"
"""Folder that contains a folder for each environment."""
_REQUIREMENTS: Final = _ROOT / "requirements"


def make_environment(requirements: str) -> None:
    """Create the virtual environment of a requirements file, again if the file has changed."""
    file, environment = _REQUIREMENTS / f"{requirements}.txt", ENVIRONMENTS / requirements
    wanted = hashlib.sha256(file.read_bytes()).hexdigest()
    stamp = environment / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"installing {file.name} into {environment}; some minutes, once")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
    install = [str(environment / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--require-hashes", "-r", str(file)], check=True)
    stamp.write_text(wanted)
