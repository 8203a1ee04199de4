"""Ends the extraction's process even if a driver still waits for its server's answer."""

import os
import sys
from collections.abc import Callable

from processing.running.job_run import run_script


def run_process(main: Callable[[], None]) -> None:
    """Run the job as a script. If it fails, the process ends at once.

    The interpreter's normal exit would close all connections, and closing a connection waits for the answer to its
    query.
    """
    try:
        run_script(main)
    except SystemExit as ended:
        if ended.code is not None and not isinstance(ended.code, int):
            sys.stderr.write(f"{ended.code}\n")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
