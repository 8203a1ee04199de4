"""Reads parquet files in another process first.

Some damage makes polars ask for exabytes of memory, which ends the process at once, without an exception. In a run, it
would stop every other object, and again in the next run.
"""

import atexit
import os
import subprocess
import sys
from threading import Lock
from typing import Final

from processing.readers.records import UnreadableObjectError

# It answers each path with a line, whether the file can be read or not: why it cannot, the reader finds out.
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
    """A process that reads files, started when the first one is asked for and again after one that it did not survive.

    To start it takes about as long as to import polars, so it serves a whole run.
    """

    def __init__(self, rows_of_a_batch: int) -> None:
        """Start nothing yet.

        Args:
            rows_of_a_batch: how many rows the reader takes at a time, since each reading decodes other pages.
        """
        self._rows_of_a_batch = rows_of_a_batch
        self._process: subprocess.Popen[str] | None = None
        self._lock = Lock()
        atexit.register(self.close)

    def check(self, path: str) -> None:
        """Read a file.

        Raises:
            UnreadableObjectError: the process died of it.
        """
        with self._lock:
            process = self._process = self._process or self._started()
            assert process.stdin is not None  # noqa: S101 - both are pipes
            assert process.stdout is not None  # noqa: S101
            print(path, file=process.stdin, flush=True)
            if process.stdout.readline():
                return
            self._process = None
            # Its pipes are closed, too.
            process.communicate()
            raise UnreadableObjectError(
                f"the parquet file ended a process that read it (status {process.returncode}), so it is damaged; "
                "ask the sender to send it again"
            )

    def close(self) -> None:
        """End the process, if there is one."""
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
