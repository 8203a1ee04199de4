"""A local platform: emulator and stand-in sources running, the program's `local` stack deployed into them."""

import contextlib
import fcntl
import json
import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from lake.stacks import LOCAL_STACK
from local.emulator import Emulator
from local.engine import Deployment, deploy, discard_state, read_stack_configuration
from local.source_server import USER, SourceServer

PROGRAM: Final = Path(__file__).resolve().parent.parent
EMBEDDED_AWS: Final = "embedded AWS"
SFTP_SERVER: Final = "SFTP server"
DEFAULT_STATE_DIRECTORY: Final = Path(".local")
CONNECTION: Final = "dealer"
CONNECTIONS_SETTING: Final = "data-platform:connections"

Progress = Callable[[str], None]


class PlatformBusyError(Exception):
    """Another command is at work on the same platform."""


@dataclass(frozen=True, slots=True)
class LocalPlatform:
    """One platform on this machine, by the directory that keeps its state. Two can run side by side."""

    state_directory: Path
    port: int

    @property
    def emulator(self) -> Emulator:
        """The embedded AWS."""
        region = read_stack_configuration(PROGRAM, LOCAL_STACK)["aws:region"]
        return Emulator(self.port, str(region), self.state_directory)

    @property
    def source(self) -> SourceServer:
        """The stand-in SFTP server."""
        return SourceServer(self.state_directory)

    def running(self) -> frozenset[str]:
        """Which of its two processes run: EMBEDDED_AWS, SFTP_SERVER."""
        processes = {EMBEDDED_AWS: self.emulator.process, SFTP_SERVER: self.source.process}
        return frozenset(name for name, process in processes.items() if process.is_running())

    def up(self, *, fresh: bool = False, progress: Progress = lambda _: None) -> Deployment:
        """Start what does not run yet and deploy the program.

        Args:
            fresh: throw away what the platform holds first.
            progress: told in a few words what happens.

        Raises:
            PlatformBusyError: another command is starting this platform.
            local.emulator.PortInUseError: the emulator's port is taken.
            local.processes.ProcessError: a process does not start.
            local.engine.EngineError: the program cannot be deployed.
        """
        self.state_directory.mkdir(parents=True, exist_ok=True)
        with self._alone():
            return self._up(fresh=fresh, progress=progress)

    def _up(self, *, fresh: bool, progress: Progress) -> Deployment:
        if not self.emulator.process.is_running():
            progress("starting the embedded AWS")
            self.emulator.start()
            self._new_instance()
        elif fresh:
            progress("throwing away what the platform holds")
            self.emulator.reset()
            self._new_instance()
        if not self.source.process.is_running():
            progress("starting the stand-in SFTP server")
            self.source.start()
        deployment = deploy(
            PROGRAM,
            stack=LOCAL_STACK,
            config=self._configuration(),
            endpoint=self.emulator.endpoint,
            state_directory=self.state_directory,
            instance=self._instance_file.read_text(),
            on_resource=lambda kind, name, operation: progress(f"{operation} {kind.split(':')[-1]} {name}"),
        )
        self.source.authorise(deployment.exports["connectionPublicKeys"][CONNECTION])
        self._record_stack(deployment.exports)
        return deployment

    def down(self) -> None:
        """Stop everything and throw away what it held; the stand-in's files and logs stay."""
        self.source.process.stop()
        self.emulator.process.stop()
        discard_state(self.state_directory)
        self._stack_file.unlink(missing_ok=True)
        self._instance_file.unlink(missing_ok=True)

    def abandon(self, ran_before: frozenset[str]) -> bool:
        """Stop what was started since these processes ran. If the embedded AWS ran, it stays with all that it holds.

        Returns:
            Whether a platform stays.
        """
        if EMBEDDED_AWS not in ran_before:
            self.down()
            return False
        if SFTP_SERVER not in ran_before:
            self.source.process.stop()
        return True

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        """Two deployments at once would each create what the other has not recorded yet."""
        with (self.state_directory / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PlatformBusyError(
                    f"another command is starting the platform in {self.state_directory}; wait for it, "
                    "or name another directory with --state-dir"
                ) from error
            yield

    def _configuration(self) -> dict[str, object]:
        """The stack's own configuration with the stand-in's address put in."""
        configuration = read_stack_configuration(PROGRAM, LOCAL_STACK)
        connections = dict(cast("dict[str, object]", configuration[CONNECTIONS_SETTING]))
        connections[CONNECTION] = {
            "host": "127.0.0.1",
            "port": self.source.port,
            "user": USER,
            "hostKeys": [self.source.host_key],
        }
        return {**configuration, CONNECTIONS_SETTING: connections}

    def _record_stack(self, exports: dict[str, Any]) -> None:
        """What `python -m ops --stack local` works from: where the stack is and what it exports."""
        record = {"endpoint": self.emulator.endpoint, "region": self.emulator.region, "exports": exports}
        self._stack_file.write_text(json.dumps(record, indent=2))

    def _new_instance(self) -> None:
        self._instance_file.write_text(uuid.uuid4().hex)

    @property
    def _stack_file(self) -> Path:
        return self.state_directory / "stack.json"

    @property
    def _instance_file(self) -> Path:
        return self.state_directory / "instance"
