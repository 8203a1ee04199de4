"""The commands as a person types them, on a separate platform."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from emulation.aws.emulator import check_port_is_free
from tests.support.emulators import free_port


class CommandLine:
    """A platform that is used only through its commands.

    Args:
        state: directory of the platform's state.
        program: folder in which the commands are typed.
    """

    def __init__(self, state: Path, program: Path) -> None:
        self.state, self.program, self.port = state, program, free_port()

    def arguments(self, module, *words):
        platform = ["--state-dir", str(self.state)]
        if module == "ops":
            return [sys.executable, "-m", "ops", "--stack", "local", *platform, *words]
        port = [] if words[0] == "down" else ["--port", str(self.port)]
        return [sys.executable, "-m", module, *words, *platform, *port]

    def run(self, module, *words, cwd=None, also=None):
        environment = {**os.environ, "COLUMNS": "200", **(also or {})}
        return subprocess.run(
            self.arguments(module, *words),
            cwd=cwd or self.program,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def clear_up(self):
        """Stop the platform if one was started."""
        if (self.state / "instance").exists():
            self.run("local", "down")


def listens(port):
    try:
        check_port_is_free(port)
    except Exception:  # noqa: BLE001 - taken, for whatever reason
        return True
    return False


def processes_that_name(text):
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if text in command and process.pid != os.getpid() and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(command)
    return found
