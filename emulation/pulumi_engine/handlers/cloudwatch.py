"""CloudWatch: log groups, alarms and dashboards."""

from typing import Any, Final

from emulation.pulumi_engine.casing import pascal_keys
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, recreates, removes

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
    name = request.inputs["name"]
    request.call(
        "logs",
        "create_log_group",
        logGroupName=name,
        kmsKeyId=request.inputs.get("kmsKeyId"),
        tags=request.tags or None,
    )
    retention = request.inputs.get("retentionInDays")
    if retention:
        request.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=retention)
    return Created(name, {"name": name, "arn": request.arn("logs", f"log-group:{name}")})


def _update_log_group(request: Request, standing: Standing) -> None:
    if "retentionInDays" in standing.changed:
        retention = request.inputs.get("retentionInDays")
        operation = "put_retention_policy" if retention else "delete_retention_policy"
        request.call("logs", operation, logGroupName=standing.id, retentionInDays=retention or None)


def _create_alarm(request: Request) -> Created:
    name = request.inputs["name"]
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


def _read_dashboard(request: Request, standing: Standing) -> dict[str, Any]:
    return {"dashboardBody": request.call("cloudwatch", "get_dashboard", DashboardName=standing.id)["DashboardBody"]}


def _put_metric_filter(request: Request) -> Created:
    transformation = request.inputs["metricTransformation"]
    request.call(
        "logs",
        "put_metric_filter",
        filterName=request.inputs["name"],
        filterPattern=request.inputs["pattern"],
        logGroupName=request.inputs["logGroupName"],
        metricTransformations=[
            {
                "metricName": transformation["name"],
                "metricNamespace": transformation["namespace"],
                "metricValue": transformation["value"],
            }
        ],
    )
    return Created(request.inputs["name"])


HANDLERS: Final = {
    "aws:cloudwatch/logGroup:LogGroup": Handler(
        _create_log_group,
        accepts=("name", "kmsKeyId", "retentionInDays", "skipDestroy", "tags"),
        update=_update_log_group,
        unchangeable=("kmsKeyId",),
        delete=removes("logs", "delete_log_group", logGroupName="id"),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Handler(
        _create_alarm,
        accepts=("name", "dimensions", "metricQueries", "thresholdMetricId", "tags", *_ALARM),
        update=recreates(_create_alarm),
        delete=lambda request, standing: request.call("cloudwatch", "delete_alarms", AlarmNames=[standing.id]),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Handler(
        _create_dashboard,
        accepts=("dashboardName", "dashboardBody"),
        update=recreates(_create_dashboard),
        delete=lambda request, standing: request.call("cloudwatch", "delete_dashboards", DashboardNames=[standing.id]),
        read=_read_dashboard,
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Handler(
        _put_metric_filter,
        accepts=("name", "logGroupName", "metricTransformation", "pattern"),
        update=recreates(_put_metric_filter),
        delete=removes("logs", "delete_metric_filter", filterName="id", logGroupName="logGroupName"),
    ),
}
