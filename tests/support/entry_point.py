"""`dataplatform` for a copy of the checkout, as `make` installs it, with this interpreter and its packages."""

import shutil
import sys
from pathlib import Path

from tests.support.program import ROOT


def install_entry_point(clone: Path) -> None:
    """Give a copy its own environment in .venv, with everything from this one and the command."""
    here, there = Path(sys.prefix), clone / ".venv"
    (there / "bin").mkdir(parents=True)
    for entry in (*here.iterdir(), *(here / "bin").iterdir()):
        link = there / entry.relative_to(here)
        if not link.exists() and entry.name != "dataplatform":
            link.symlink_to(entry)
    shutil.copy2(ROOT / "local/dataplatform.sh", there / "bin/dataplatform")
