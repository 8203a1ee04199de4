"""Serves the providers to the real Pulumi engine: `python -m emulation.pulumi_engine.provider_server --help`.

A CLI attaches to it by the variables of `attaching`. Started as a command it prints them, and serves until it is
stopped. Its calls are made with the credentials in its own environment, else as the emulator's root.
"""

import argparse
import contextlib
import json
import os
import signal
import tempfile
from collections.abc import Generator, Mapping, Sequence
from concurrent import futures
from pathlib import Path
from typing import Final

import boto3
import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.provider import PACKAGES, EmulatorProvider
from ops.stack.target import local_session

_THREADS: Final = 32
"""The engine runs as many steps at once as it likes; each waits for the emulator."""
_UNLIMITED: Final = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


@contextlib.contextmanager
def running_providers(
    emulator_endpoint: str, program: Path, session: boto3.Session | None = None
) -> Generator[dict[str, str]]:
    """Serve the providers while the context is open.

    Args:
        emulator_endpoint: URL of the emulator.
        program: folder that the program is run in; paths of its assets are relative to it.
        session: whose credentials the calls are made with; by default the emulator's root.

    Yields:
        The environment variables by which Pulumi's CLI attaches to them.
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
    """The environment variables by which Pulumi's CLI attaches to the providers, and looks for no plugin."""
    return {
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package in PACKAGES),
        "PULUMI_OPTION_SKIP_PLUGIN_PRE_INSTALL": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def session_of(environment: Mapping[str, str]) -> boto3.Session:
    """The session with the credentials of an environment, or as the emulator's root if there are none."""
    key = environment.get("AWS_ACCESS_KEY_ID")
    if not key:
        return local_session(region=None)
    return local_session(None, key, environment.get("AWS_SECRET_ACCESS_KEY", ""), environment.get("AWS_SESSION_TOKEN"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the variables as one line of JSON and serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True, help="URL of the emulator")
    parser.add_argument("--program", type=Path, required=True, help="folder of Pulumi.yaml")
    chosen = parser.parse_args(arguments)
    # Before the threads start, so that no other thread takes the signal.
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    with running_providers(chosen.endpoint, chosen.program, session_of(os.environ)) as variables:
        print(json.dumps(variables), flush=True)
        signal.sigwait(stops)


if __name__ == "__main__":
    main()
