"""Small programs that the real Pulumi CLI deploys into the emulator."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulation.aws.emulator import Emulator
from emulation.pulumi_engine.cli.home import cli_environment, prepare_home
from emulation.pulumi_engine.cli.provide import Cli, find_cli
from ops.stack.target import local_environment, local_session
from tests.support.emulators import REGION, running_emulator
from tests.support.program import ROOT
from tests.support.shell import Shell

IMPORTS = "import json\nimport pulumi, pulumi_aws as aws, pulumi_random as random, pulumi_tls as tls\n"


class Project:
    """A program, its state in a folder, and the emulator into which it is deployed."""

    def __init__(self, folder: Path, cli: Cli, emulator: Emulator) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        self._program = folder / "program"
        self._program.mkdir()
        (self._program / "Pulumi.yaml").write_text(
            f"name: engine\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {ROOT / '.venv'}}}}}\n"
        )
        self._emulator = emulator
        variables = {
            **cli_environment(cli, prepare_home(folder / "home")),
            **local_environment({}),
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "the passphrase of the engine's tests",
            "PULUMI_SKIP_CONFIRMATIONS": "true",
        }
        self.shell = Shell(self._program, variables, folder / "left")

    def write(self, source: str) -> None:
        """Write the program."""
        (self._program / "__main__.py").write_text(IMPORTS + source)

    def init(self, stack: str) -> None:
        """Create a stack in the region of the tests."""
        self.shell.must(f"pulumi stack init {stack} --secrets-provider passphrase")
        file = self._program / f"Pulumi.{stack}.yaml"
        made = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**made, "config": {"aws:region": REGION}}))

    def changes(self, stack: str) -> dict[str, int]:
        """Return what the stack's last deployment did, by kind."""
        history = json.loads(self.shell.must(f"pulumi stack history --stack {stack} --json --page-size 1"))
        found: dict[str, int] = history[0].get("resourceChanges", {})
        return found

    def outputs(self, stack: str, *words: str) -> dict[str, Any]:
        """Return the stack's outputs."""
        found: dict[str, Any] = json.loads(
            self.shell.must(f"pulumi stack output --json --stack {stack} {' '.join(words)}")
        )
        return found

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a client of the emulator's root user."""
        make: Any = local_session(region).client
        return make(service, endpoint_url=self._emulator.endpoint)


@pytest.fixture(scope="session")
def engine_cli() -> Cli:
    """The Pulumi CLI that this checkout uses."""
    cli = find_cli()
    if cli is None:
        pytest.skip("this machine does not have a Pulumi CLI that fits: get one with `make pulumi`")
    return cli


@pytest.fixture(scope="session")
def cli_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator for all of these tests."""
    with running_emulator(tmp_path_factory.mktemp("emulator")) as started:
        yield started


@pytest.fixture
def project(tmp_path: Path, engine_cli: Cli, cli_emulator: Emulator) -> Project:
    """A project without a stack, in an empty account."""
    cli_emulator.reset()
    return Project(tmp_path, engine_cli, cli_emulator)


@pytest.fixture
def deployed(project: Project) -> Callable[[str], Project]:
    """Deploys a program into a new stack `one`."""

    def deploy(source: str) -> Project:
        project.write(source)
        project.init("one")
        project.shell.must("pulumi up --stack one")
        return project

    return deploy
