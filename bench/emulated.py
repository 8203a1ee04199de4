"""The environment of a benchmark's process that uses the embedded AWS."""

import os
from pathlib import Path
from typing import Final

from ops.stack.target import EMULATOR_ACCESS_KEY, EMULATOR_SECRET_KEY, local_environment

ROOT: Final = Path(__file__).resolve().parent.parent


def emulated_environment(endpoint: str, region: str) -> dict[str, str]:
    """Return this process's environment with the embedded AWS's root credentials and no account's.

    Args:
        endpoint: address of the embedded AWS, or of a proxy in front of it.
        region: the clients' region.
    """
    return {
        **local_environment(os.environ),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": EMULATOR_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": EMULATOR_SECRET_KEY,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
    }
