"""Log groups, alarms and dashboards."""

from typing import Any, Final

from emulation.pulumi_engine.casing import pascal_keys
from emulation.pulumi_engine.handler import Created, Handler, Request

_ALARM: Final = (
    "actionsEnabled",
    "alarmActions",
    "alarmDescription",
    "comparisonOperator",
    "datapointsToAlarm",
    "evaluationPeriods",
    "extendedStatistic",
    "insufficientDataActions",
    "metricName",
    "namespace",
    "okActions",
    "period",
    "statistic",
    "threshold",
    "treatMissingData",
    "unit",
)


def _create_log_group(request: Request) -> Created:
    name = request.physical_name()
    request.call(
        "logs",
        "create_log_group",
        logGroupName=name,
        kmsKeyId=request.inputs.get("kmsKeyId"),
        logGroupClass=request.inputs.get("logGroupClass"),
        tags=request.tags or None,
    )
    retention = request.inputs.get("retentionInDays")
    if retention:
        request.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=retention)
    return Created(name, {"name": name, "arn": request.arn("logs", f"log-group:{name}")})


def _create_alarm(request: Request) -> Created:
    name = request.physical_name()
    queries = request.inputs.get("metricQueries")
    request.call(
        "cloudwatch",
        "put_metric_alarm",
        AlarmName=name,
        Dimensions=_dimensions(request.inputs.get("dimensions")),
        Metrics=[_metric_query(query) for query in queries] if queries else None,
        ThresholdMetricId=request.inputs.get("thresholdMetricId"),
        Tags=request.tag_list,
        **request.pascal(*_ALARM, renames={"okActions": "OKActions"}),
    )
    return Created(name, {"name": name, "arn": request.arn("cloudwatch", f"alarm:{name}")})


def _metric_query(query: dict[str, Any]) -> dict[str, Any]:
    converted = pascal_keys({name: value for name, value in query.items() if name != "metric"})
    metric = query.get("metric")
    if metric:
        described = {"Namespace": metric.get("namespace"), "MetricName": metric["metricName"]}
        dimensions = _dimensions(metric.get("dimensions"))
        converted["MetricStat"] = {
            "Metric": {**described, "Dimensions": dimensions} if dimensions else described,
            **pascal_keys({name: metric[name] for name in ("period", "stat", "unit") if name in metric}),
        }
    return converted


def _dimensions(dimensions: dict[str, str] | None) -> list[dict[str, str]] | None:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()] if dimensions else None


def _create_dashboard(request: Request) -> Created:
    name = request.inputs["dashboardName"]
    request.call("cloudwatch", "put_dashboard", DashboardName=name, DashboardBody=request.inputs["dashboardBody"])
    return Created(name, {"dashboardArn": f"arn:aws:cloudwatch::{request.account}:dashboard/{name}"})


HANDLERS: Final = {
    "aws:cloudwatch/logGroup:LogGroup": Handler(
        _create_log_group,
        accepts=("name", "kmsKeyId", "logGroupClass", "retentionInDays", "skipDestroy", "tags"),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Handler(
        _create_alarm, accepts=("name", "dimensions", "metricQueries", "thresholdMetricId", "tags", *_ALARM)
    ),
    "aws:cloudwatch/dashboard:Dashboard": Handler(_create_dashboard, accepts=("dashboardName", "dashboardBody")),
}
