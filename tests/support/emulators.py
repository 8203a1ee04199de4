"""Emulators for tests: on a free port, with IAM enforced, removed afterwards."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import boto3
import botocore.loaders
import botocore.session

from emulation.aws.emulator import Emulator, stop_emulator

REGION = "eu-west-1"
# Shared by all sessions, because reading AWS's service descriptions takes longer than most tests.
_DESCRIPTIONS: Final = botocore.loaders.create_loader()


def new_session(credentials: Mapping[str, str] | None = None) -> boto3.Session:
    """Return a session with credentials from environment variables, or without credentials."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _DESCRIPTIONS)
    if credentials is not None:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        session.set_credentials(*(credentials[name] for name in names))
    return boto3.Session(botocore_session=session)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_emulator(folder: Path) -> Iterator[Emulator]:
    """An emulator that keeps its log in a folder."""
    emulator = Emulator(free_port(), REGION, folder)
    emulator.start()
    try:
        yield emulator
    finally:
        stop_emulator(folder)
