"""Reads parquet files in a separate process first.

Some damage makes polars request exabytes of memory, which ends the process at once, without an exception. In a run,
this would stop all other objects, in every later run as well.
"""

import atexit
import os
import subprocess
import sys
from threading import Lock
from typing import Final

from processing.readers.records import UnreadableObjectError

# The process answers each path with a line, whether or not the file can be read. The reader itself finds the reason.
_PROGRAM: Final = """
import sys
import polars as pl
rows_of_a_batch = int(sys.argv[1])
for line in sys.stdin:
    path = line.removesuffix("\\n")
    try:
        rows = pl.scan_parquet(path).select(pl.len()).collect().item()
        for first in range(0, rows, rows_of_a_batch):
            pl.scan_parquet(path).slice(first, rows_of_a_batch).collect()
    except BaseException:
        pass
    print(flush=True)
"""


class ParquetProbe:
    """A process that reads files. It starts with the first file, and again after a file that it did not survive.

    Starting it takes about as long as importing polars, so one process serves a whole run.
    """

    def __init__(self, rows_of_a_batch: int) -> None:
        """Prepare the process without starting it.

        Args:
            rows_of_a_batch: number of rows that the reader requests at a time, because another number decodes other
                pages.
        """
        self._rows_of_a_batch = rows_of_a_batch
        self._process: subprocess.Popen[str] | None = None
        self._lock = Lock()
        atexit.register(self.close)

    def check(self, path: str) -> None:
        """Read a file.

        Raises:
            UnreadableObjectError: the process died while it read the file.
        """
        with self._lock:
            process = self._process = self._process or self._started()
            assert process.stdin is not None  # noqa: S101 - both are pipes
            assert process.stdout is not None  # noqa: S101
            print(path, file=process.stdin, flush=True)
            if process.stdout.readline():
                return
            self._process = None
            # This also closes its pipes.
            process.communicate()
            raise UnreadableObjectError(
                f"the parquet file ended a process that read it (status {process.returncode}), so it is damaged; "
                "ask the sender to send it again"
            )

    def close(self) -> None:
        """Stop the process, if it runs."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-c", _PROGRAM, str(self._rows_of_a_batch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
