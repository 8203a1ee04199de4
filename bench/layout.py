"""Cost of a table's layout when 1,000 scattered rows change, in tables of 100,000 to 10,000,000 current rows.

- buckets: by hash of the key, 100,000 rows each. A change of one row rewrites its bucket.
- ranges: files of 10,000 rows, sorted by key. A change of one row rewrites its file.
- merge: the platform's own. New rows go into a file of their own, superseded rows are deleted by position, and files
  are joined at a ratio. One merge, then the average of twenty.

It then applies the platform's own rule, without files, until each row of a table has changed three times, and counts
the rows written per changed row. Run by `make bench NAME=layout`; exits with 1 if that number grows by more than the
stated factor from the smallest to the largest table. Bytes do not depend on the machine; CPU seconds do.
"""

import argparse
import ast
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processing.publishing import layout

ROOT: Final = Path(__file__).resolve().parent.parent
CANDIDATES: Final = "bench.layout_candidates"
SIZES: Final = (100_000, 1_000_000, 10_000_000)
CHANGED: Final = 1_000
MERGES: Final = 20
CHANGES_OF_EACH_ROW: Final = 3
FACTOR: Final = 2.5
"""Maximum growth of the rows written per changed row, from the smallest to the largest table."""
COLUMNS: Final = ("read MB", "written MB", "KB per row", "files", "files/key", "CPU s", "peak MB")


def main() -> None:
    """Measure, print, and exit with 1 if the rule does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, action="append", help="of the table; can be given repeatedly")
    parser.add_argument("--merges", type=int, default=MERGES, help="of which the average is printed")
    options = parser.parse_args()
    sizes = tuple(options.rows or SIZES)
    print(f"{CHANGED:,} changed rows, spread over the table; files/key: data files that a reader of one key opens")
    print(f"{'':24}{'rows':>12}" + "".join(f"{name:>12}" for name in COLUMNS))
    for rows in sizes:
        for name in ("buckets", "ranges", "merge"):
            _print_costs(name, rows, options.merges)
    written = {rows: rows_written(rows, CHANGED) for rows in sizes}
    for rows, (ratio, largest, files) in written.items():
        print(
            f"rule, {rows:>12,} rows: {ratio:6.1f} rows written per changed row, the largest merge {largest:,}, "
            f"at most {files} data files"
        )
    growth = written[sizes[-1]][0] / written[sizes[0]][0]
    print(f"rows written per changed row, largest to smallest table: {growth:.2f}, at most {FACTOR}")
    sys.exit(int(growth > FACTOR))


def _print_costs(name: str, rows: int, merges: int) -> None:
    with tempfile.TemporaryDirectory(dir=_folder()) as folder:
        _run("make", name, folder, str(rows))
        once = _run("change", name, folder, str(rows), str(CHANGED), "1")
        _print(name, rows, once, 1)
    if name == "merge" and merges > 1:
        with tempfile.TemporaryDirectory(dir=_folder()) as folder:
            _run("make", name, folder, str(rows))
            _print(
                f"merge, mean of {merges}",
                rows,
                _run("change", name, folder, str(rows), str(CHANGED), str(merges)),
                merges,
            )


def _print(name: str, rows: int, cost: Mapping[str, float], merges: int) -> None:
    values = (
        cost["read"] / merges / 1e6,
        cost["written"] / merges / 1e6,
        cost["written"] / merges / CHANGED / 1e3,
        cost["files_written"] / merges,
        cost["files_for_a_key"],
        cost["cpu_seconds"] / merges,
        cost["peak_megabytes"],
    )
    print(f"{name:24}{rows:12,}" + "".join(f"{value:12,.2f}" for value in values), flush=True)


def _folder() -> Path:
    # On disk, because /tmp may be in memory.
    folder = ROOT / ".bench" / "layout"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(*words: str) -> Mapping[str, float]:
    """Run a step in a process of its own, so its memory is measured separately."""
    command = [sys.executable, "-m", CANDIDATES, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr[-3000:]}")
    return ast.literal_eval(done.stdout) if done.stdout else {}


@dataclass(slots=True)
class _File:
    """The properties of a data file that the rule uses."""

    path: str
    rows: int
    run: int
    dead: float = 0


def rows_written(rows: int, changed: int) -> tuple[float, int, int]:
    """Apply the rule to many merges of evenly spread changed rows.

    Returns:
        Rows written per changed row, the rows of the largest merge, and the highest number of data files.
    """
    files, written, largest, most = _split(rows, 0), 0, 0, 0
    merges = math.ceil(rows * CHANGES_OF_EACH_ROW / changed)
    for number in range(1, merges + 1):
        live = sum(file.rows - file.dead for file in files)
        deleted = {file.path: changed * (file.rows - file.dead) / live for file in files}
        taken = layout.to_rewrite(files, deleted, changed)  # type: ignore[arg-type] - fractions of rows
        paths = {file.path for file in taken}
        new = changed + sum(file.rows - file.dead - deleted[file.path] for file in taken)
        for file in files:
            file.dead += deleted[file.path]
        files = [file for file in files if file.path not in paths] + _split(round(new), number)
        written, largest, most = written + round(new), max(largest, round(new)), max(most, len(files))
    return written / (merges * changed), largest, most


def _split(rows: int, run: int) -> list[_File]:
    """Return the files of one run."""
    pieces = max(1, -(-rows // layout.ROWS_IN_FILE))
    return [_File(f"{run}-{number}", rows // pieces, run) for number in range(pieces)]


if __name__ == "__main__":
    main()
