"""A local platform: emulator and stand-in sources running, the program's `local` stack deployed into them."""

import contextlib
import copy
import fcntl
import json
import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from emulation.aws.emulator import Emulator, emulator_process, stop_emulator
from emulation.processes import write_whole
from emulation.pulumi_engine import Deployment, EngineError, deploy, discard_state, read_stack_configuration
from emulation.sftp_server.process import USER, SourceServer
from emulation.sql_server.process import CONNECTION as DATABASE
from emulation.sql_server.process import SqlServer
from lake.stacks import LOCAL_STACK
from local.errors import LocalError
from ops.stack.target import find_target

PROGRAM: Final = Path(__file__).resolve().parent.parent
EMBEDDED_AWS: Final = "embedded AWS"
SFTP_SERVER: Final = "SFTP server"
SQL_SERVER: Final = "SQL Server"
DEFAULT_STATE_DIRECTORY: Final = Path(".local")
DEFAULT_PORT: Final = 4566
CONNECTION: Final = "dealer"
REGION_SETTING: Final = "aws:region"
CONNECTIONS_SETTING: Final = "data-platform:connections"
DATABASES_SETTING: Final = "data-platform:databases"
PARAMETER_PREFIX: Final = f"/data-platform/{LOCAL_STACK}"
_STAND_INS: Final = {CONNECTIONS_SETTING: CONNECTION, DATABASES_SETTING: DATABASE}
"""What a stand-in's address is put into: the setting, and the name in it."""

Progress = Callable[[str], None]


class PlatformBusyError(LocalError):
    """Another command is at work on the same platform."""


class PlatformPortError(LocalError):
    """The platform runs at another port than the one asked for."""


