"""The Lambda that runs every few minutes and publishes each dataset's age."""

import json
import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.errors import FunctionError
from functions.freshness.watch import age_of_newest
from lake import metrics
from lake.object_index import AttributesTable

logger = Logger()


class FreshnessUnknownError(FunctionError):
    """The ages of some datasets could not be found out; those of all others were published."""


def handler(_event: dict[str, Any], context: LambdaContext) -> None:
    """Publish the age of each dataset's newest object, in seconds.

    Raises:
        FreshnessUnknownError: the index could not be asked about some of them.
    """
    logger.set_correlation_id(context.aws_request_id)
    failed: dict[str, str] = {}
    for dataset, seconds in json.loads(os.environ["FRESHNESS_SECONDS"]).items():
        freshness = timedelta(seconds=seconds)
        try:
            age = age_of_newest(_table(), dataset, freshness, datetime.now(UTC)).total_seconds()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not hide the other datasets; it is raised
            failed[dataset] = f"{type(error).__name__}: {error}"
            continue
        logger.info("measured", dataset=dataset, age_seconds=round(age), late=age > seconds)
        with single_metric(name=metrics.NEWEST_OBJECT_AGE, unit=MetricUnit.Seconds, value=age) as metric:
            metric.add_dimension(metrics.DATASET, dataset)
    if failed:
        raise FreshnessUnknownError("; ".join(f"{dataset}: {error}" for dataset, error in failed.items()))


@cache
def _table() -> AttributesTable:
    return AttributesTable(boto3.resource("dynamodb").Table(os.environ["ATTRIBUTES_TABLE"]))
