"""The real Pulumi engine in place of ours, for whoever has its CLI: `python -m local demo --engine pulumi`.

Tried with the CLI and the local engine's handlers as its provider. The AWS provider's plugin was not at hand.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from emulation.pulumi_engine import Deployment, EngineError
from emulation.pulumi_engine.deployment import Observer
from ops.stack.private_files import PRIVATE_UMASK, make_private_folder, write_private
from ops.stack.target import EMULATOR_ACCESS_KEY, EMULATOR_SECRET_KEY, local_environment

_PROVIDER: Final = {
    "aws:accessKey": EMULATOR_ACCESS_KEY,
    "aws:secretKey": EMULATOR_SECRET_KEY,
    "aws:skipCredentialsValidation": True,
    "aws:skipMetadataApiCheck": True,
    "aws:s3UsePathStyle": True,
}
"""What the AWS provider has to be told of an endpoint that is not AWS."""


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
        state_directory: where the state lies; nothing of it is in any other backend.
        instance: names the running emulator; another one has a state of its own.
        on_resource: told of no resource: the CLI prints its own progress.

    Returns:
        The stack's outputs. All resources count as created.

    Raises:
        EngineError: there is no CLI, or it failed.
    """
    del on_resource
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise EngineError(
            "the Pulumi CLI is not installed on this machine: www.pulumi.com/docs/install says how, "
            "or leave --engine out"
        )
    backend = state_directory / "pulumi" / instance / "state"
    project = backend.parent / "program"
    make_private_folder(backend)
    environment = local_environment(os.environ) | {
        "AWS_ENDPOINT_URL": endpoint,
        "PULUMI_BACKEND_URL": backend.resolve().as_uri(),
        # The state holds the emulator's secrets alone, worth nothing elsewhere.
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def run(*words: str, show: bool = False) -> str:
        command = [pulumi, *words, "--stack", stack, "--cwd", str(project), "--non-interactive"]
        result = subprocess.run(  # noqa: S603 - own arguments
            command,
            env=environment,
            stdout=None if show else subprocess.PIPE,
            text=True,
            check=False,
            umask=PRIVATE_UMASK,
        )
        if result.returncode != 0:
            raise EngineError(f"`pulumi {' '.join(words)}` failed, for the reason above")
        return result.stdout or ""

    _link_all_but_the_stacks_file(program, project, f"Pulumi.{stack}.yaml")
    # Not `stack init`, which refuses a stack that exists: this command also completes what an earlier run began.
    run("stack", "select", "--create", "--secrets-provider", "passphrase")
    stack_file = project / f"Pulumi.{stack}.yaml"
    made_by_cli = yaml.safe_load(stack_file.read_text()) or {} if stack_file.exists() else {}
    write_private(stack_file, yaml.safe_dump({**made_by_cli, "config": {**config, **_PROVIDER}}))
    run("up", "--yes", "--skip-preview", show=True)
    exports: dict[str, Any] = json.loads(run("stack", "output", "--json"))
    resources = json.loads(run("stack", "export"))["deployment"].get("resources", [])
    return Deployment(exports, created=len(resources), updated=0, unchanged=0)


def _link_all_but_the_stacks_file(program: Path, project: Path, stack_file: str) -> None:
    """The program in a folder of its own: the CLI writes a salt into the stack's file, which is not to be committed."""
    make_private_folder(project)
    for entry in program.iterdir():
        link = project / entry.name
        if entry.name != stack_file and not link.is_symlink():
            link.symlink_to(entry)
