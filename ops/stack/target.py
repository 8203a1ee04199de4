"""Which stack a command works on: its exports, and a session that reaches it."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config

from lake.stacks import LOCAL_STACK
from ops.stack.errors import OperatorError
from ops.stack.platforms import CLONE, RECORD

# The emulator's root user. Policies do not bind it, trust policies do; what is under test uses a role.
EMULATOR_ACCESS_KEY: Final = "test"
EMULATOR_SECRET_KEY: Final = "test"  # noqa: S105 - the emulator's published default, worth nothing elsewhere

TEMPORARY_FILES: Final = "tmp"
"""Folder of a local platform's directory, deleted when the platform stops."""
LOCAL_SECONDS: Final = 900
"""How long an answer of the emulator may take: as long as the longest function. On this machine no answer is lost, and
a second request would only do the same work twice."""
# One for all sessions: to read AWS's service descriptions again for each takes a tenth of a second.
_DESCRIPTIONS: Final = botocore.loaders.create_loader()
# For as many threads as any command has at once.
_CONNECTIONS: Final = Config(max_pool_connections=32)
# A session is not for several threads at once; a client is.
_MAKES_CLIENTS: Final = threading.Lock()
_LOOPBACK: Final = "127.0.0.1"
_PROXY_VARIABLES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})


class TargetError(OperatorError):
    """The stack cannot be reached; the message says what to do."""


class Exports(dict[str, Any]):
    """What a stack exports, by name. A name that it lacks was exported by a later version of the program."""

    def __init__(self, stack: str, exports: Mapping[str, Any]) -> None:
        """Keep them.

        Args:
            stack: the stack's name.
            exports: as Pulumi or a local platform's record has them.
        """
        super().__init__(exports)
        self._stack = stack

    def __missing__(self, name: str) -> NoReturn:
        """Refuse a name.

        Raises:
            TargetError: always.
        """
        raise TargetError(f"the stack {self._stack!r} does not export {name}; deploy this version of the program")


@dataclass(frozen=True, slots=True)
class Target:
    """A deployed stack."""

    stack: str
    exports: Mapping[str, Any]
    session: boto3.Session
    endpoint: str | None
    """Address of the emulator; None on AWS."""
    temporary_files: Path | None = None
    """Where the processes of a local stack keep what is theirs for a while; None on AWS."""
    _clients: dict[str, Any] = field(default_factory=dict[str, Any], init=False, repr=False, compare=False)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """The client of one service in the stack's region: one for all, since it takes longer to make than to ask."""
        with _MAKES_CLIENTS:
            if service not in self._clients:
                # The name is only known here, so the overloads of boto3's stubs cannot apply.
                make: Any = self.session.client
                self._clients[service] = make(service, endpoint_url=self.endpoint, config=_CONNECTIONS)
            return self._clients[service]

    @property
    def bucket(self) -> str:
        """The lake's bucket."""
        return str(self.exports["lakeBucket"])


def find_target(stack: str, state_directory: Path) -> Target:
    """Find a stack: `local` by the file that `dataplatform up` wrote, others by Pulumi's stack outputs.

    Raises:
        TargetError: it does not run, or Pulumi does not answer.
    """
    if stack == LOCAL_STACK:
        return _local_target(state_directory)
    return _aws_target(stack)


def local_session(
    region: str | None,
    access_key: str = EMULATOR_ACCESS_KEY,
    secret_key: str = EMULATOR_SECRET_KEY,
    token: str | None = None,
) -> boto3.Session:
    """A session for the emulator, the same whatever profile, ~/.aws or proxy this machine has.

    Args:
        region: region of its clients.
        access_key: the emulator's root if not given.
        secret_key: the key's secret.
        token: of temporary credentials.
    """
    nowhere = (None, None, os.devnull, None)
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": nowhere,
            "credentials_file": nowhere,
        }
    )
    core.register_component("data_loader", _DESCRIPTIONS)
    core.set_default_client_config(Config(proxies={}, connect_timeout=LOCAL_SECONDS, read_timeout=LOCAL_SECONDS))
    return boto3.Session(access_key, secret_key, token, region, botocore_session=core)


def local_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that talks to this machine only: without what leads to an account or a proxy."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("AWS_") and name.lower() not in _PROXY_VARIABLES
    }
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": _LOOPBACK,
        "no_proxy": _LOOPBACK,
    }


def _local_target(state_directory: Path) -> Target:
    record_file = state_directory / RECORD
    try:
        record = json.loads(record_file.read_text())
    except FileNotFoundError as error:
        raise TargetError(
            f"no local platform is running in {state_directory} ({record_file.name} does not exist); start one "
            "with `dataplatform up`, or name another directory with --state-dir"
        ) from error
    except ValueError as error:
        raise TargetError(
            f"{record_file} is damaged, for example by a power failure; write it again with `dataplatform up`"
        ) from error
    temporary_files = state_directory.resolve() / TEMPORARY_FILES
    exports = Exports(LOCAL_STACK, record["exports"])
    return Target(LOCAL_STACK, exports, local_session(record["region"]), record["endpoint"], temporary_files)


def _aws_target(stack: str) -> Target:
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise TargetError(
            f"the exports of {stack} cannot be read without the Pulumi CLI, which is not on PATH; install it, "
            "or build it with `make pulumi` and add it to PATH"
        )
    command = [pulumi, "stack", "output", "--json", "--stack", stack]
    # In the clone, whatever folder the command was typed in.
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CLONE)  # noqa: S603 - own arguments
    if result.returncode != 0:
        raise TargetError(f"`{' '.join(command[1:])}` failed: {result.stderr.strip()}")
    exports = Exports(stack, json.loads(result.stdout))
    return Target(stack, exports, boto3.Session(region_name=exports["region"]), None)
