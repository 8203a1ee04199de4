"""A Python language host for Pulumi's CLI: runs `__main__.py` in its own process.

Pulumi's own host is not part of the CLI's Go modules. This one serves the protocol with the Automation API's server,
prints its port, and ends with the CLI. It is run as a file and imports nothing from this checkout, because the program
may belong to another checkout.
"""

import os
import runpy
import signal
import sys
from collections.abc import Iterator
from concurrent import futures
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2


class Host(LanguageServer):
    """Serves one deployment or preview."""

    def __init__(self) -> None:
        super().__init__(_run)

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802, D102 - the protocol's
        return language_pb2.LanguageHandshakeResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: ANN401, ARG002, N802, D102
        return iter(())

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802, D102
        return language_pb2.RuntimeOptionsResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802, D102
        return language_pb2.GetProgramDependenciesResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802, D102
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802, D102
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802, D102
        os.chdir(request.info.program_directory or request.pwd or ".")
        sys.path.insert(0, str(Path.cwd()))
        return super().Run(request, context)


def _run() -> None:
    runpy.run_path("__main__.py", run_name="__main__")


def main() -> None:
    """Serve until the CLI ends."""
    # Remove this file's folder, so that the program imports its own modules instead of this checkout's.
    del sys.path[0]
    # The engine ends the host with SIGINT, which as an exception would add lines to the preview.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Host(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
