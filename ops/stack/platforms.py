"""The local platforms of this clone: where they keep their state, and which of them are up."""

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ops.stack.errors import InvalidInputError

CLONE: Final = Path(__file__).absolute().parents[2]
DEFAULT_STATE_DIRECTORY: Final = (CLONE / ".local").resolve()
STATE_VARIABLE: Final = "DATAPLATFORM_STATE_DIR"
"""Environment variable that names a platform's directory."""
RECORD: Final = "stack.json"
"""File of a platform's directory with its address and its exports."""
_ELSEWHERE: Final = CLONE / ".build" / "state-directories"
"""A line for each directory that a platform of this clone was started in, beside the default one."""
_ANSWERS_WITHIN: Final = 0.5
"""Seconds. What runs on this machine accepts a connection at once."""


def remember(state_directory: Path) -> None:
    """Note a directory that a platform is started in, so that later commands find it without being given it."""
    known = [each for each in _noted() if (each / RECORD).is_file() and each != state_directory]
    if state_directory != DEFAULT_STATE_DIRECTORY:
        known.append(state_directory)
    if known or _ELSEWHERE.exists():
        _ELSEWHERE.parent.mkdir(exist_ok=True)
        _ELSEWHERE.write_text("".join(f"{each}\n" for each in known))


def platforms_up() -> list[Path]:
    """The directories of the clone's platforms whose emulator accepts connections."""
    known = dict.fromkeys((DEFAULT_STATE_DIRECTORY, *_noted()))
    return [each for each in known if _is_up(each)]


def the_platform(state_directory: Path | None) -> Path:
    """The directory that a command works on: the given one, else the one platform that is up, else the default.

    Raises:
        InvalidInputError: several are up.
    """
    if state_directory is not None:
        return state_directory.resolve()
    found = platforms_up()
    if len(found) > 1:
        listed = "".join(f"\n  --state-dir {each}" for each in found)
        raise InvalidInputError(
            f"several local platforms are running; name one with --state-dir or {STATE_VARIABLE}:{listed}"
        )
    return found[0] if found else DEFAULT_STATE_DIRECTORY


def _noted() -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        yield from (Path(line) for line in _ELSEWHERE.read_text().splitlines() if line)


def _is_up(state_directory: Path) -> bool:
    try:
        address = urlsplit(json.loads((state_directory / RECORD).read_text())["endpoint"])
        with socket.create_connection((str(address.hostname), address.port or 80), _ANSWERS_WITHIN):
            return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
