"""A person's shell: exported variables stay for the next command, and each command is shown with its duration."""

import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_BASH = shutil.which("bash") or "/bin/bash"
# The environment that a command leaves is read from a file, so its output is not mixed with it.
_SCRIPT = 'eval "$TYPED"; status=$?; unset TYPED; env -0 > "$LEFT"; exit $status'


@dataclass(frozen=True)
class Typed:
    """The result of a command."""

    status: int
    output: str

    @property
    def last_lines(self) -> str:
        """Return the end of its output, for a message."""
        return "\n".join(self.output.splitlines()[-60:])


class Shell:
    """A shell in a folder."""

    def __init__(self, folder: Path, variables: Mapping[str, str], left: Path) -> None:
        """Begin with exactly these variables.

        Args:
            folder: where commands are run.
            variables: the environment.
            left: a file for its own use.
        """
        self.folder = folder
        self.variables = dict(variables)
        self._left = left

    def type(self, command: str, **also: str) -> Typed:
        """Run a command, with some variables for it alone."""
        started = time.monotonic()
        environment = {**self.variables, **also, "TYPED": command, "LEFT": str(self._left)}
        result = subprocess.run(
            [_BASH, "-c", _SCRIPT], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        for name, _, value in (entry.partition("=") for entry in self._left.read_text().split("\0") if entry):
            if name not in {*also, "LEFT", "_", "PWD"}:
                self.variables[name] = value
        whose = f" [{also['AWS_PROFILE']}]" if "AWS_PROFILE" in also else ""
        print(f"    {time.monotonic() - started:5.1f} s  {command}{whose}", flush=True)
        return Typed(result.returncode, result.stdout)

    def must(self, command: str, **also: str) -> str:
        """Run a command that must succeed; return its output."""
        typed = self.type(command, **also)
        assert typed.status == 0, f"`{command}` exited with {typed.status}:\n{typed.last_lines}"
        return typed.output