@dataclass(frozen=True, slots=True)
class LocalPlatform:
    """One platform on this machine, by the directory that keeps its state. Two can run side by side."""

    state_directory: Path
    port: int
    deploys: Callable[..., Deployment] = deploy
    """What deploys the program: our engine, or the real one."""

    @property
    def emulator(self) -> Emulator:
        """The embedded AWS."""
        return Emulator(self.port, str(_read_configuration()[REGION_SETTING]), self.state_directory)

    @property
    def source(self) -> SourceServer:
        """The stand-in SFTP server."""
        return SourceServer(self.state_directory)

    @property
    def sql_server(self) -> SqlServer:
        """The stand-in SQL Server."""
        return SqlServer(self.state_directory)

    def running(self) -> frozenset[str]:
        """Which of its processes run: EMBEDDED_AWS, SFTP_SERVER, SQL_SERVER."""
        processes = {
            EMBEDDED_AWS: emulator_process(self.state_directory),
            SFTP_SERVER: self.source.process,
            SQL_SERVER: self.sql_server.process,
        }
        return frozenset(name for name, process in processes.items() if process.is_running())

    def up(self, *, fresh: bool = False, progress: Progress = lambda _: None) -> Deployment:
        """Start what does not run yet and deploy the program.

        Args:
            fresh: throw away what the platform holds first.
            progress: told in a few words what happens.

        Raises:
            PlatformBusyError: another command is starting this platform.
            PlatformPortError: it runs, and at another port.
            emulation.aws.emulator.PortInUseError: the emulator's port is taken.
            emulation.processes.ProcessError: a process does not start.
            emulation.pulumi_engine.EngineError: the program cannot be deployed.
        """
        self.state_directory.mkdir(parents=True, exist_ok=True)
        with self._alone():
            return self._up(fresh=fresh, progress=progress)

    def _up(self, *, fresh: bool, progress: Progress) -> Deployment:
        if not self.emulator.process.is_running():
            progress("starting the embedded AWS")
            self.emulator.start()
            write_whole(_port_file(self.state_directory), str(self.port))
            self._new_instance()
        elif (stands_at := recorded_port(self.state_directory)) != self.port:
            raise PlatformPortError(
                f"the platform in {self.state_directory} stands at port {stands_at}, not at {self.port}: leave --port "
                "out, stop it with `python -m local down`, or name another directory with --state-dir"
            )
        elif fresh:
            progress("throwing away what the platform holds")
            self.emulator.reset()
            self._new_instance()
        if not self.source.process.is_running():
            progress("starting the stand-in SFTP server")
            self.source.start()
        deployment = self.deploys(
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
        if deployment.created:
            # Its certificate may be a new one, and it reads that at its start only.
            self.sql_server.process.stop()
        if not self.sql_server.process.is_running():
            progress("starting the stand-in SQL Server")
            self.sql_server.start(find_target(LOCAL_STACK, self.state_directory), PARAMETER_PREFIX)
        return deployment

    def down(self) -> None:
        """Stop everything and throw away what it held; the stand-in's files and logs stay."""
        self.source.process.stop()
        self.sql_server.process.stop()
        self.sql_server.discard_secrets()
        stop_emulator(self.state_directory)
        discard_state(self.state_directory)
        self._stack_file.unlink(missing_ok=True)
        self._instance_file.unlink(missing_ok=True)
        _port_file(self.state_directory).unlink(missing_ok=True)

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
        if SQL_SERVER not in ran_before:
            self.sql_server.process.stop()
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
        configuration = _read_configuration()
        connections = dict(cast("dict[str, dict[str, object]]", configuration[CONNECTIONS_SETTING]))
        # Over the person's own, so that the program still refuses what it does not know there.
        connections[CONNECTION] = connections[CONNECTION] | {
            "host": "127.0.0.1",
            "port": self.source.port,
            "user": USER,
            "hostKeys": [self.source.host_key],
        }
        databases = copy.deepcopy(cast("dict[str, dict[str, object]]", configuration[DATABASES_SETTING]))
        databases[DATABASE]["port"] = self.sql_server.port
        return {**configuration, CONNECTIONS_SETTING: connections, DATABASES_SETTING: databases}

    def _record_stack(self, exports: dict[str, Any]) -> None:
        """What `python -m ops --stack local` works from: where the stack is and what it exports."""
        record = {"endpoint": self.emulator.endpoint, "region": self.emulator.region, "exports": exports}
        write_whole(self._stack_file, json.dumps(record, indent=2))

    def _new_instance(self) -> None:
        write_whole(self._instance_file, uuid.uuid4().hex)

    @property
    def _stack_file(self) -> Path:
        return self.state_directory / "stack.json"

    @property
    def _instance_file(self) -> Path:
        return self.state_directory / "instance"


def find_platform(
    state_directory: Path, port: int | None = None, deploys: Callable[..., Deployment] = deploy
) -> LocalPlatform:
    """The platform of a directory: at the port that it has unless another is given, a new one at DEFAULT_PORT."""
    return LocalPlatform(state_directory, port or recorded_port(state_directory) or DEFAULT_PORT, deploys)


def recorded_port(state_directory: Path) -> int | None:
    """The port of the platform that keeps its state there; None if there is none."""
    try:
        return int(_port_file(state_directory).read_text())
    except (FileNotFoundError, ValueError):
        return None


def _port_file(state_directory: Path) -> Path:
    return state_directory / "port"


def _read_configuration() -> dict[str, object]:
    """The stack's settings, with those in place that the platform itself starts from. The program checks the others."""
    configuration = read_stack_configuration(PROGRAM, LOCAL_STACK)
    missing = [] if isinstance(configuration.get(REGION_SETTING), str) else [f"{REGION_SETTING}, such as eu-west-1"]
    for setting, name in _STAND_INS.items():
        entries = configuration.get(setting)
        if not isinstance(entries, dict) or not isinstance(cast("dict[str, object]", entries).get(name), dict):
            missing.append(f"{setting}.{name}")
    if missing:
        raise EngineError(f"{PROGRAM / f'Pulumi.{LOCAL_STACK}.yaml'} lacks {' and '.join(missing)}")
    return configuration
