"""`dataplatform` for a copy of the checkout, as `make` installs it: with this interpreter and its packages."""

import shutil
import sys
from pathlib import Path

from tests.support.program import ROOT


def install_entry_point(clone: Path) -> Path:
    """Write the command into the copy's .venv.

    Returns:
        The folder to put on PATH.
    """
    environment = clone / ".venv"
    (environment / "bin").mkdir(parents=True)
    for name in ("pyvenv.cfg", "lib"):
        (environment / name).symlink_to(Path(sys.prefix) / name)
    (environment / "bin/python").symlink_to(sys.executable)
    shutil.copy2(ROOT / "local/dataplatform.sh", environment / "bin/dataplatform")
    return environment / "bin"
