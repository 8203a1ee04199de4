"""Peak memory of processes, from /proc."""

from pathlib import Path


def own_peak() -> float:
    """Return the peak resident memory of this process, in megabytes.

    `getrusage` reports at least the memory that the parent held when it started this process.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak) * 1024 / 1e6


class PeakMemory:
    """Peak memory of a process and its children, in megabytes, over several samples."""

    def __init__(self, process: int) -> None:
        self._process = process
        self.proportional = 0.0
        """Memory in which pages that several processes share count once (PSS)."""
        self.resident = 0.0
        """Memory in which pages that several processes share count for each of them (RSS)."""
        self.processes = 0

    def look(self) -> None:
        """Sample the current memory."""
        family = [self._process, *_children(self._process)]
        held = [_held(process) for process in family]
        self.proportional = max(self.proportional, sum(pss for pss, _ in held))
        self.resident = max(self.resident, sum(rss for _, rss in held))
        self.processes = max(self.processes, len(family))


def _children(process: int) -> list[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    children = [int(child) for child in text.split()]
    return [*children, *(grandchild for child in children for grandchild in _children(child))]


def _held(process: int) -> tuple[float, float]:
    sizes = {"Pss:": 0.0, "Rss:": 0.0}
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        # The process has ended.
        return 0.0, 0.0
    for line in lines:
        name, *rest = line.split()
        if name in sizes:
            sizes[name] = int(rest[0]) * 1024 / 10**6
    return sizes["Pss:"], sizes["Rss:"]
