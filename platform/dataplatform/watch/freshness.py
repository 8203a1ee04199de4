"""Watches whether each dataset is on time and clean: a function measures ages; alarms check these and refused rows."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_when_above, with_runbook
from dataplatform.aws.event_rules import invoke_by_rule
from dataplatform.aws.function_layer import FunctionLayer
from dataplatform.aws.policies import allow
from dataplatform.aws.python_function import PythonFunction
from dataplatform.aws.stack import StackContext
from dataplatform.declarations import Declarations
from dataplatform.settings.alarms import AlarmSettings
from dataplatform.watch.monitoring import Monitoring
from dataplatform.watch.object_index import ObjectIndex
from lake import metrics
from processing.declaring.dataset import Dataset

HANDLER = "functions.freshness.handler.handler"
SCHEDULE = "rate(15 minutes)"
# Two measurements in each period, so that no period is empty if a measurement is a little late.
AGE_PERIOD_SECONDS = 1800
# A stream has few rows in a minute, and one bad row among them is no reason to wake anybody.
SHARE_PERIOD_SECONDS = 3600


class DatasetWatch(pulumi.ComponentResource):
    """The function that publishes each dataset's age, its schedule, and the alarms of each dataset."""

    function_name: pulumi.Output[str]
    """Name of the function."""
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of the alarms of the function and of the datasets."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        layer: FunctionLayer,
        index: ObjectIndex,
        monitoring: Monitoring,
        settings: AlarmSettings,
        declared: Declarations,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the function, its schedule and the alarms of every dataset.

        Args:
            name: prefix of the resources' names.
            stack: the stack's context with alarms.
            layer: the code and dependencies of all functions.
            index: the object index, which records each dataset's newest object.
            monitoring: the topics of the datasets' owners.
            settings: share of a dataset's rows that may be refused within an hour.
            declared: all datasets, each with its freshness. If a dataset's server is stopped, its alarm only shows that
                the dataset is late, and notifies nobody.
            opts: options of the component.
        """
        super().__init__("dataplatform:watch:DatasetWatch", name, None, opts)
        self._name, self._stack, self._settings, self._monitoring = name, stack, settings, monitoring
        self._child = pulumi.ResourceOptions(parent=self)
        function = self._create_function(layer, index, declared.datasets)
        self._schedule(function)
        self.alarm_arns = [*function.alarm_arns]
        for dataset in declared.datasets.values():
            late = self._alarm_when_late(dataset, notifies=not declared.is_paused(dataset.name))
            self.alarm_arns += [late, self._alarm_when_refused(dataset), self._alarm_when_missed(dataset.name)]
        self.function_name = function.function_name
        self.register_outputs({"functionName": self.function_name})

    @property
    def exports(self) -> Mapping[str, object]:
        """The stack's outputs about its watch over datasets."""
        return {"freshnessFunction": self.function_name}

    def _create_function(
        self, layer: FunctionLayer, index: ObjectIndex, datasets: Mapping[str, Dataset]
    ) -> PythonFunction:
        freshness = {name: int(dataset.freshness.total_seconds()) for name, dataset in datasets.items()}
        return PythonFunction(
            f"{self._name}-freshness",
            stack=self._stack,
            layer=layer,
            description="Publishes the age of each dataset's newest object",
            handler=HANDLER,
            log_group_name=f"/{self._name}/freshness",
            timeout_seconds=60,
            memory_megabytes=256,
            environment={
                "TOTALS_TABLE": index.totals_table_name,
                "FRESHNESS_SECONDS": json.dumps(freshness),
                "POWERTOOLS_SERVICE_NAME": metrics.FRESHNESS,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            statements=[allow("ReadTotals", ["dynamodb:GetItem"], [index.totals_table_arn])],
            errors_description="A dataset's age could not be measured. The function's log has the reason",
            opts=self._child,
        )

    def _schedule(self, function: PythonFunction) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-due",
            description="Measures each dataset's age",
            schedule_expression=SCHEDULE,
            opts=self._child,
        )
        invoke_by_rule(
            self._name,
            rule,
            function,
            stack=self._stack,
            target_name=f"{self._name}-due-measured",
            parent=self,
        )

    def _alarm_when_late(self, dataset: Dataset, *, notifies: bool) -> pulumi.Output[str]:
        seconds = int(dataset.freshness.total_seconds())
        hours = f"{seconds / 3600:g}"
        within = "1 hour" if hours == "1" else f"{hours} hours"
        return alarm_when_above(
            f"{self._name}-{dataset.name}-late",
            description=(
                f"{dataset.name} is late. No object landed within {within}, or the age of the newest object was not "
                "measured"
            ),
            runbook="dataset-late",
            namespace=self._stack.metrics_namespace,
            metric=metrics.NEWEST_OBJECT_AGE,
            dimensions={metrics.SERVICE: metrics.FRESHNESS, metrics.DATASET: dataset.name},
            statistic="Maximum",
            threshold=seconds,
            period_seconds=AGE_PERIOD_SECONDS,
            # Missing data fires the alarm, because a dead watcher cannot report lateness.
            missing_data="breaching",
            topic_arn=self._monitoring.topic_of(dataset.owner),
            parent=self,
            rings=notifies,
        ).arn

    def _alarm_when_missed(self, dataset: str) -> pulumi.Output[str]:
        """Create the alarm on missed notifications. It does not notify the dataset's owner, who is not at fault."""
        return alarm_when_above(
            f"{self._name}-{dataset}-missed",
            description=f"Only the nightly comparison found objects of {dataset}, so notifications were lost",
            runbook="objects-missed",
            namespace=self._stack.metrics_namespace,
            metric=metrics.OBJECTS_MISSED,
            dimensions={metrics.DATASET: dataset},
            statistic="Sum",
            period_seconds=SHARE_PERIOD_SECONDS,
            topic_arn=self._stack.alarm_topic_arn,
            parent=self,
        ).arn

    def _alarm_when_refused(self, dataset: Dataset) -> pulumi.Output[str]:
        percent, topic = self._settings.quarantine_percent, self._monitoring.topic_of(dataset.owner)
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{dataset.name}-refused",
            alarm_description=with_runbook(
                f"More than {percent:g} % of the rows of {dataset.name} were refused within an hour", "quarantine-rate"
            ),
            metric_queries=[
                {
                    "id": "percent",
                    "expression": "IF(rows > 0, 100 * refused / rows, 0)",
                    "label": "refused rows in %",
                    "return_data": True,
                },
                self._sum("rows", metrics.ROWS_IN, dataset.name),
                self._sum("refused", metrics.ROWS_QUARANTINED, dataset.name),
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
                "namespace": self._stack.metrics_namespace,
                "metric_name": metric,
                "dimensions": {metrics.DATASET: dataset},
                "period": SHARE_PERIOD_SECONDS,
                "stat": "Sum",
            },
        }
