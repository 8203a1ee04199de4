"""Time from an accepted event to its row in the published table: measured locally, modelled for AWS.

`make bench NAME=freshness` does both. ARGS=--model only prints the model, ARGS=--write writes it into
docs/freshness.md, and ARGS="--rounds 3 --events 1000" sets the size of the measurement. With the default settings a
batch waits a minute, so a round takes longer than a minute.
"""

import argparse
import tempfile
from pathlib import Path

from bench import freshness_model
from bench.freshness_model import Assumed


def main() -> None:
    """Measure, then print the model."""
    assumed = Assumed()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often events are posted")
    parser.add_argument("--events", type=int, default=1000, help="events of a round")
    parser.add_argument("--model", action="store_true", help="the model for AWS alone")
    parser.add_argument("--write", action="store_true", help="the model with its defaults into docs/freshness.md")
    parser.add_argument("--start", type=float, default=assumed.start, help="seconds until Glue runs a job's script")
    parser.add_argument("--job", type=float, default=assumed.job, help="seconds from a job's start to the commit")
    options = parser.parse_args()
    if options.write:
        page = freshness_model.PAGE
        page.write_text(freshness_model.page(page.read_text(encoding="utf-8"), assumed), encoding="utf-8")
        return
    if not options.model:
        _measure(options.rounds, options.events)
    print(freshness_model.tables(Assumed(start=options.start, job=options.job)))


def _measure(rounds: int, events: int) -> None:
    # The platform takes seconds to import, and the model does not need it.
    from bench import freshness_local  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="freshness-") as folder:
        measured = freshness_local.measure(rounds, events, Path(folder), lambda text: print(text, flush=True))
    print(f"\n{events:,} events a round, on this machine:\n\n{freshness_model.seconds_table(measured)}")


if __name__ == "__main__":
    main()
