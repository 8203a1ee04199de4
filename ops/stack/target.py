"""The stack on which a command works: its exports, and a session that reaches it."""

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

# The emulator's root user, to which policies do not apply, but trust policies do. Tests of policies use a role.
EMULATOR_ACCESS_KEY: Final = "test"
EMULATOR_SECRET_KEY: Final = "test"  # noqa: S105 - the emulator's published default, worth nothing elsewhere

TEMPORARY_FILES: Final = "tmp"
"""Folder in a local platform's directory, deleted when the platform stops."""
LOCAL_SECONDS: Final = 900
"""How long the emulator may take to answer: as long as the longest function. On this machine no answer is lost, and a
second request would only repeat the work."""
# Shared by all sessions, because reading AWS's service descriptions takes a tenth of a second for each session.
_DESCRIPTIONS: Final = botocore.loaders.create_loader()
# For as many threads as any command uses at once.
_CONNECTIONS: Final = Config(max_pool_connections=32)
# A session is not thread-safe; a client is.
_MAKES_CLIENTS: Final = threading.Lock()
_LOOPBACK: Final = "127.0.0.1"
_PROXY_VARIABLES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})


class TargetError(OperatorError):
    """The stack cannot be reached; the message says what to do."""


class Exports(dict[str, Any]):
    """A stack's exports by name. A missing name belongs to a later version of the program."""

    def __init__(self, stack: str, exports: Mapping[str, Any]) -> None:
        """Keep the exports.

        Args:
            stack: name of the stack.
            exports: from Pulumi, or from a local platform's file.
        """
        super().__init__(exports)
        self._stack = stack

    def __missing__(self, name: str) -> NoReturn:
        """Refuse a missing name.

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
    """Folder for temporary files of a local stack's processes; None on AWS."""
    _clients: dict[str, Any] = field(default_factory=dict[str, Any], init=False, repr=False, compare=False)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """Return the shared client of a service in the stack's region: creating one takes longer than a request."""
        with _MAKES_CLIENTS:
            if service not in self._clients:
                # The name is known only at run time, so the overloads of boto3's stubs do not apply.
                make: Any = self.session.client
                self._clients[service] = make(service, endpoint_url=self.endpoint, config=_CONNECTIONS)
            return self._clients[service]

    @property
    def bucket(self) -> str:
        """Return the name of the lake's bucket."""
        return str(self.exports["lakeBucket"])


def find_target(stack: str, state_directory: Path) -> Target:
    """Find a stack: `local` by the file that `dataplatform up` wrote, others by Pulumi's stack outputs.

    Raises:
        TargetError: the stack is not running, or Pulumi does not answer.
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
    """Return a session for the emulator that ignores profiles, ~/.aws and proxies of this machine.

    Args:
        region: region of its clients.
        access_key: the emulator's root user if not given.
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
    """Return the environment for a local-only process, without variables that lead to an account or a proxy."""
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
    # Run in the clone, whatever the working directory.
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CLONE)  # noqa: S603 - own arguments
    if result.returncode != 0:
        raise TargetError(f"`{' '.join(command[1:])}` failed: {result.stderr.strip()}")
    exports = Exports(stack, json.loads(result.stdout))
    return Target(stack, exports, boto3.Session(region_name=exports["region"]), None)
