"""Serves the providers to the real Pulumi engine, whose CLI attaches to them through environment variables."""

import contextlib
import tempfile
from collections.abc import Generator
from concurrent import futures
from pathlib import Path
from typing import Final

import boto3
import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.provider import PACKAGES, EmulatorProvider

_THREADS: Final = 32
"""The engine runs as many steps at the same time as it likes; each waits for the emulator."""
_UNLIMITED: Final = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


@contextlib.contextmanager
def running_providers(
    emulator_endpoint: str, program: Path, session: boto3.Session | None = None
) -> Generator[dict[str, str]]:
    """Serve the providers while the context is open.

    Args:
        emulator_endpoint: URL of the emulator.
        program: folder in which the program runs; paths of its assets are relative to it.
        session: session with the credentials; the emulator's root user by default.

    Yields:
        The environment variables with which Pulumi's CLI attaches to the providers.
    """
    with (
        contextlib.closing(Emulator(emulator_endpoint, session)) as emulator,
        tempfile.TemporaryDirectory() as generated,
        futures.ThreadPoolExecutor(_THREADS) as threads,
    ):
        server = grpc.server(threads, options=_UNLIMITED)
        provider = EmulatorProvider(emulator, program.resolve(), Path(generated))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield attaching(port)
        finally:
            server.stop(grace=None).wait()


def attaching(port: int) -> dict[str, str]:
    """Return the environment variables with which Pulumi's CLI attaches to the providers and loads no plugin."""
    return {
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package in PACKAGES),
        "PULUMI_OPTION_SKIP_PLUGIN_PRE_INSTALL": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
