"""Models the time and cost of 1 TB of files a day, from rates that you measure and AWS's list prices.

`make bench NAME=terabyte` prints the tables of docs/terabyte-a-day.md; ARGS=--write writes them there. Nothing was
measured on AWS: the rates are arguments, to be replaced by those of your own runs.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.spread_figures import MERGE, REPORT
from bench.terabyte_engines import GLUE_UNIT_HOUR, Model, Work, tables_of_engines

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "terabyte-a-day.md"
BEGIN, END = "<!-- make bench NAME=terabyte ARGS=--write -->", "<!-- end -->"

PRICES_OF: Final = "2025"
REGION: Final = "eu-west-1"
# USD before tax, without any free tier, first tier of each.
LAMBDA_GIGABYTE_SECOND_ARM: Final = 0.0000133334
S3_GIGABYTE_MONTH: Final = 0.023
S3_PUT: Final = 0.005 / 1e3
S3_GET: Final = 0.0004 / 1e3

MEGABYTES: Final = 1_000_000
DAYS: Final = 30
FUNCTION_SECONDS: Final = 900
"""The longest run of a function."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The model's assumptions, which only a run on AWS can confirm."""

    object_megabytes: float = 1000.0
    collector_megabytes_per_second: float = 100.0
    collector_gigabytes: float = 3.5
    job_megabytes_per_second: float = 40.0
    workers: int = 20
    units_per_worker: int = 1
    parquet_share: float = 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """One stage of a day."""

    stage: str
    takes: str
    dollars: float


def stages(rates: Rates, model: Model | None = None) -> list[Line]:
    """Return each stage of a day's terabyte, with its time and cost."""
    objects = math.ceil(MEGABYTES / rates.object_megabytes)
    collecting = MEGABYTES / rates.collector_megabytes_per_second
    sanitising = MEGABYTES / (rates.job_megabytes_per_second * (rates.workers - 1))
    unit_hours = sanitising / 3600 * rates.workers * rates.units_per_worker
    stored = (1 + rates.parquet_share) * MEGABYTES / 1000
    return [
        Line(
            f"collect {objects:,} objects, in at least {math.ceil(collecting / FUNCTION_SECONDS)} runs of the function",
            f"{collecting / 3600:.1f} h",
            collecting * rates.collector_gigabytes * LAMBDA_GIGABYTE_SECOND_ARM,
        ),
        Line(
            f"check them on Glue, one object on each of {rates.workers - 1} workers, besides the driver",
            f"{sanitising / 3600:.1f} h",
            unit_hours * GLUE_UNIT_HOUR,
        ),
        *_on_spark(rates, model or Model()),
        Line(
            "write and read them in S3",
            "included above",
            MEGABYTES / 8 * S3_PUT + objects * (2 * S3_PUT + 4 * S3_GET),
        ),
        Line(f"keep a day's {stored:,.0f} GB for a month", "", stored * S3_GIGABYTE_MONTH),
    ]


def _on_spark(rates: Rates, model: Model) -> list[Line]:
    """Return the merges and reports of a day with as many rows as the table."""
    assumed = model.assumed
    rows = MEGABYTES * 1_000_000 / assumed.text_bytes
    merge = model.by_spark(Work(MERGE, rows, rows / assumed.runs), rates.workers)
    report = model.by_spark(Work(REPORT, rows), rates.workers)
    return [
        Line(
            f"with Spark, merge {rows / 1e9:.0f} billion rows into a table of the same size, in {assumed.runs} runs",
            f"{assumed.runs * merge.seconds / 3600:.1f} h",
            assumed.runs * merge.dollars,
        ),
        Line(
            f"with Spark, compute {assumed.reports} reports from the table, each in its own run",
            f"{assumed.reports * report.seconds / 3600:.1f} h",
            assumed.reports * report.dollars,
        ),
    ]


def tables(rates: Rates) -> str:
    """Return the tables of the page."""
    model = Model()
    lines = stages(rates, model)
    given = {
        "MB of an object": f"{rates.object_megabytes:,.0f}",
        "MB/s that the collector transfers": f"{rates.collector_megabytes_per_second:,.0f}",
        "GB of the collector's function": f"{rates.collector_gigabytes}",
        "MB/s that one Glue worker checks": f"{rates.job_megabytes_per_second:,.0f}",
        "Glue workers": f"{rates.workers}",
        "parquet's share of the text": f"{rates.parquet_share}",
    }
    text = "| assumption | value |\n|---|---|\n" + "".join(f"| {what} | {value} |\n" for what, value in given.items())
    text += f"\nUSD for a day's 1 TB in {REGION}, list prices of {PRICES_OF}, before tax and without free tiers.\n\n"
    text += "| stage | time | USD |\n|---|---|---|\n"
    text += "".join(f"| {line.stage} | {line.takes} | {line.dollars:.2f} |\n" for line in lines)
    text += f"| **a day** | | **{sum(line.dollars for line in lines):.2f}** |\n"
    text += (
        f"| **{DAYS} days, all kept for one month each** | | **{DAYS * sum(line.dollars for line in lines):,.2f}** |\n"
    )
    return text + tables_of_engines(model, rates.workers)


def page(text: str) -> str:
    """Return the page with up-to-date tables."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{tables(Rates())}\n{END}{rest.split(END)[1]}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/terabyte-a-day.md, with the defaults")
    parser.add_argument("--object-megabytes", type=float, default=1000.0, help="MB of an object")
    parser.add_argument("--collector", type=float, default=100.0, help="MB/s that one collector takes")
    parser.add_argument("--job", type=float, default=40.0, help="MB/s that one Glue worker checks")
    parser.add_argument("--workers", type=int, default=20, help="Glue workers, the driver among them")
    given = parser.parse_args(arguments)
    if given.write:
        PAGE.write_text(page(PAGE.read_text()))
        return
    print(
        tables(
            Rates(given.object_megabytes, given.collector, job_megabytes_per_second=given.job, workers=given.workers)
        )
    )


if __name__ == "__main__":
    main()
