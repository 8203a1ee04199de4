"""A merge of 100,000 rows into a published table of 1,000,000, compared with polars' own read, join and write.

Both use a local folder and run alternately, each time in a process of its own. The seconds exclude imports; the memory
includes them. The platform's merge reads the history file and the table, writes data and delete files, and commits to a
catalogue. polars reads two files and writes one.

Run by `make bench NAME=publishing`; exits with 1 if a bar is missed. On a busy machine CPU seconds and memory are
valid, wall seconds are not. `--quick` takes a tenth of the rows and three runs.
"""

import argparse
import ast
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.publishing_contestants import CONTESTANTS, OURS, POLARS, ready
from bench.usage import Usage, judge

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / ".bench" / "publishing"
ROWS: Final = 1_000_000
CHANGED: Final = 100_000
RUNS: Final = 7
RATIO_ALLOWED: Final = 3.0
MEGABYTES_ALLOWED: Final = 1_000


def main() -> None:
    """Measure, print a verdict for each bar, and exit with 1 if one is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, three runs")
    quick = parser.parse_args().quick
    rows, changed, runs = (ROWS // 10, CHANGED // 10, 3) if quick else (ROWS, CHANGED, RUNS)
    print(f"{changed:,} changed rows, spread, into {rows:,}; a folder of this machine; median of {runs}")
    used = _measured(rows, changed, runs)
    print(f"{'':12}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}")
    for name in CONTESTANTS:
        print(
            f"{name:12}{_median(used[name], 'seconds'):8.2f}{_median(used[name], 'processor_seconds'):8.2f}"
            f"{max(each.peak_megabytes for each in used[name]):9.0f}"
        )
    processor, wall = (
        statistics.median(
            getattr(merge, what) / getattr(polars, what) for merge, polars in zip(used[OURS], used[POLARS], strict=True)
        )
        for what in ("processor_seconds", "seconds")
    )
    print(f"CPU: {processor:.2f} of polars' own")
    peak = max(each.peak_megabytes for each in used[OURS])
    missed = judge("wall time in terms of polars' own read, join and write", wall, RATIO_ALLOWED)
    missed += judge("peak MB of the merge", peak, MEGABYTES_ALLOWED)
    sys.exit(1 if missed else 0)


def _measured(rows: int, changed: int, runs: int) -> dict[str, list[Usage]]:
    """Run the contestants alternately, so a change in the machine's speed affects them equally."""
    used: dict[str, list[Usage]] = {name: [] for name in CONTESTANTS}
    # On disk, because /tmp may be in memory.
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        _run("make", folder, str(rows), str(changed))
        for _ in range(runs):
            ready(Path(folder))
            for name, usages in used.items():
                usages.append(Usage(*ast.literal_eval(_run("run", name, folder))))
            _run("check", folder)
    return used


def _run(*words: str) -> str:
    """Run a step in a process of its own, so its memory is measured separately. Return its output."""
    command = [sys.executable, "-m", "bench.publishing_contestants", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def _median(usages: Sequence[Usage], what: str) -> float:
    return statistics.median(getattr(usage, what) for usage in usages)


if __name__ == "__main__":
    main()
