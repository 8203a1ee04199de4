"""A local platform: emulator and stand-in sources running, the program's `local` stack deployed into them."""

import contextlib
import fcntl
import json
import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emulation.aws.emulator import Emulator, emulator_process, stop_emulator
from emulation.processes import BackgroundProcess, write_whole
from emulation.pulumi_engine import (
    Deployment,
    discard_state,
    load_packages,
)
from emulation.pulumi_engine.pulumi_cli import PulumiProject, discard_pulumi
from emulation.sftp_server.process import USER, SourceServer
from emulation.sql_server.process import SqlServer, known_servers
from lake.stacks import LOCAL_STACK
from local.demo.sample import find_sample
from local.engine import DEPLOYS, Engine, choose_engine, engine_of
from local.errors import LocalError
from local.stack_file import CONNECTIONS_SETTING, DATABASES_SETTING, REGION_SETTING, entries, read_configuration
from ops.stack.platforms import RECORD
from ops.stack.private_files import make_state_folder, open_private
from ops.stack.target import find_target

PROGRAM: Final = Path(__file__).resolve().parent.parent
EMBEDDED_AWS: Final = "embedded AWS"
SFTP_SERVER: Final = "SFTP server"
SQL_SERVER: Final = "SQL Server"
DEFAULT_PORT: Final = 4566
PATIENCE: Final = 10
"""How many times as long as its timeout a function may run on this machine, which may be busy with other work."""
PARAMETER_PREFIX: Final = f"/data-platform/{LOCAL_STACK}"

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
    engine: Engine | None = None
    """What deploys the program; None is what deployed before, and the embedded driver for a new platform."""
    program: Path = PROGRAM
    """Folder of the program and of its stack's file."""

    @property
    def emulator(self) -> Emulator:
        """The embedded AWS."""
        region = str(read_configuration(self.program)[REGION_SETTING])
        return Emulator(self.port, region, self.state_directory, patience=PATIENCE)

    @property
    def source(self) -> SourceServer:
        """The stand-in for every SFTP server of the stack: one server, one folder of files."""
        return SourceServer(self.state_directory)

    @property
    def sql_servers(self) -> dict[str, SqlServer]:
        """The stand-ins for the SQL Servers that the stack's file names."""
        names = entries(read_configuration(self.program), DATABASES_SETTING)
        return {name: SqlServer(self.state_directory, name) for name in names}

    def parts(self) -> frozenset[str]:
        """What runs of a platform that is up."""
        return frozenset(self._processes())

    def running(self) -> frozenset[str]:
        """Which of its parts run."""
        return frozenset(name for name, process in self._processes().items() if process.is_running())

    def _processes(self) -> dict[str, BackgroundProcess]:
        """By name: EMBEDDED_AWS, SFTP_SERVER, and SQL_SERVER with the server's own name."""
        return {
            EMBEDDED_AWS: emulator_process(self.state_directory),
            SFTP_SERVER: self.source.process,
            **{f"{SQL_SERVER} {server.name}": server.process for server in self._known_sql_servers()},
        }

    def _known_sql_servers(self) -> list[SqlServer]:
        """Those that ever ran, whatever the stack's file names now."""
        return [SqlServer(self.state_directory, name) for name in known_servers(self.state_directory)]

    def up(self, *, fresh: bool = False, progress: Progress = lambda _: None) -> Deployment:
        """Start what does not run yet and deploy the program.

        Args:
            fresh: throw away what the platform holds first.
            progress: told in a few words what happens.

        Raises:
            PlatformBusyError: another command is starting this platform.
            PlatformPortError: it runs, and at another port.
            local.engine.PlatformEngineError: it was deployed by the other engine.
            emulation.aws.emulator.PortInUseError: the emulator's port is taken.
            emulation.processes.ProcessError: a process does not start.
            emulation.pulumi_engine.EngineError: the program cannot be deployed.
        """
        make_state_folder(self.state_directory)
        with self._alone():
            return self._up(fresh=fresh, progress=progress)

    def _up(self, *, fresh: bool, progress: Progress) -> Deployment:
        if self.emulator.process.is_running():
            self._use_emulator(fresh=fresh, progress=progress)
            starting = None
        else:
            progress("starting the embedded AWS")
            starting = self.emulator.launch()
            write_whole(_port_file(self.state_directory), str(self.port))
            self._new_instance()
        if not self.source.process.is_running():
            progress("starting the stand-in SFTP server")
            self.source.start()
        if starting is not None:
            # Meanwhile: on two cores, both are ready at the same time.
            progress("loading the program's packages")
            load_packages()
            progress("waiting for the embedded AWS")
            starting.wait()
        instance = self._instance_file.read_text()
        engine = choose_engine(self.engine, self.state_directory, instance)
        deployment = DEPLOYS[engine](
            self.program,
            stack=LOCAL_STACK,
            config=self._configuration(),
            endpoint=self.emulator.endpoint,
            state_directory=self.state_directory,
            instance=instance,
            on_resource=lambda kind, name, operation: progress(f"{operation} {kind.split(':')[-1]} {name}"),
        )
        self.source.authorise(*deployment.exports["connectionPublicKeys"].values())
        self._record_stack(deployment.exports)
        if deployment.created or deployment.replaced:
            # Their certificates may be new ones, which they read at their start only.
            for server in self._known_sql_servers():
                server.process.stop()
        for name in self.sql_servers:
            self.start_sql_server(name, progress)
        return deployment

    def _use_emulator(self, *, fresh: bool, progress: Progress) -> None:
        """Use the emulator that runs, emptied if that is asked for."""
        if (recorded := recorded_port(self.state_directory)) != self.port:
            raise PlatformPortError(
                f"the platform in {self.state_directory} uses port {recorded}, not {self.port}; leave --port out, "
                "stop the platform with `dataplatform down`, or name another directory with --state-dir"
            )
        if fresh:
            progress("deleting everything that the platform holds")
            self.emulator.reset()
            self._new_instance()

    def start_sql_server(self, name: str, progress: Progress = lambda _: None) -> None:
        """Start one of the stand-in SQL Servers unless it runs. The sample fills the one that it is about.

        Raises:
            emulation.processes.ProcessError: it does not start.
        """
        server, sample = self.sql_servers[name], find_sample()
        if not server.process.is_running():
            progress(f"starting the stand-in SQL Server {name}")
            seed = sample.seed_table if sample and sample.database == name else None
            server.start(find_target(LOCAL_STACK, self.state_directory), PARAMETER_PREFIX, seed)

    def down(self) -> None:
        """Stop everything and throw away what it held; the stand-in's files and logs stay."""
        self.source.process.stop()
        for server in self._known_sql_servers():
            server.process.stop()
            server.discard_secrets()
        stop_emulator(self.state_directory)
        discard_state(self.state_directory)
        discard_pulumi(self.state_directory)
        self._stack_file.unlink(missing_ok=True)
        self._instance_file.unlink(missing_ok=True)
        _port_file(self.state_directory).unlink(missing_ok=True)

    def pulumi_project(self) -> PulumiProject:
        """The project that the Pulumi CLI deployed into the running emulator.

        Raises:
            LocalError: the platform does not run, or the embedded driver deployed it.
        """
        instance = self._instance_file.read_text() if self.emulator.process.is_running() else ""
        if not instance or engine_of(self.state_directory, instance) is not Engine.PULUMI:
            raise LocalError(
                f"the Pulumi CLI has not deployed a platform in {self.state_directory}; start one with "
                "`dataplatform up --engine pulumi`"
            )
        return PulumiProject(self.state_directory, instance, LOCAL_STACK)

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
        for server in self._known_sql_servers():
            if f"{SQL_SERVER} {server.name}" not in ran_before:
                server.process.stop()
        return True

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        """Two deployments at once would each create what the other has not recorded yet."""
        with open_private(self.state_directory / "lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PlatformBusyError(
                    f"another command is starting the platform in {self.state_directory}; wait for it, "
                    "or name another directory with --state-dir"
                ) from error
            yield

    def _configuration(self) -> dict[str, object]:
        """The stack's own configuration with the stand-ins' addresses put in."""
        configuration = read_configuration(self.program)
        # Over the person's own, so that the program still refuses what it does not know there.
        sftp_server = {
            "host": "127.0.0.1",
            "port": self.source.port,
            "user": USER,
            "hostKeys": [self.source.host_key],
        }
        connections = {
            name: connection | sftp_server for name, connection in entries(configuration, CONNECTIONS_SETTING).items()
        }
        databases = {
            name: database | {"port": self.sql_servers[name].port}
            for name, database in entries(configuration, DATABASES_SETTING).items()
        }
        return {**configuration, CONNECTIONS_SETTING: connections, DATABASES_SETTING: databases}

    def _record_stack(self, exports: dict[str, Any]) -> None:
        """What `dataplatform` works from: where the stack is and what it exports."""
        record = {"endpoint": self.emulator.endpoint, "region": self.emulator.region, "exports": exports}
        write_whole(self._stack_file, json.dumps(record, indent=2))

    def _new_instance(self) -> None:
        """Begin with an empty emulator: what either engine knows of an earlier one is gone."""
        discard_state(self.state_directory)
        discard_pulumi(self.state_directory)
        write_whole(self._instance_file, uuid.uuid4().hex)

    @property
    def _stack_file(self) -> Path:
        return self.state_directory / RECORD

    @property
    def _instance_file(self) -> Path:
        return self.state_directory / "instance"


def find_platform(state_directory: Path, port: int | None = None, engine: Engine | None = None) -> LocalPlatform:
    """The platform of a directory: at the port that it has unless another is given, a new one at DEFAULT_PORT."""
    return LocalPlatform(state_directory, port or recorded_port(state_directory) or DEFAULT_PORT, engine, PROGRAM)


def recorded_port(state_directory: Path) -> int | None:
    """The port of the platform that keeps its state there; None if there is none."""
    try:
        return int(_port_file(state_directory).read_text())
    except (FileNotFoundError, ValueError):
        return None


def _port_file(state_directory: Path) -> Path:
    return state_directory / "port"
