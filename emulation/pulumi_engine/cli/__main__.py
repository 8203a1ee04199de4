"""`make pulumi`: puts the Pulumi CLI under .build/pulumi, and prints its version, its origin and the time taken."""

import sys
import time

from emulation.pulumi_engine.cli.provide import FOLDER, provide
from emulation.pulumi_engine.errors import EngineError


def main() -> int:
    """Return the exit status: 0 if there is a CLI, 1 if none can be obtained."""
    began = time.monotonic()
    try:
        cli = provide(FOLDER, print)
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"Pulumi CLI {cli.version}, {cli.origin}: {cli.command} ({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
