"""What a run counted, as CloudWatch metrics. Published by PutMetricData: Glue makes no metrics of what a job prints."""

import argparse
from collections.abc import Mapping
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from processing.running.job_run import JobRun

# docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
_MOST_AT_ONCE: Final = 1000


def add_metrics_namespace(parser: argparse.ArgumentParser) -> None:
    """--metrics-namespace: where counts are published."""
    parser.add_argument(
        "--metrics-namespace", metavar="NAME", help="publish metrics in this namespace; default: no metrics"
    )


class RunMetrics:
    """Publishes counts under one namespace.

    Args:
        client: a boto3 CloudWatch client.
        namespace: the stack's.
    """

    def __init__(self, client: Any, namespace: str) -> None:  # noqa: ANN401 - a boto3 client
        self._client, self._namespace = client, namespace

    def publish(self, dimension: str, counts: Mapping[str, Mapping[str, int]], run: JobRun) -> None:
        """Publish counts. What cannot be published is said in the run's log: its rows are where they belong already.

        Args:
            dimension: name of the one dimension, such as "dataset".
            counts: by the dimension's value and the metric's name.
            run: whose log it is.
        """
        data: list[dict[str, Any]] = [
            {
                "MetricName": metric,
                "Dimensions": [{"Name": dimension, "Value": value}],
                "Value": count,
                "Unit": "Count",
            }
            for value, counted in counts.items()
            for metric, count in counted.items()
        ]
        try:
            for start in range(0, len(data), _MOST_AT_ONCE):
                self._client.put_metric_data(Namespace=self._namespace, MetricData=data[start : start + _MOST_AT_ONCE])
        except (BotoCoreError, ClientError) as error:
            run.log("unmeasured", error=str(error))


def run_metrics(options: argparse.Namespace) -> RunMetrics | None:
    """What publishes a run's counts, if the arguments name a namespace."""
    namespace = options.metrics_namespace
    return RunMetrics(boto3.client("cloudwatch"), namespace) if namespace else None
