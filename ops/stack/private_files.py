"""Files and folders that only their owner may read, whatever the umask. The mode is set before anything is written."""

import os
from pathlib import Path
from typing import BinaryIO, Final

PRIVATE_UMASK: Final = 0o077
"""The umask of a process that writes into such a folder."""
_FILE: Final = 0o600
_FOLDER: Final = 0o700


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents. An existing folder keeps its mode."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=_FOLDER, exist_ok=True)


def make_state_folder(folder: Path) -> None:
    """Create a local platform's folder, which no other user can read and git ignores.

    A folder that contains anything else belongs to a person and is not changed; then each file in it is private.
    """
    make_private_folder(folder)
    ignored = folder / ".gitignore"
    if not any(each.name != "lock" for each in folder.iterdir()):
        folder.chmod(_FOLDER)
        write_private(ignored, "*\n")


def open_private(file: Path) -> BinaryIO:
    """Open a file for writing from its start. An existing file first loses the permissions of other users."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE)
    os.fchmod(descriptor, _FILE)
    return os.fdopen(descriptor, "wb")


def write_private(file: Path, content: str | bytes) -> None:
    """Write a whole file."""
    with open_private(file) as opened:
        opened.write(content.encode() if isinstance(content, str) else content)
