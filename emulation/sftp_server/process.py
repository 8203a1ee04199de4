"""The stand-in for the partners' SFTP servers, as a background process with its keys and files."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulation.processes import BackgroundProcess, StartingProcess
from emulation.sftp_server.server import generate_host_key, host_key_line
from ops.stack.private_files import make_private_folder, write_private
from ops.stack.target import local_environment

USER: Final = "dataplatform"
START_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class SourceServer:
    """One stand-in server, identified by the directory of its state. It keeps its port and host key across restarts."""

    state_directory: Path

    @property
    def process(self) -> BackgroundProcess:
        """The server's background process."""
        return BackgroundProcess("sftp-source", self.state_directory)

    @property
    def root(self) -> Path:
        """The directory that clients see as /."""
        return self._folder / "root"

    @property
    def port(self) -> int:
        """The server's port. Known after its first start."""
        return int(self._port_file.read_text())

    @property
    def host_key(self) -> str:
        """The server's public host key, in the form that a collector pins."""
        return host_key_line(self._host_key_file)

    def start(self) -> None:
        """Start the server, the first time on a free port, and wait until it listens.

        Raises:
            emulation.processes.ProcessError: The server does not start.
        """
        self.launch().wait()

    def launch(self) -> StartingProcess:
        """Start the server, the first time on a free port; the caller waits until it listens."""
        make_private_folder(self.root)
        if not self._host_key_file.exists():
            generate_host_key(self._host_key_file)
        port = self._port_file.read_text().strip() if self._port_file.exists() else "0"
        self._port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "emulation.sftp_server.server", "--user", USER, "--port", port]
        command += ["--root", str(self.root), "--host-key", str(self._host_key_file)]
        command += ["--authorized-keys", str(self._authorized_keys_file), "--ready-file", str(self._port_file)]
        return self.process.launch(
            command,
            local_environment(os.environ),
            is_ready=self._port_file.exists,
            within_seconds=START_SECONDS,
        )

    def authorise(self, *public_keys: str) -> None:
        """Let only the owners of these public keys log in."""
        write_private(self._authorized_keys_file, "".join(f"{key.strip()}\n" for key in public_keys))

    @property
    def _folder(self) -> Path:
        return self.state_directory / "sftp-source"

    @property
    def _host_key_file(self) -> Path:
        return self._folder / "host_key"

    @property
    def _authorized_keys_file(self) -> Path:
        return self._folder / "authorized_keys"

    @property
    def _port_file(self) -> Path:
        return self._folder / "port"
