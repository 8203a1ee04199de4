"""The embedded AWS: ministack as a background process, with IAM enforced, on loopback only."""

import os
import shutil
import socket
import ssl
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulation.errors import EmulationError
from emulation.processes import BackgroundProcess, StartingProcess
from ops.stack.private_files import make_private_folder
from ops.stack.target import EMULATOR_ACCESS_KEY, EMULATOR_SECRET_KEY, TEMPORARY_FILES, local_environment

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 30.0
RESET_SECONDS: Final = 600.0
PATIENCE_VARIABLE: Final = "DATA_PLATFORM_PATIENCE"
DECISIONS_VARIABLE: Final = "DATA_PLATFORM_DECISIONS"
"""Names a file that each IAM decision on a role is written to."""


class PortInUseError(EmulationError):
    """Something else listens on the port."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """One emulator, by its port and the directory that keeps its state."""

    port: int
    region: str
    state_directory: Path
    tls: bool = False
    """Whether it answers by TLS only, with a certificate of its own."""
    patience: int = 1
    """How many times as long as its timeout a function may run: a slow machine needs more than Lambda."""

    @property
    def endpoint(self) -> str:
        """Where every AWS service of the emulator answers."""
        return f"{'https' if self.tls else 'http'}://{HOST}:{self.port}"

    @property
    def certificate(self) -> Path:
        """The certificate that a client has to trust, of an emulator that answers by TLS and runs."""
        return self.state_directory.resolve() / TEMPORARY_FILES / "ministack-tls" / "server.crt"

    @property
    def process(self) -> BackgroundProcess:
        """Its background process."""
        return emulator_process(self.state_directory)

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            PortInUseError: the port is taken.
            emulation.processes.ProcessError: it does not start.
        """
        self.launch().wait()

    def launch(self) -> StartingProcess:
        """Start it; the caller waits until it answers.

        Raises:
            PortInUseError: the port is taken.
        """
        check_port_is_free(self.port)
        temporary_files = self.state_directory.resolve() / TEMPORARY_FILES
        shutil.rmtree(temporary_files, ignore_errors=True)
        make_private_folder(temporary_files)
        environment = local_environment(os.environ) | {
            # It leaves each function's code and layers there.
            "TMPDIR": str(temporary_files),
            "AUTH": "true",
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": self.region,
            "AWS_ACCESS_KEY_ID": EMULATOR_ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": EMULATOR_SECRET_KEY,
            "AWS_ENDPOINT_URL": self.endpoint,
            # Other ports of its own, which nothing here uses and which would meet those of a second emulator.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            PATIENCE_VARIABLE: str(self.patience),
        }
        if self.tls:
            # What runs in it calls it too.
            environment |= {"USE_SSL": "1", "AWS_CA_BUNDLE": str(self.certificate)}
        module = "emulation.aws.recorded" if DECISIONS_VARIABLE in environment else "emulation.aws.server"
        return self.process.launch(
            [sys.executable, "-m", module], environment, is_ready=self.answers, within_seconds=START_SECONDS
        )

    def answers(self) -> bool:
        """Whether the emulator says that it is ready."""
        try:
            with self._opener().open(f"{self.endpoint}/_ministack/ready", timeout=ANSWER_SECONDS) as response:
                return response.status == 200  # noqa: PLR2004 - HTTP's OK
        except (urllib.error.URLError, ConnectionError, TimeoutError, FileNotFoundError):
            return False

    def reset(self) -> None:
        """Throw away everything that it holds."""
        request = urllib.request.Request(f"{self.endpoint}/_ministack/reset", method="POST")  # noqa: S310 - http on loopback
        with self._opener().open(request, timeout=RESET_SECONDS):
            pass

    def _opener(self) -> urllib.request.OpenerDirector:
        # Whatever proxy the environment names, it does not lead to this machine's loopback.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if self.tls:
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.certificate)))
        return urllib.request.build_opener(*handlers)


def emulator_process(state_directory: Path) -> BackgroundProcess:
    """The background process of the emulator that keeps its state there."""
    return BackgroundProcess("emulator", state_directory)


def stop_emulator(state_directory: Path) -> None:
    """Stop it, and delete the temporary files of it and of all that ran in it."""
    emulator_process(state_directory).stop()
    shutil.rmtree(state_directory / TEMPORARY_FILES, ignore_errors=True)


def check_port_is_free(port: int) -> None:
    """Check that nothing listens on a loopback port.

    Raises:
        PortInUseError: something does.
    """
    if not port_is_free(port):
        raise PortInUseError(
            f"port {port} on {HOST} is in use; stop the process that uses it, or choose another with --port"
        )


def port_is_free(port: int) -> bool:
    """Whether nothing listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
