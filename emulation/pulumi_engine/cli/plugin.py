"""The emulator's provider as a plugin of Pulumi's CLI: the CLI starts it for a command, and it ends with the command.

Endpoint and credentials are those of the command's environment, as they are for a real provider.
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
    """Print the port and serve until the CLI ends; return the exit status."""
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
        # Between two looks: a CLI that is killed sends no signal, and a signal ends the wait.
        while os.getppid() == started_by:
            time.sleep(_LOOK_AGAIN_AFTER_SECONDS)
    return 0


def _stop(*_: object) -> None:
    """Leave `main` in order, once: what was generated is deleted on the way."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
