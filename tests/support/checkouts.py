"""A copy of this checkout to change: git's files, and archives that are already built."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def copy_checkout(folder):
    """Copy it to a new folder."""
    git = shutil.which("git")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if (ROOT / ".build").exists():
        # The images' layers have sparse files, which grow when copied; the tests' program has links to here.
        left_out = shutil.ignore_patterns("tmp*", "test-images", "tests-program", "pulumi")
        shutil.copytree(ROOT / ".build", folder / ".build", ignore=left_out)
