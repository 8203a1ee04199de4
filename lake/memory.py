"""Settings of the process's memory."""

import ctypes
from typing import Final

# Parameters of glibc's mallopt, and the largest value that it accepts for them.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 2**25


def keep_freed_memory() -> None:
    """Let this process keep the buffers that it frees, up to 32 MiB.

    Otherwise glibc returns each large buffer to the kernel and requests it again. A process that reads block by block
    spends much of its time on that.
    """
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is not None:
        change(_TRIM_THRESHOLD, _KEPT_BYTES)
        change(_MMAP_THRESHOLD, _KEPT_BYTES)
