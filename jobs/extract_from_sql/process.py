"""Ends the extraction's process although a driver may still wait for an answer of its server."""

import os
import sys
from collections.abc import Callable

from processing.running.job_run import run_script


def run_process(main: Callable[[], None]) -> None:
    """Run the job as its script. Once it has failed, the process ends at once.

    The interpreter's own end closes all connections, and closing one whose query got no answer waits for that answer.
    """
    try:
        run_script(main)
    except SystemExit as ended:
        if ended.code is not None and not isinstance(ended.code, int):
            sys.stderr.write(f"{ended.code}\n")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
