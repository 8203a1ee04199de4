"""Monthly costs of an idle stack, from its committed graph and AWS's list prices.

`make bench NAME=costs` prints the tables of docs/costs.md; with ARGS=--write it writes them there.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bench.terabyte import GLUE_UNIT_HOUR, S3_GIGABYTE_MONTH, S3_PUT

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "costs.md"
BEGIN, END = "<!-- make bench NAME=costs ARGS=--write -->", "<!-- end -->"

PRICES_OF: Final = "June 2025"
REGION: Final = "eu-west-1"
HOURS: Final = 730
# USD before tax, without any free tier: the list prices of REGION as of PRICES_OF.
KMS_KEY: Final = 1.00
# For each metric that an alarm reads; an alarm on a ratio reads two.
ALARM: Final = 0.10
DASHBOARD: Final = 3.00
CUSTOM_METRIC: Final = 0.30
LAMBDA_GIGABYTE_SECOND: Final = 0.0000133334
LAMBDA_REQUEST: Final = 0.20 / 1_000_000
PRIVATE_ZONE: Final = 0.50
ECR_GIGABYTE: Final = 0.10
WEB_ACL: Final = 5.00
WEB_ACL_RULE: Final = 1.00
WEB_ACL_MILLION_REQUESTS: Final = 0.60
ENDPOINT_HOUR: Final = 0.011
NAT_HOUR: Final = 0.048
ADDRESS_HOUR: Final = 0.005
FARGATE_PROCESSOR_HOUR: Final = 0.04048
FARGATE_GIGABYTE_HOUR: Final = 0.004445
# Runs of the function that measures the datasets' ages. The figures are above what it needs.
FRESHNESS_RUNS: Final = 4 * HOURS
FRESHNESS_SECONDS: Final = 1.0
FRESHNESS_GIGABYTES: Final = 0.25
# At least: the smallest number of G.1X workers is two, and Glue bills at least a minute. A stack's settings may ask for
# more.
GLUE_RUN: Final = 2 * GLUE_UNIT_HOUR / 60
NIGHTS: Final = 365 / 12
S3_REQUESTS_OF_A_MERGE: Final = 60
"""For a run of the warehouse job that merges one object: more than `make bench NAME=history` counts."""
# More than one image of any of the three needs.
GIGABYTES_OF_A_REPOSITORY: Final = 1.0

_BY_THE_MONTH: Final = {
    "kms Key": ("KMS keys", KMS_KEY),
    "cloudwatch Dashboard": ("dashboards", DASHBOARD),
    "servicediscovery PrivateDnsNamespace": ("private DNS zones", PRIVATE_ZONE),
    "ecr Repository": (f"image registries of {GIGABYTES_OF_A_REPOSITORY:.0f} GB", ECR_GIGABYTE),
    "ec2 NatGateway": ("NAT gateways", NAT_HOUR * HOURS),
    "wafv2 WebAcl": ("web ACLs with two rules", WEB_ACL + 2 * WEB_ACL_RULE),
    "ec2 Eip": ("fixed addresses", ADDRESS_HOUR * HOURS),
}


class Line(NamedTuple):
    """One line of a table."""

    what: str
    count: int
    dollars: float


def standing(stack: str) -> Iterator[Line]:
    """Yield the monthly costs of an idle stack from its committed graph, with its source servers stopped."""
    snapshot = (ROOT / f"tests/infrastructure/snapshots/{stack}.yaml").read_text()
    kinds = Counter(re.findall(r"^  (\w+ \w+) [\w.-]+:", snapshot, re.MULTILINE))
    for kind, (what, dollars) in _BY_THE_MONTH.items():
        if kinds[kind]:
            yield Line(what, kinds[kind], kinds[kind] * dollars)
    watched = re.findall(r"^ +metricName: ([\w-]+)$", snapshot, re.MULTILINE)
    yield Line("alarms, charged by metric", len(watched), len(watched) * ALARM)
    ages = watched.count("NewestObjectAge")
    yield Line("metrics published all day", ages, ages * CUSTOM_METRIC)
    if missed := watched.count("ObjectsMissed"):
        # A metric is charged for the hours in which it has a value.
        yield Line("metrics published once a night", missed, missed * CUSTOM_METRIC * NIGHTS / HOURS)
    run = FRESHNESS_SECONDS * FRESHNESS_GIGABYTES * LAMBDA_GIGABYTE_SECOND + LAMBDA_REQUEST
    yield Line("runs of the function that publishes the metrics", FRESHNESS_RUNS, FRESHNESS_RUNS * run)
    schedules = re.findall(r"^ +schedule: cron\((.+)\)$", snapshot, re.MULTILINE)
    if schedules:
        runs = sum(_runs_a_month(schedule) for schedule in schedules)
        yield Line("scheduled runs of Glue jobs, charged for a minute each", round(runs), runs * GLUE_RUN)
    endpoints = len(re.findall(r"vpcEndpointType: Interface", snapshot))
    if endpoints:
        yield Line("interface endpoints in one zone", endpoints, endpoints * ENDPOINT_HOUR * HOURS)


def _runs_a_month(schedule: str) -> float:
    """Return the monthly runs of an AWS schedule that runs once a day, on the weekdays it names or on all."""
    days = schedule.split()[4]
    return NIGHTS * (7 if days in "*?" or "-" in days else len(days.split(","))) / 7


def task(processors: float, gigabytes: float) -> float:
    """Return the monthly cost of a Fargate task with a public address that always runs."""
    hourly = processors * FARGATE_PROCESSOR_HOUR + gigabytes * FARGATE_GIGABYTE_HOUR + ADDRESS_HOUR
    return hourly * HOURS


def choices() -> list[Line]:
    """Return the monthly cost of each option."""
    return [
        Line("the collector in the network without NAT: an SSM endpoint in one zone", 1, ENDPOINT_HOUR * HOURS),
        Line("`network.natGateways: 1`, including its fixed address", 1, (NAT_HOUR + ADDRESS_HOUR) * HOURS),
        Line("`network.natGateways: 2`", 2, 2 * (NAT_HOUR + ADDRESS_HOUR) * HOURS),
        Line(
            f"`events.firewall`: a web ACL with two rules; {WEB_ACL_MILLION_REQUESTS:.2f} more per million requests",
            1,
            WEB_ACL + 2 * WEB_ACL_RULE,
        ),
        Line("the SFTP demo server, running", 1, task(0.25, 0.5)),
        Line("the SQL Server demo server, running", 1, task(0.5, 2)),
    ]


def used() -> list[Line]:
    """Return the costs of publishing tables, by use."""
    runs = 1_000
    merging = runs * S3_REQUESTS_OF_A_MERGE * S3_PUT
    return [
        Line("a run of the workflow: two Glue jobs, charged for at least a minute each", 1, 2 * GLUE_RUN),
        Line(f"S3 requests of {runs:,} merges, at most {S3_REQUESTS_OF_A_MERGE} each, priced as writes", runs, merging),
        Line("a gigabyte of tables, per month", 1, S3_GIGABYTE_MONTH),
    ]


def tables() -> str:
    """Return the tables of the page."""
    text = f"USD a month of {HOURS} hours in {REGION}, list prices of {PRICES_OF}, before tax and without free tiers.\n"
    for stack in ("dev", "prod"):
        lines = list(standing(stack))
        state = ", with its source servers stopped (`sources.desiredCount: 0`)" if stack == "dev" else ""
        text += f"\n### {stack}, idle{state}\n\n| what | count | USD |\n|---|---|---|\n"
        text += "".join(f"| {line.what} | {line.count} | {line.dollars:.2f} |\n" for line in lines)
        text += f"| **together** | | **{sum(line.dollars for line in lines):.2f}** |\n"
    text += "\n### What each choice adds\n\n| choice | USD |\n|---|---|\n"
    text += "".join(f"| {line.what} | {line.dollars:.2f} |\n" for line in choices())
    text += "\n### Published tables, by use\n\n| what | USD |\n|---|---|\n"
    text += "".join(f"| {line.what} | {line.dollars:.3f} |\n" for line in used())
    idle = sum(line.dollars for line in standing("dev"))
    endpoint = choices()[0].dollars
    running = idle + endpoint + sum(line.dollars for line in choices()[-2:])
    text += "\n### dev, with its source servers stopped and running\n\n| state | USD |\n|---|---|\n"
    text += f"| `sources.desiredCount: 0` | {idle:.2f} |\n"
    text += f"| `sources.desiredCount: 1`, after `sources stop`: the endpoint is in no zone | {idle:.2f} |\n"
    text += f"| `sources.desiredCount: 1`, running | {running:.2f} |\n"
    return text


def page(text: str) -> str:
    """Return the page's text with new tables."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Print the tables, or write them into the page with `--write`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/costs.md")
    if parser.parse_args().write:
        PAGE.write_text(page(PAGE.read_text()))
    else:
        print(tables())


if __name__ == "__main__":
    main()
