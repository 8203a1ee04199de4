"""The environment of a bench's process that works against the embedded AWS."""

import os
from pathlib import Path
from typing import Final

from ops.stack.target import EMULATOR_ACCESS_KEY, EMULATOR_SECRET_KEY, local_environment

ROOT: Final = Path(__file__).resolve().parent.parent


def emulated_environment(endpoint: str, region: str) -> dict[str, str]:
    """This process's environment, with the root's credentials of the embedded AWS and without any of an account.

    Args:
        endpoint: of the embedded AWS, or of a proxy before it.
        region: that clients are in.
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
