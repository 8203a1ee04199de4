"""The emulator's provider as a plugin of Pulumi's CLI, which starts it for each command.

Endpoint and credentials are those of the command's environment, as for a real provider.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

import boto3

from emulation.pulumi_engine.provider_server import running_providers

_LOOK_AGAIN_AFTER_SECONDS: Final = 2
_STOPS: Final = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Print the port and serve until the CLI ends. Returns the exit status."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        print(
            "AWS_ENDPOINT_URL is not set, and this provider serves only the emulator; set it as `dataplatform "
            "env` prints it",
            file=sys.stderr,
        )
        return 1
    for number in _STOPS:
        signal.signal(number, _stop)
    started_by = os.getppid()
    with running_providers(endpoint, Path.cwd(), boto3.Session()) as variables:
        print(variables["PULUMI_DEBUG_PROVIDERS"].rpartition(":")[2], flush=True)
        # Poll, because a CLI that is killed sends no signal. A signal ends the wait.
        while os.getppid() == started_by:
            time.sleep(_LOOK_AGAIN_AFTER_SECONDS)
    return 0


def _stop(*_: object) -> None:
    """Leave `main` in order, once, so that generated files are deleted."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
