"""The real Pulumi engine in place of the embedded one: `dataplatform up --engine pulumi`.

The CLI attaches to this checkout's provider, so what it deploys is what the embedded driver deploys.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from emulation.pulumi_engine.cli.home import cli_environment, prepare_home
from emulation.pulumi_engine.cli.provide import Cli, find_cli
from emulation.pulumi_engine.deployment import Deployment
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.reconciliation import Observer
from ops.stack.private_files import PRIVATE_UMASK, make_private_folder, write_private
from ops.stack.target import EMULATOR_ACCESS_KEY, EMULATOR_SECRET_KEY, local_environment

_FOLDER: Final = "pulumi"
"""Folder of a platform's directory that has all of the CLI's: its home, and a state for each start of the emulator."""


@dataclass(frozen=True, slots=True)
class PulumiProject:
    """The program as the CLI deploys it into one start of the emulator."""

    state_directory: Path
    instance: str
    stack: str

    @property
    def folder(self) -> Path:
        """Folder of Pulumi.yaml and of the stack's file with the stand-ins' addresses."""
        return self.state_directory / _FOLDER / self.instance / "program"

    @property
    def stack_file(self) -> Path:
        """The stack's file."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def exists(self) -> bool:
        """Whether the CLI has deployed, or tried to."""
        return self.stack_file.exists()

    def variables(self, cli: Cli, endpoint: str, region: str) -> dict[str, str]:
        """What a shell needs so that any Pulumi command works on this stack.

        Args:
            cli: the CLI.
            endpoint: URL of the emulator.
            region: region of the stack.
        """
        backend = self.folder.parent / "state"
        make_private_folder(backend)
        return {
            **cli_environment(cli, prepare_home(self.state_directory / _FOLDER / "home")),
            **local_environment({}),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": region,
            "AWS_ACCESS_KEY_ID": EMULATOR_ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": EMULATOR_SECRET_KEY,
            "PULUMI_BACKEND_URL": backend.resolve().as_uri(),
            # The state holds the emulator's secrets alone, worth nothing elsewhere.
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_STACK": self.stack,
            "PULUMI_OPTION_CWD": str(self.folder.resolve()),
        }


def deploy_with_pulumi(
    program: Path,
    *,
    stack: str,
    config: Mapping[str, object],
    endpoint: str,
    state_directory: Path,
    instance: str,
    on_resource: Observer | None = None,
) -> Deployment:
    """Deploy a program as `emulation.pulumi_engine.deploy` does, by `pulumi up` with a state of its own.

    Args:
        program: folder of Pulumi.yaml and `__main__.py`.
        stack: name of the stack.
        config: the stack's settings by full key, such as "aws:region".
        endpoint: URL of the emulator.
        state_directory: where the state is stored; nothing of it is in any other backend.
        instance: names the running emulator; another one has a state of its own.
        on_resource: is not called: the CLI prints its own progress.

    Returns:
        The stack's outputs and the number of resources.

    Raises:
        EngineError: the CLI is missing, or it failed.
    """
    del on_resource
    cli = require_cli()
    project = PulumiProject(state_directory, instance, stack)
    environment = local_environment(os.environ) | project.variables(cli, endpoint, str(config["aws:region"]))

    def run(*words: str, show: bool = False) -> str:
        # Progress is for a person: what the command itself prints stays apart from it.
        output = sys.stderr if show else subprocess.PIPE
        result = subprocess.run(  # noqa: S603 - own arguments
            [cli.command, *words, "--non-interactive"],
            env=environment,
            stdout=output,
            text=True,
            check=False,
            umask=PRIVATE_UMASK,
        )
        if result.returncode != 0:
            raise EngineError(f"`pulumi {' '.join(words)}` failed; see the reason above")
        return result.stdout or ""

    _link_all_but_the_stacks_file(program, project.folder, project.stack_file.name)
    # Not `stack init`, which refuses a stack that exists: this command also completes what an earlier run began.
    run("stack", "select", "--create", stack, "--secrets-provider", "passphrase")
    made_by_cli = yaml.safe_load(project.stack_file.read_text()) or {} if project.stack_file.exists() else {}
    write_private(project.stack_file, yaml.safe_dump({**made_by_cli, "config": dict(config)}))
    run("up", "--yes", "--skip-preview", show=True)
    exports: dict[str, Any] = json.loads(run("stack", "output", "--json"))
    changes = json.loads(run("stack", "history", "--json", "--page-size", "1"))[0].get("resourceChanges", {})
    counts = {
        field: changes.get(kind, 0)
        for field, kind in (
            ("created", "create"), ("updated", "update"), ("unchanged", "same"), ("replaced", "replace"),
            ("deleted", "delete"),
        )
    }  # fmt: skip
    return Deployment(exports, **counts)


def require_cli() -> Cli:
    """The CLI that this checkout uses.

    Raises:
        EngineError: the machine does not have one.
    """
    cli = find_cli()
    if cli is None:
        raise EngineError(
            "no Pulumi CLI on this machine fits the program's SDK; get one with `make pulumi`, or leave --engine out"
        )
    return cli


def discard_pulumi(state_directory: Path) -> None:
    """Forget every state that the CLI keeps of a platform."""
    shutil.rmtree(state_directory / _FOLDER, ignore_errors=True)


def _link_all_but_the_stacks_file(program: Path, project: Path, stack_file: str) -> None:
    """The program in a folder of its own: the CLI writes a salt into the stack's file, which is not to be committed."""
    make_private_folder(project)
    for entry in program.iterdir():
        link = project / entry.name
        if entry.name != stack_file and not link.is_symlink():
            link.symlink_to(entry)
