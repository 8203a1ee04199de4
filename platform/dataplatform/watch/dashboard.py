"""One page that shows the flow from left to right: what comes, what waits, what became of it, and which alarms ring."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.stream.stream import MeteredStream
from lake import metrics

COLUMNS: Final = 4
WIDTH: Final = 24 // COLUMNS
HEIGHT: Final = 6
PERIOD_SECONDS: Final = 300

Widget = dict[str, Any]
Line = list[Any]
"""A metric as a dashboard has it: namespace, name, dimensions by name and value, options."""


class DashboardArgs(TypedDict):
    """What a Dashboard needs."""

    region: pulumi.Input[str]
    metrics_namespace: str
    datasets: Sequence[str]
    collected_datasets: Sequence[str]
    """Those that come by SFTP."""
    reports: Sequence[str]
    functions: Mapping[str, pulumi.Input[str]]
    """Name of each function, by what it is called here."""
    stream: MeteredStream
    alarm_arns: Sequence[pulumi.Input[str]]


class Dashboard(pulumi.ComponentResource):
    """The dashboard, by the name of the stack."""

    dashboard_name: pulumi.Output[str]

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:watch:Dashboard", name, None, opts)
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=name,
            dashboard_body=pulumi.Output.json_dumps({"start": "-PT24H", "widgets": list(_widgets(args))}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dashboard_name = dashboard.dashboard_name
        self.register_outputs({"dashboardName": self.dashboard_name})


def _widgets(args: DashboardArgs) -> Iterator[Widget]:
    columns = (
        ("Source", [_collected(args), _posted(args), _api(args)]),
        ("→ Inbound", [_landed(args), _waiting(args), _age(args)]),
        (
            "→ Warehouse and quarantine",
            [
                _counts(args, "Rows processed", metrics.ROWS_IN),
                _counts(args, "Rows refused", metrics.ROWS_QUARANTINED),
                _counts(args, "Duplicates dropped", metrics.ROWS_DUPLICATE),
            ],
        ),
        ("→ Marts", [_reports(args), _errors(args), _durations(args)]),
    )
    for column, (title, graphs) in enumerate(columns):
        yield _placed({"type": "text", "properties": {"markdown": f"## {title}"}}, column, 0, 1)
        for row, graph in enumerate(graphs):
            yield _placed(graph, column, 1 + row * HEIGHT, HEIGHT)
    bottom = 1 + HEIGHT * max(len(graphs) for _, graphs in columns)
    yield {
        "type": "alarm",
        "x": 0,
        "y": bottom,
        "width": 24,
        "height": HEIGHT,
        "properties": {"title": "Alarms", "alarms": list(args["alarm_arns"])},
    }


def _placed(widget: Widget, column: int, y: int, height: int) -> Widget:
    return {**widget, "x": column * WIDTH, "y": y, "width": WIDTH, "height": height}


def _graph(args: DashboardArgs, title: str, statistic: str, lines: Sequence[Line]) -> Widget:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": args["region"],
            "view": "timeSeries",
            "period": PERIOD_SECONDS,
            "stat": statistic,
            "metrics": lines,
        },
    }


def _own(args: DashboardArgs, metric: str, label: str, **dimensions: str) -> Line:
    of = [part for pair in dimensions.items() for part in pair]
    return [args["metrics_namespace"], metric, *of, {"label": label}]


def _collected(args: DashboardArgs) -> Widget:
    counted = ((metrics.FILES_COLLECTED, "collected"), (metrics.FILES_NOT_COLLECTED, "failed"))
    lines = [
        _own(args, metric, f"{dataset} {label}", service=metrics.COLLECTOR, dataset=dataset)
        for dataset in args["collected_datasets"]
        for metric, label in counted
    ]
    return _graph(args, "Files by SFTP", "Sum", lines)


def _posted(args: DashboardArgs) -> Widget:
    counted = ((metrics.EVENTS_ACCEPTED, "accepted"), (metrics.EVENTS_NOT_STORED, "not stored"))
    lines = [_own(args, metric, label, service=metrics.RECEIVER) for metric, label in counted]
    return _graph(args, "Posted events", "Sum", lines)


def _api(args: DashboardArgs) -> Widget:
    stage = ["ApiName", args["stream"]["api_name"], "Stage", args["stream"]["api_stage"]]
    lines: list[Line] = [
        [{"expression": "requests - refused - failed", "label": "2xx", "id": "well"}],
        ["AWS/ApiGateway", "Count", *stage, {"id": "requests", "visible": False}],
        ["AWS/ApiGateway", "4XXError", *stage, {"id": "refused", "label": "4xx"}],
        ["AWS/ApiGateway", "5XXError", *stage, {"id": "failed", "label": "5xx"}],
    ]
    return _graph(args, "Answers of the API", "Sum", lines)


def _landed(args: DashboardArgs) -> Widget:
    counted = ((metrics.EVENTS_LANDED, "landed"), (metrics.EVENTS_POISONOUS, "poisonous"))
    lines = [_own(args, metric, label, service=metrics.BATCHER) for metric, label in counted]
    return _graph(args, "Events in batches", "Sum", lines)


def _waiting(args: DashboardArgs) -> Widget:
    visible = "ApproximateNumberOfMessagesVisible"
    lines: list[Line] = [
        ["AWS/SQS", visible, "QueueName", args["stream"]["queue_name"], {"label": "waiting"}],
        ["AWS/SQS", visible, "QueueName", args["stream"]["dead_letter_queue_name"], {"label": "dead letters"}],
        [
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            args["stream"]["queue_name"],
            {"label": "oldest, in seconds", "yAxis": "right"},
        ],
    ]
    return _graph(args, "Events queue", "Maximum", lines)


def _age(args: DashboardArgs) -> Widget:
    lines = [
        _own(args, metrics.NEWEST_OBJECT_AGE, dataset, service=metrics.FRESHNESS, dataset=dataset)
        for dataset in args["datasets"]
    ]
    return _graph(args, "Seconds since the newest object landed", "Maximum", lines)


def _counts(args: DashboardArgs, title: str, metric: str) -> Widget:
    lines = [_own(args, metric, dataset, dataset=dataset) for dataset in args["datasets"]]
    return _graph(args, title, "Sum", lines)


def _reports(args: DashboardArgs) -> Widget:
    lines = [_own(args, metrics.ROWS_PUBLISHED, report, report=report) for report in args["reports"]]
    return _graph(args, "Rows of each report", "Maximum", lines)


def _errors(args: DashboardArgs) -> Widget:
    return _graph(args, "Errors of the functions", "Sum", _of_functions(args, "Errors"))


def _durations(args: DashboardArgs) -> Widget:
    return _graph(args, "Longest run of the functions, ms", "Maximum", _of_functions(args, "Duration"))


def _of_functions(args: DashboardArgs, metric: str) -> list[Line]:
    return [
        ["AWS/Lambda", metric, "FunctionName", function, {"label": label}]
        for label, function in args["functions"].items()
    ]
