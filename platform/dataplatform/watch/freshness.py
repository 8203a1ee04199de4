"""Whether each dataset is on time and clean: a function measures its age; alarms ring on that and on refused rows."""

import json
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_when_above, with_runbook
from dataplatform.aws.event_rules import invoke_by_rule
from dataplatform.aws.policies import allow
from dataplatform.aws.python_function import FunctionSettings, PythonFunction
from lake import metrics
from lake import object_index as attributes

HANDLER = "functions.freshness.handler.handler"
SCHEDULE = "rate(15 minutes)"
# Two measurements in each period, so that none is without when one comes a little late.
AGE_PERIOD_SECONDS = 1800
# Rows of a stream are few in a minute, and one bad one of few is nothing to wake anybody for.
SHARE_PERIOD_SECONDS = 3600


class WatchedDatasetArgs(TypedDict):
    """What is expected of one dataset."""

    freshness_seconds: int
    """How old its newest object may be."""
    paused: bool
    """Nothing comes, since the server does not run: its alarm shows that it is late and tells nobody."""


class DatasetWatchArgs(TypedDict):
    """What a DatasetWatch needs."""

    datasets: dict[str, WatchedDatasetArgs]
    quarantine_percent: float
    """Share of a dataset's rows that may be refused within an hour."""
    attributes_table_name: pulumi.Input[str]
    attributes_table_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    undelivered_queue_arn: pulumi.Input[str]
    """Where the schedule's events go that could not start the function."""
    functions: FunctionSettings


class DatasetWatch(pulumi.ComponentResource):
    """The function that publishes each dataset's age, its schedule, and two alarms for each dataset."""

    function_name: pulumi.Output[str]
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

    def __init__(self, name: str, args: DatasetWatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:watch:DatasetWatch", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        function = self._create_function()
        self._schedule(function)
        self.alarm_arns = [*function.alarm_arns]
        for dataset, watched in args["datasets"].items():
            self.alarm_arns += [self._alarm_when_late(dataset, watched), self._alarm_when_refused(dataset)]
        self.function_name = function.function_name
        self.register_outputs({"functionName": self.function_name})

    def _create_function(self) -> PythonFunction:
        args = self._args
        freshness = {dataset: watched["freshness_seconds"] for dataset, watched in args["datasets"].items()}
        index = pulumi.Output.concat(args["attributes_table_arn"], f"/index/{attributes.INDEX}")
        return PythonFunction(
            f"{self._name}-freshness",
            {
                "settings": args["functions"],
                "description": "Publishes how old each dataset's newest object is",
                "handler": HANDLER,
                "log_group_name": f"/{self._name}/freshness",
                "timeout_seconds": 60,
                "memory_megabytes": 256,
                "environment": {
                    "ATTRIBUTES_TABLE": args["attributes_table_name"],
                    "FRESHNESS_SECONDS": json.dumps(freshness),
                    "POWERTOOLS_SERVICE_NAME": metrics.FRESHNESS,
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                },
                "statements": [allow("AskIndex", ["dynamodb:Query"], [index])],
                "placement": None,
                "errors_description": "A dataset's age could not be measured: the function's log says why",
                "near_limit_percent": 80,
            },
            self._child,
        )

    def _schedule(self, function: PythonFunction) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-due",
            description="Time to measure each dataset's age",
            schedule_expression=SCHEDULE,
            opts=self._child,
        )
        invoke_by_rule(
            self._name,
            rule,
            function,
            self._args["undelivered_queue_arn"],
            target_name=f"{self._name}-due-measured",
            parent=self,
        )

    def _alarm_when_late(self, dataset: str, watched: WatchedDatasetArgs) -> pulumi.Output[str]:
        hours = f"{watched['freshness_seconds'] / 3600:g}"
        return alarm_when_above(
            f"{self._name}-{dataset}-late",
            description=f"{dataset} is late: no object landed within {hours} hours, or nobody measured it",
            runbook="dataset-late",
            namespace=self._args["functions"]["metrics_namespace"],
            metric=metrics.NEWEST_OBJECT_AGE,
            dimensions={metrics.SERVICE: metrics.FRESHNESS, metrics.DATASET: dataset},
            statistic="Maximum",
            threshold=watched["freshness_seconds"],
            period_seconds=AGE_PERIOD_SECONDS,
            # A watcher that is dead tells of no lateness.
            missing_data="breaching",
            topic_arn=self._args["alarm_topic_arn"],
            parent=self,
            rings=not watched["paused"],
        ).arn

    def _alarm_when_refused(self, dataset: str) -> pulumi.Output[str]:
        percent, topic = self._args["quarantine_percent"], self._args["alarm_topic_arn"]
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{dataset}-refused",
            alarm_description=with_runbook(
                f"More than {percent:g} % of the rows of {dataset} were refused within an hour", "quarantine-rate"
            ),
            metric_queries=[
                {
                    "id": "percent",
                    "expression": "IF(rows > 0, 100 * refused / rows, 0)",
                    "label": "refused rows in %",
                    "return_data": True,
                },
                self._sum("rows", metrics.ROWS_IN, dataset),
                self._sum("refused", metrics.ROWS_QUARANTINED, dataset),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=percent,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[topic],
            ok_actions=[topic],
            opts=self._child,
        ).arn

    def _sum(self, name: str, metric: str, dataset: str) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
        return {
            "id": name,
            "metric": {
                "namespace": self._args["functions"]["metrics_namespace"],
                "metric_name": metric,
                "dimensions": {metrics.DATASET: dataset},
                "period": SHARE_PERIOD_SECONDS,
                "stat": "Sum",
            },
        }
