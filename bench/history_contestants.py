"""One way to compute today's rows and a report from history files in a local folder, in a process of its own.

`python -m bench.history_contestants NAME FOLDER DAYS`: `bench/history.py` runs each in an environment of its own.
Prints seconds, CPU seconds and the bytes read and written, all without imports, and peak megabytes.
"""
# ruff: noqa: PLC0415 - a contestant imports only what it needs

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.process_memory import own_peak

Run = Callable[[], object]
EXPORTS = "exports"
HISTORY = f"objects/warehouse/{EXPORTS}"


def view(folder: Path, _days: int) -> Run:
    """Compute the report from the platform's view over history, as it was before there were tables."""
    from bench.history_data import DATASETS, REPORTS
    from processing.reporting.computing import compute
    from processing.storage.folder_store import FolderStore
    from processing.storage.views import published_view

    def run() -> object:
        rows = published_view(FolderStore(folder), DATASETS[EXPORTS]).collect()
        return compute(REPORTS[EXPORTS], {EXPORTS: rows})

    return run


def duckdb(folder: Path, _days: int) -> Run:
    """Compute the report with DuckDB over the history files."""
    import duckdb as engine

    def run() -> object:
        connection = engine.connect()
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET temp_directory = '{folder / 'duckdb'}'")
        return connection.execute(
            f"""
            SELECT model, count(customer_id) FROM (
                SELECT * FROM read_parquet('{folder / HISTORY}/**/*.parquet')
                QUALIFY row_number() OVER (
                    PARTITION BY plate ORDER BY _as_of DESC, _landed_at DESC, _object DESC, _line DESC
                ) = 1
            ) WHERE NOT _deleted GROUP BY model
            """  # noqa: S608 - paths of this bench
        ).fetchall()

    return run


def dlt(folder: Path, days: int) -> Run:
    """Merge the newest day into a Delta table with dlt, after merging the earlier days one by one."""
    import dlt as peer
    import pyarrow.parquet as pq

    state = folder.parent / "dlt"
    pipeline = peer.pipeline(
        "history",
        pipelines_dir=str(state / "pipelines"),
        destination=peer.destinations.filesystem(bucket_url=(state / "tables").as_uri()),
        dataset_name="bench",
    )
    files = sorted((folder / HISTORY).glob("*/*.parquet"))[:days]

    def merge(file: Path) -> None:
        rows = pq.read_table(file, columns=["plate", "customer_id", "model", "colour"], partitioning=None)
        pipeline.run(
            peer.resource(
                rows,
                name=EXPORTS,
                write_disposition={"disposition": "merge", "strategy": "upsert"},
                primary_key="plate",
                table_format="delta",
            )
        )

    merged = state / "merged"
    done = int(merged.read_text()) if merged.exists() else 0
    for number, file in enumerate(files[done:-1], done + 1):
        merge(file)
        merged.write_text(str(number))

    def run() -> None:
        merge(files[-1])
        merged.write_text(str(len(files)))

    return run


CONTESTANTS = {contestant.__name__: contestant for contestant in (view, duckdb, dlt)}


def _io() -> tuple[int, int]:
    """Return the bytes that this process read and wrote with system calls."""
    lines = Path("/proc/self/io").read_text().splitlines()
    counted = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return counted["rchar"], counted["wchar"]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run the contestant named on the command line."""
    name, folder, days = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    run = CONTESTANTS[name](folder, days)
    before, (read, written), started = _cpu(), _io(), time.perf_counter()
    run()
    seconds, cpu, (read_after, written_after) = time.perf_counter() - started, _cpu() - before, _io()
    peak = own_peak()
    print({"seconds": seconds, "cpu": cpu, "peak": peak, "read": read_after - read, "written": written_after - written})


if __name__ == "__main__":
    main()
