"""One page that shows the flow from left to right: what comes, what waits, what became of it, and which alarms ring."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from dataplatform.aws.stack import StackContext
from dataplatform.declarations import Declarations
from dataplatform.sftp.collector import BatchCollector
from dataplatform.stream.stream import MeteredStream, StreamIngest
from dataplatform.watch.alarm_forwarder import AlarmForwarder
from dataplatform.watch.freshness import DatasetWatch
from dataplatform.watch.object_index import ObjectIndex
from lake import metrics

COLUMNS: Final = 4
WIDTH: Final = 24 // COLUMNS
HEIGHT: Final = 6
PERIOD_SECONDS: Final = 300

Widget = dict[str, Any]
Line = list[Any]
"""A metric as a dashboard has it: namespace, name, dimensions by name and value, options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a dashboard shows."""

    stack: StackContext
    declared: Declarations
    functions: Mapping[str, pulumi.Input[str]]
    """Name of each function, by what it is called here."""
    stream: MeteredStream
    alarm_arns: Sequence[pulumi.Input[str]]


class Dashboard(pulumi.ComponentResource):
    """The dashboard, by the name of the stack."""

    dashboard_name: pulumi.Output[str]

    def __init__(  # noqa: PLR0913 - the components that it shows, each named at the call
        self,
        name: str,
        *,
        stack: StackContext,
        collector: BatchCollector,
        stream: StreamIngest,
        index: ObjectIndex,
        watch: DatasetWatch,
        forwarders: Sequence[AlarmForwarder],
        declared: Declarations,
        alarm_arns: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the dashboard.

        Args:
            name: of the dashboard.
            stack: the stack's context, whose metrics are shown.
            collector: the collector, whose function is shown.
            stream: the stream, whose functions, queues and API are shown.
            index: the object index, whose function is shown.
            watch: the watch over datasets, whose function is shown.
            forwarders: the alarm forwarder, if the stack has one, whose function is shown.
            declared: the datasets and reports whose metrics are shown.
            alarm_arns: all alarms.
            opts: of the component.
        """
        super().__init__("dataplatform:watch:Dashboard", name, None, opts)
        shown = Shown(
            stack=stack,
            declared=declared,
            functions={
                "collector": collector.function_name,
                "receiver": stream.receiver_function,
                "batcher": stream.batcher_function,
                "recorder": index.function_name,
                "freshness": watch.function_name,
                **({"forwarder": forwarders[0].function_name} if forwarders else {}),
            },
            stream=stream.metered,
            alarm_arns=alarm_arns,
        )
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=name,
            dashboard_body=pulumi.Output.json_dumps({"start": "-PT24H", "widgets": list(_widgets(shown))}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dashboard_name = dashboard.dashboard_name
        self.register_outputs({"dashboardName": self.dashboard_name})

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its dashboard."""
        return {"dashboard": self.dashboard_name}


def _widgets(shown: Shown) -> Iterator[Widget]:
    columns = (
        ("Source", [_collected(shown), _posted(shown), _api(shown)]),
        ("→ Inbound", [_landed(shown), _waiting(shown), _age(shown)]),
        (
            "→ Warehouse and quarantine",
            [
                _counts(shown, "Rows processed", metrics.ROWS_IN),
                _counts(shown, "Rows refused", metrics.ROWS_QUARANTINED),
                _counts(shown, "Duplicates dropped", metrics.ROWS_DUPLICATE),
            ],
        ),
        ("→ Marts", [_reports(shown), _errors(shown), _durations(shown)]),
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
        "properties": {"title": "Alarms", "alarms": list(shown.alarm_arns)},
    }


def _placed(widget: Widget, column: int, y: int, height: int) -> Widget:
    return {**widget, "x": column * WIDTH, "y": y, "width": WIDTH, "height": height}


def _graph(shown: Shown, title: str, statistic: str, lines: Sequence[Line]) -> Widget:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": shown.stack.region,
            "view": "timeSeries",
            "period": PERIOD_SECONDS,
            "stat": statistic,
            "metrics": lines,
        },
    }


def _own(shown: Shown, metric: str, label: str, **dimensions: str) -> Line:
    of = [part for pair in dimensions.items() for part in pair]
    return [shown.stack.metrics_namespace, metric, *of, {"label": label}]


def _collected(shown: Shown) -> Widget:
    counted = ((metrics.FILES_COLLECTED, "collected"), (metrics.FILES_NOT_COLLECTED, "failed"))
    lines = [
        _own(shown, metric, f"{dataset} {label}", service=metrics.COLLECTOR, dataset=dataset)
        for dataset in shown.declared.collected
        for metric, label in counted
    ]
    return _graph(shown, "Files collected by SFTP", "Sum", lines)


def _posted(shown: Shown) -> Widget:
    counted = ((metrics.EVENTS_ACCEPTED, "accepted"), (metrics.EVENTS_NOT_STORED, "not stored"))
    lines = [_own(shown, metric, label, service=metrics.RECEIVER) for metric, label in counted]
    return _graph(shown, "Posted events", "Sum", lines)


def _api(shown: Shown) -> Widget:
    stage = ["ApiName", shown.stream.api_name, "Stage", shown.stream.api_stage]
    lines: list[Line] = [
        [{"expression": "requests - refused - failed", "label": "2xx", "id": "well"}],
        ["AWS/ApiGateway", "Count", *stage, {"id": "requests", "visible": False}],
        ["AWS/ApiGateway", "4XXError", *stage, {"id": "refused", "label": "4xx"}],
        ["AWS/ApiGateway", "5XXError", *stage, {"id": "failed", "label": "5xx"}],
    ]
    return _graph(shown, "Answers of the API", "Sum", lines)


def _landed(shown: Shown) -> Widget:
    counted = ((metrics.EVENTS_LANDED, "landed"), (metrics.EVENTS_POISONOUS, "poisonous"))
    lines = [_own(shown, metric, label, service=metrics.BATCHER) for metric, label in counted]
    return _graph(shown, "Events in batches", "Sum", lines)


def _waiting(shown: Shown) -> Widget:
    visible = "ApproximateNumberOfMessagesVisible"
    lines: list[Line] = [
        ["AWS/SQS", visible, "QueueName", shown.stream.queue_name, {"label": "waiting"}],
        ["AWS/SQS", visible, "QueueName", shown.stream.dead_letter_queue_name, {"label": "dead letters"}],
        [
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            shown.stream.queue_name,
            {"label": "oldest, in seconds", "yAxis": "right"},
        ],
    ]
    return _graph(shown, "Events queue", "Maximum", lines)


def _age(shown: Shown) -> Widget:
    lines = [
        _own(shown, metrics.NEWEST_OBJECT_AGE, dataset, service=metrics.FRESHNESS, dataset=dataset)
        for dataset in shown.declared.datasets
    ]
    return _graph(shown, "Seconds since the newest object landed", "Maximum", lines)


def _counts(shown: Shown, title: str, metric: str) -> Widget:
    lines = [_own(shown, metric, dataset, dataset=dataset) for dataset in shown.declared.datasets]
    return _graph(shown, title, "Sum", lines)


def _reports(shown: Shown) -> Widget:
    lines = [_own(shown, metrics.ROWS_PUBLISHED, report, report=report) for report in shown.declared.reports]
    return _graph(shown, "Rows of each report", "Maximum", lines)


def _errors(shown: Shown) -> Widget:
    return _graph(shown, "Errors of the functions", "Sum", _of_functions(shown, "Errors"))


def _durations(shown: Shown) -> Widget:
    return _graph(shown, "Longest run of each function, ms", "Maximum", _of_functions(shown, "Duration"))


def _of_functions(shown: Shown, metric: str) -> list[Line]:
    return [
        ["AWS/Lambda", metric, "FunctionName", function, {"label": label}]
        for label, function in shown.functions.items()
    ]
