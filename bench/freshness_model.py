"""Model of the time and cost from an accepted event to its row in the published table on AWS.

It is computed from the settings; nothing was measured on AWS. `Assumed` contains the assumptions with their sources.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.terabyte import GLUE_UNIT_HOUR, PRICES_OF, REGION
from dataplatform.processing.glue import MAXIMUM_CONCURRENT_RUNS
from dataplatform.settings.events import EventSettings
from dataplatform.settings.model import JobSettings

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "freshness.md"
BEGIN, END = "<!-- make bench NAME=freshness ARGS=--write -->", "<!-- end -->"

HOURS: Final = 730
"""Hours in a month."""
JOBS: Final = 2
"""Jobs in each run of the workflow: warehouse, which also publishes, and mart."""
UNITS: Final = {"G.1X": 1, "G.2X": 2}
"""Data processing units of a worker: docs.aws.amazon.com/glue/latest/dg/worker-types.html"""
SHORTEST_BILLED_SECONDS: Final = 60
"""Shortest time that a job's run is billed for. aws.amazon.com/glue/pricing: by the second, at least a minute."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Seconds that the model cannot know without a run on AWS."""

    start: float = 60
    """Until Glue runs a job's script. AWS does not publish a figure: docs.aws.amazon.com/glue/latest/dg/
    reduced-start-times-spark-etl-jobs.html says "reduced", and the announcement of Glue 2.0 a tenth of ten minutes."""
    notices: float = 5
    """The batcher function's start and run, S3's notification and EventBridge's delivery."""
    job: float = 15
    """From the script's start to the commit: imports, check and merge. `measure` on the local platform measures it."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Settings that determine the time."""

    events: int
    """`events.batchWindowSeconds`."""
    jobs: int
    """`jobs.batchWindowSeconds`."""

    @property
    def seconds_between_runs(self) -> int:
        """Shortest time between two starts of the workflow while events never stop."""
        return max(self.events, self.jobs)


DEFAULT: Final = Windows(
    EventSettings.model_fields["batch_window_seconds"].default, JobSettings.model_fields["batch_window_seconds"].default
)
OTHERS: Final = (Windows(30, 60), Windows(10, 30), Windows(5, 15))


def parts(windows: Windows, assumed: Assumed) -> list[tuple[str, float, float]]:
    """Return each part of the way with its minimum and maximum seconds."""
    return [
        ("queue until the batch is complete (`events.batchWindowSeconds`)", 0, windows.events),
        ("landing and notification", assumed.notices, assumed.notices),
        ("wait until the workflow starts (`jobs.batchWindowSeconds`)", 0, windows.jobs),
        ("start of the Glue job", assumed.start, assumed.start),
        ("check, history file and merge", assumed.job, assumed.job),
    ]


def bounds(windows: Windows, assumed: Assumed) -> tuple[float, float]:
    """Return the minimum and maximum seconds of the whole way."""
    each = parts(windows, assumed)
    return sum(least for _, least, _ in each), sum(most for _, _, most in each)


def runs_at_once(windows: Windows, assumed: Assumed) -> int:
    """Return the number of runs of one job that overlap while events never stop."""
    return -int(-(assumed.start + assumed.job) // windows.seconds_between_runs)


def dollars_of_a_run(assumed: Assumed, jobs: JobSettings) -> float:
    """Return the cost of a run of the workflow in USD. AWS does not bill the start of a job."""
    seconds = max(SHORTEST_BILLED_SECONDS, assumed.job)
    return JOBS * jobs.number_of_workers * UNITS[jobs.worker_type] * seconds / 3600 * GLUE_UNIT_HOUR


def dollars_of_a_month(windows: Windows, assumed: Assumed, jobs: JobSettings) -> float:
    """Return the maximum cost of a month's runs in USD, while events never stop."""
    return HOURS * 3600 / windows.seconds_between_runs * dollars_of_a_run(assumed, jobs)


def tables(assumed: Assumed) -> str:
    """Return the model's tables, as printed and as written into the page."""
    jobs = JobSettings()
    least, most = bounds(DEFAULT, assumed)
    text = "| default settings | minimum | maximum |\n|---|---:|---:|\n"
    text += "".join(f"| {what} | {low:g} s | {high:g} s |\n" for what, low, high in parts(DEFAULT, assumed))
    text += f"| **total** | **{least:g} s** | **{most:g} s** |\n"
    text += (
        f"\nUSD in {REGION}, list prices of {PRICES_OF}, before tax. The prices include only Glue: "
        f"runs of {JOBS} jobs with {jobs.number_of_workers} {jobs.worker_type} workers.\n\n"
    )
    text += "| `events.batchWindowSeconds` | `jobs.batchWindowSeconds` | event to row, maximum | runs at once "
    text += "| USD a month, continuous events | USD a month, one burst an hour |\n|---:|---:|---:|---:|---:|---:|\n"
    for windows in (DEFAULT, *OTHERS):
        at_once = runs_at_once(windows, assumed)
        if at_once > MAXIMUM_CONCURRENT_RUNS:
            # Glue would refuse some runs, and their events would wait for the next one.
            continue
        text += (
            f"| {windows.events} | {windows.jobs} | {bounds(windows, assumed)[1]:g} s | {at_once} "
            f"| {dollars_of_a_month(windows, assumed, jobs):,.0f} | {HOURS * dollars_of_a_run(assumed, jobs):,.0f} |\n"
        )
    resident = HOURS * jobs.number_of_workers * UNITS[jobs.worker_type] * GLUE_UNIT_HOUR
    text += (
        f"\nA Glue job that never stops, which the platform does not have, would cost {resident:,.0f} USD a month.\n"
    )
    return text


def page(text: str, assumed: Assumed) -> str:
    """Return the page with current tables."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{tables(assumed)}\n{END}{rest.split(END)[1]}"


def seconds_table(rounds: Sequence[dict[str, float]]) -> str:
    """Return a table of the measured parts of each round, and their medians."""
    names = list(rounds[0])
    text = f"| part | {' | '.join(f'round {number}' for number in range(1, len(rounds) + 1))} | median |\n"
    text += f"|---|{'---:|' * (len(rounds) + 1)}\n"
    for name in names:
        seconds = [each[name] for each in rounds]
        cells = [*seconds, statistics.median(seconds)]
        text += f"| {name} | {' | '.join(f'{each:.1f} s' for each in cells)} |\n"
    return text
