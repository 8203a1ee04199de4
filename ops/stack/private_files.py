"""Files and folders that only their owner may read, whatever the umask: made so before anything is in them."""

import os
from pathlib import Path
from typing import BinaryIO, Final

PRIVATE_UMASK: Final = 0o077
"""Of a process that writes into such a folder."""
_FILE: Final = 0o600
_FOLDER: Final = 0o700


def make_private_folder(folder: Path) -> None:
    """Make a folder, with those above it that are missing; one that exists keeps its mode."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=_FOLDER, exist_ok=True)


def make_state_folder(folder: Path) -> None:
    """Make a local platform's folder, which no other user reads and git ignores.

    A folder that holds anything else is a person's and stays as it is. Files in it are private one by one.
    """
    make_private_folder(folder)
    ignored = folder / ".gitignore"
    if not any(each.name != "lock" for each in folder.iterdir()):
        folder.chmod(_FOLDER)
        write_private(ignored, "*\n")


def open_private(file: Path) -> BinaryIO:
    """Open a file to write it from its start. An earlier one first loses what other users may do with it."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE)
    os.fchmod(descriptor, _FILE)
    return os.fdopen(descriptor, "wb")


def write_private(file: Path, content: str | bytes) -> None:
    """Write a whole file."""
    with open_private(file) as opened:
        opened.write(content.encode() if isinstance(content, str) else content)
