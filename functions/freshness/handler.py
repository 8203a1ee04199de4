"""AWS Lambda `freshness`: runs every few minutes and publishes the age of each dataset."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.environment import read_environment
from functions.errors import FunctionError
from functions.freshness.settings import Settings
from functions.freshness.watch import age_of_newest
from functions.observability import Measure, logger, observed, publish
from lake.metrics import DATASET, NEWEST_OBJECT_AGE
from lake.object_index.totals import TotalsTable


class FreshnessUnknownError(FunctionError):
    """The ages of some datasets are unknown; those of all others were published."""


@observed
def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Publish the age of each dataset's newest object, in seconds.

    Raises:
        FreshnessUnknownError: The table did not answer for some datasets.
        InvalidEnvironmentError: An environment variable is missing or invalid.
    """
    failed: dict[str, str] = {}
    for dataset, seconds in _settings().freshness_seconds.items():
        try:
            age = age_of_newest(_totals(), dataset, timedelta(seconds=seconds), datetime.now(UTC)).total_seconds()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not hide the other datasets; it is raised
            failed[dataset] = f"{type(error).__name__}: {error}"
            continue
        logger.info("measured", dataset=dataset, age_seconds=round(age), late=age > seconds)
        publish(Measure(NEWEST_OBJECT_AGE, age, MetricUnit.Seconds), dimensions={DATASET: dataset})
    if failed:
        raise FreshnessUnknownError("; ".join(f"{dataset}: {error}" for dataset, error in failed.items()))


@cache
def _settings() -> Settings:
    return read_environment(Settings)


@cache
def _totals() -> TotalsTable:
    return TotalsTable(boto3.client("dynamodb"), _settings().totals_table)
