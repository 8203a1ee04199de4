"""What rings: each alarm and rule reaches the topic, names its page, and is on a metric that somebody publishes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datasets import DATASETS
from lake import metrics
from reports import REPORTS
from tests.infrastructure.test_security_controls import graph_statements
from tests.support.recording import Graph, Recorded, record

ROOT = Path(__file__).resolve().parents[2]
ALARM, RULE, TARGET = (
    "cloudwatch/metricAlarm:MetricAlarm",
    "cloudwatch/eventRule:EventRule",
    "cloudwatch/eventTarget:EventTarget",
)
PAGE = re.compile(r"docs/runbooks/[a-z-]+\.md")

# Dimensions of every metric that there is: AWS's as its documentation has them, ours as the code publishes them
# (tests/emulator/watch/test_monitoring.py sees each published).
AWS_METRICS = {
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    ("AWS/Lambda", "Throttles"): {"FunctionName"},
    ("AWS/Lambda", "Duration"): {"FunctionName"},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): {"QueueName"},
    ("AWS/ApiGateway", "Count"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "4XXError"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "5XXError"): {"ApiName", "Stage"},
}
OWN_METRICS = {
    metrics.FILES_COLLECTED: {metrics.SERVICE, metrics.DATASET},
    metrics.FILES_NOT_COLLECTED: {metrics.SERVICE, metrics.DATASET},
    metrics.BYTES_COLLECTED: {metrics.SERVICE, metrics.DATASET},
    metrics.EVENTS_ACCEPTED: {metrics.SERVICE},
    metrics.EVENTS_NOT_STORED: {metrics.SERVICE},
    metrics.REQUESTS_REFUSED: {metrics.SERVICE},
    metrics.EVENTS_LANDED: {metrics.SERVICE},
    metrics.EVENTS_POISONOUS: {metrics.SERVICE},
    metrics.NEWEST_OBJECT_AGE: {metrics.SERVICE, metrics.DATASET},
    metrics.ROWS_IN: {metrics.DATASET},
    metrics.ROWS_QUARANTINED: {metrics.DATASET},
    metrics.ROWS_DUPLICATE: {metrics.DATASET},
    metrics.OBJECTS_MERGED: {metrics.DATASET},
    metrics.BYTES_MERGED: {metrics.DATASET},
    metrics.TABLE_COMMITS: {metrics.DATASET},
    metrics.OBJECTS_MISSED: {metrics.DATASET},
    metrics.ROWS_PUBLISHED: {metrics.REPORT},
}


def known_dimensions(graph: Graph, namespace: str, metric: str) -> set[str] | None:
    """The dimensions of a metric; None if nobody publishes it."""
    if namespace == f"data-platform-{graph.stack}":
        return OWN_METRICS.get(metric)
    if namespace == "DataPlatform/Audit":
        [counted] = graph.of_type("cloudwatch/logMetricFilter:LogMetricFilter")
        return set() if counted.inputs["metricTransformation"]["name"] == metric else None
    return AWS_METRICS.get((namespace, metric))


def alert_targets(graph: Graph) -> list[Recorded]:
    return [target for target in graph.of_type(TARGET) if target.inputs["arn"] == graph.exports["alarmTopicArn"]]


def metrics_of(alarm: Recorded) -> list[dict[str, Any]]:
    queries = alarm.inputs.get("metricQueries")
    return [query["metric"] for query in queries if "metric" in query] if queries else [alarm.inputs]


def named_pages(graph: Graph) -> Iterator[tuple[str, str]]:
    """Each alarm, alert and budget with the page that it names."""
    for alarm in graph.of_type(ALARM):
        yield alarm.name, alarm.inputs["alarmDescription"].rpartition("Runbook: ")[2]
    for target in alert_targets(graph):
        yield target.name, re.findall(r'"runbook": "([^"]+)"', target.inputs["inputTransformer"]["inputTemplate"])[0]
    for budget in graph.of_type("budgets/budget:Budget"):
        yield budget.name, budget.inputs["name"].rpartition("see ")[2]


def test_every_alarm_alert_and_budget_names_a_page_that_is_there(graph: Graph) -> None:
    named = dict(named_pages(graph))
    assert len(named) > 20
    assert {name: page for name, page in named.items() if not (PAGE.fullmatch(page) and (ROOT / page).exists())} == {}


def test_every_page_is_named_by_an_alarm_of_some_stack(graph_of: Any) -> None:
    named = {page for stack in ("local", "dev", "prod") for _, page in named_pages(graph_of(stack))}
    assert {f"docs/runbooks/{page.name}" for page in (ROOT / "docs/runbooks").glob("*.md")} == named


def test_every_page_diagnoses_resolves_and_verifies() -> None:
    for page in (ROOT / "docs/runbooks").glob("*.md"):
        assert re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE) == ["Diagnose", "Resolve", "Verify"], page.name


def test_every_alarm_notifies_one_topic_as_it_begins_and_ends(graph: Graph) -> None:
    # given the topics of the owners that have a route, and of all other alarms
    topics = {graph.exports["alarmTopicArn"], *graph.exports["ownerTopicArns"].values()}

    # then each alarm is on one of them
    alarms = graph.of_type(ALARM)
    assert alarms
    for alarm in alarms:
        [topic] = alarm.inputs["alarmActions"]
        assert topic in topics, alarm.name
        assert alarm.inputs["okActions"] == [topic], alarm.name


def test_alarms_of_a_dataset_go_to_the_topic_of_its_owner(graph: Graph) -> None:
    # given the owner of each alarm of a dataset
    owners = {
        f"data-platform-{graph.stack}-datasets-{name}-{kind}": dataset.owner
        for name, dataset in DATASETS.items()
        for kind in ("late", "refused")
    }

    # then an owner with a route has the alarm, and the topic of all other alarms has the rest
    others, routed = graph.exports["alarmTopicArn"], graph.exports["ownerTopicArns"]
    topics = {alarm.name: alarm.inputs["alarmActions"] for alarm in graph.of_type(ALARM)}
    assert topics == {name: [routed.get(owners.get(name, ""), others)] for name in topics}
    assert owners.keys() <= topics.keys()


def test_a_stack_without_routes_has_one_topic(graph_of: Any) -> None:
    graph = graph_of("dev")
    assert graph.exports["ownerTopicArns"] == {}
    assert len(graph.of_type("sns/topic:Topic")) == 1
    assert not any("forwarder" in each.name for each in graph.resources)


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_a_route_subscribes_its_mails_and_the_forwarder(graph_of: Any, stack: str) -> None:
    # given a stack whose owner has a mail address and a webhook
    graph = graph_of(stack)
    [(owner, topic)] = graph.exports["ownerTopicArns"].items()

    # then both are subscribed to the owner's topic, which may invoke the function
    subscriptions = [each.inputs for each in graph.of_type("sns/topicSubscription:TopicSubscription")]
    function = graph.only("lambda/function:Function", "-forwarder-function-function")
    assert {(each["topic"], each["protocol"], each["endpoint"]) for each in subscriptions} == {
        (topic, "email", f"{owner}@retailer.example"),
        (topic, "lambda", f"${{{function.name}.arn}}"),
    }
    [permission] = [
        each.inputs
        for each in graph.of_type("lambda/permission:Permission")
        if each.inputs["principal"] == "sns.amazonaws.com"
    ]
    assert (permission["function"], permission["sourceArn"]) == (f"${{{function.name}.name}}", topic)

    # and its environment has the parameter of the URL with this topic
    webhooks = json.loads(function.inputs["environment"]["variables"]["WEBHOOKS"])
    [(parameter, webhook)] = webhooks.items()
    assert parameter.endswith(f"/webhooks/{owner}")
    assert webhook["topics"] == [topic]


def test_webhooks_of_other_alarms_subscribe_to_their_topic() -> None:
    # given one webhook of an owner's alarms and of all others, and one of the others alone
    both, one = {"urlParameter": "/acme/both", "format": "teams"}, {"urlParameter": "/acme/one"}
    graph = record("dev", alarms={"webhooks": [both, one], "routes": {"accounts": {"webhooks": [both]}}})

    # then the function is subscribed to both topics, and knows which webhook is of which
    topic, accounts = graph.exports["alarmTopicArn"], graph.exports["ownerTopicArns"]["accounts"]
    subscriptions = graph.of_type("sns/topicSubscription:TopicSubscription")
    assert sorted(each.inputs["topic"] for each in subscriptions) == sorted([topic, accounts])
    function = graph.only("lambda/function:Function", "-forwarder-function-function")
    assert json.loads(function.inputs["environment"]["variables"]["WEBHOOKS"]) == {
        "/acme/both": {"format": "teams", "topics": [topic, accounts]},
        "/acme/one": {"format": "json", "topics": [topic]},
    }

    # and reads these two parameters, and no other
    statements = graph.policies()["data-platform-dev-forwarder-function-permissions.policy"]
    [reads] = [each["Resource"] for each in statements if each["Sid"] == "ReadUrls"]
    assert [resource.partition(":parameter")[2] for resource in reads] == ["/acme/both", "/acme/one"]


def test_without_data_only_a_dataset_that_nobody_measures_rings(graph: Graph) -> None:
    rules = {alarm.name: alarm.inputs["treatMissingData"] for alarm in graph.of_type(ALARM)}
    late = {name for name in rules if name.endswith("-late")}
    assert {name for name, rule in rules.items() if rule == "breaching"} == late
    assert {rule for name, rule in rules.items() if name not in late} == {"notBreaching"}


def test_every_alarms_metric_is_published_with_its_dimensions(graph: Graph) -> None:
    for alarm in graph.of_type(ALARM):
        for metric in metrics_of(alarm):
            known = known_dimensions(graph, metric["namespace"], metric["metricName"])
            assert known == set(metric.get("dimensions", {})), alarm.name


def test_aws_metrics_are_of_this_stacks_functions_and_queues(graph: Graph) -> None:
    names = {
        kind: {f"${{{each.name}.name}}" for each in graph.of_type(of)}
        for kind, of in (("FunctionName", "lambda/function:Function"), ("QueueName", "sqs/queue:Queue"))
    }
    for alarm in graph.of_type(ALARM):
        for dimension, value in alarm.inputs.get("dimensions", {}).items():
            assert dimension not in names or value in names[dimension], alarm.name


@pytest.mark.parametrize(("metric", "statistic"), [("Errors", "Sum"), ("Throttles", "Sum"), ("Duration", "Maximum")])
def test_every_function_is_watched(graph: Graph, metric: str, statistic: str) -> None:
    functions = {f"${{{function.name}.name}}" for function in graph.of_type("lambda/function:Function")}
    watched = {
        alarm.inputs["dimensions"]["FunctionName"]
        for alarm in graph.of_type(ALARM)
        if alarm.inputs.get("metricName") == metric and alarm.inputs["statistic"] == statistic
    }
    assert len(functions) >= 5
    assert watched == functions


def test_a_function_rings_before_it_is_killed(graph: Graph) -> None:
    limits = {f"${{{each.name}.name}}": each.inputs["timeout"] for each in graph.of_type("lambda/function:Function")}
    for alarm in graph.of_type(ALARM):
        if alarm.inputs.get("metricName") == "Duration":
            seconds = alarm.inputs["threshold"] / 1000
            assert 0.79 < seconds / limits[alarm.inputs["dimensions"]["FunctionName"]] < 1


def test_every_dead_letter_queue_alarms_on_its_first_message(graph: Graph) -> None:
    queues = graph.of_type("sqs/queue:Queue")
    kept = {f"${{{queue.name}.name}}" for queue in queues if not queue.inputs.get("redrivePolicy")}
    watched = {
        alarm.inputs["dimensions"]["QueueName"]: alarm.inputs
        for alarm in graph.of_type(ALARM)
        if alarm.inputs.get("metricName") == "ApproximateNumberOfMessagesVisible"
    }
    assert set(watched) == kept
    assert {(each["statistic"], each["threshold"]) for each in watched.values()} == {("Maximum", 0)}


def test_event_queue_alarms_if_its_oldest_message_waits_long(graph: Graph) -> None:
    alarm = graph.only(ALARM, "-stream-waiting").inputs
    assert alarm["dimensions"] == {"QueueName": f"${{data-platform-{graph.stack}-stream-events.name}}"}
    assert (alarm["statistic"], alarm["threshold"]) == ("Maximum", 900)


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_dataset_rings_when_it_is_older_than_it_declares(graph: Graph, dataset: str) -> None:
    alarm = graph.only(ALARM, f"-{dataset}-late").inputs
    assert alarm["dimensions"] == {"service": "freshness", "dataset": dataset}
    assert alarm["threshold"] == DATASETS[dataset].freshness.total_seconds()
    assert alarm["statistic"] == "Maximum"


def test_age_is_measured_twice_in_each_alarm_period(graph: Graph) -> None:
    rule = graph.only(RULE, "-datasets-due").inputs
    assert rule["scheduleExpression"] == "rate(15 minutes)"
    assert graph.only(ALARM, "-parcels-late").inputs["period"] == 2 * 15 * 60
    target = graph.only(TARGET, "-datasets-due-measured").inputs
    assert target["arn"] == f"${{data-platform-{graph.stack}-datasets-freshness-function.arn}}"


def test_dataset_of_a_stopped_server_sends_no_late_alarm(graph_of: Any) -> None:
    rings = {
        alarm.name.removeprefix("data-platform-dev-datasets-"): alarm.inputs["actionsEnabled"]
        for alarm in graph_of("dev").of_type(ALARM)
        if alarm.name.endswith("-late")
    }
    assert rings == {"readings-late": True, "members-late": False, "parcels-late": False}
    assert all(
        alarm.inputs["actionsEnabled"] for alarm in graph_of("prod").of_type(ALARM) if alarm.name.endswith("-late")
    )


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_dataset_has_an_alarm_on_its_refused_rows(graph: Graph, dataset: str) -> None:
    alarm = graph.only(ALARM, f"-{dataset}-refused").inputs
    share, rows, refused = alarm["metricQueries"]
    assert share["expression"] == "IF(rows > 0, 100 * refused / rows, 0)"
    assert [share["returnData"], rows.get("returnData"), refused.get("returnData")] == [True, None, None]
    assert (rows["metric"]["metricName"], refused["metric"]["metricName"]) == ("RowsIn", "RowsQuarantined")
    assert {(each["metric"]["stat"], each["metric"]["period"]) for each in (rows, refused)} == {("Sum", 3600)}
    assert (alarm["threshold"], alarm["comparisonOperator"]) == (5, "GreaterThanThreshold")


def test_the_share_that_may_be_refused_is_a_setting() -> None:
    graph = record("local", alarms={"quarantinePercent": 12.5})
    assert graph.only(ALARM, "-parcels-refused").inputs["threshold"] == 12.5


def test_an_alert_passes_its_whole_event_on_with_the_page(graph: Graph) -> None:
    targets = alert_targets(graph)
    assert {target.name.removeprefix(f"data-platform-{graph.stack}-") for target in targets} >= {
        "jobs-failed-runs-alert",
        "extraction-failed-tasks-alert",
    }
    for target in targets:
        template = target.inputs["inputTransformer"]["inputTemplate"]
        message = json.loads(template.replace("<aws.events.event.json>", "{}"))
        assert message["alert"]
        assert message["event"] == {}


def test_dev_and_prod_tell_of_their_costs(cloud_stack_graph: Graph) -> None:
    budget = cloud_stack_graph.only("budgets/budget:Budget").inputs
    assert (budget["budgetType"], budget["timeUnit"], budget["limitUnit"]) == ("COST", "MONTHLY", "USD")
    assert float(budget["limitAmount"]) > 0
    told = {(notice["notificationType"], notice["threshold"]) for notice in budget["notifications"]}
    assert told == {("ACTUAL", 80), ("FORECASTED", 100)}
    for notice in budget["notifications"]:
        assert notice["subscriberSnsTopicArns"] == [cloud_stack_graph.exports["alarmTopicArn"]]


def test_only_this_accounts_budgets_publish_to_the_topic(cloud_stack_graph: Graph) -> None:
    for policy, actions in (
        ("-alarms-policy.policy", ["sns:Publish"]),
        ("-key.policy", ["kms:Decrypt", "kms:GenerateDataKey"]),
    ):
        statement = graph_statements(cloud_stack_graph, policy, "BudgetsPublish")
        assert statement["Principal"] == {"Service": "budgets.amazonaws.com"}
        assert statement["Action"] == actions
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": "arn:aws:budgets::123456789012:*"},
        }


def test_the_local_stack_has_no_budget_and_admits_none(graph_of: Any) -> None:
    graph = graph_of("local")
    assert graph.of_type("budgets/budget:Budget") == []
    assert "budgets.amazonaws.com" not in json.dumps(graph.policies())


def test_freshness_function_may_read_the_totals_alone(graph: Graph) -> None:
    policy = graph.policies()[f"data-platform-{graph.stack}-datasets-freshness-permissions.policy"]
    statements = {statement["Sid"]: statement for statement in policy}
    assert set(statements) == {"ReadTotals", "UseKey", "WriteLogs", "Trace"}
    assert statements["ReadTotals"]["Action"] == ["dynamodb:GetItem"]
    assert statements["ReadTotals"]["Resource"] == [f"${{data-platform-{graph.stack}-attributes-totals.arn}}"]


def test_jobs_publish_under_their_stacks_namespace_alone(graph: Graph) -> None:
    # given all jobs but the one that publishes no metrics
    jobs = [job for job in graph.of_type("glue/job:Job") if not job.name.endswith("-maintenance")]
    assert jobs
    for job in jobs:
        statement = graph_statements(graph, f"{job.name}-permissions.policy", "PublishMetrics")
        namespace = f"data-platform-{graph.stack}"
        condition = {"StringEquals": {"cloudwatch:namespace": ["Glue", namespace]}}
        # The emulator has no such key: docs/local.md.
        assert statement.get("Condition") == (None if graph.stack == "local" else condition)
        assert job.inputs["defaultArguments"]["--metrics-namespace"] == namespace


def test_functions_publish_under_their_stacks_namespace(graph: Graph) -> None:
    for function in graph.of_type("lambda/function:Function"):
        variables = function.inputs["environment"]["variables"]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == f"data-platform-{graph.stack}"
        assert variables["POWERTOOLS_SERVICE_NAME"]


# --- the dashboard ----------------------------------------------------------------------------------------------------


def widgets_of(graph: Graph) -> list[dict[str, Any]]:
    return json.loads(graph.only("cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])["widgets"]


def lines_of(graph: Graph) -> list[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of every metric of the dashboard."""
    lines = [line for widget in widgets_of(graph) for line in widget["properties"].get("metrics", [])]
    plain = [[part for part in line if not isinstance(part, dict)] for line in lines]
    return [(line[0], line[1], dict(zip(line[2::2], line[3::2], strict=True))) for line in plain if line]


def test_every_dashboard_metric_is_published_with_dimensions(graph: Graph) -> None:
    lines = lines_of(graph)
    assert len(lines) > 20
    unknown = [line for line in lines if known_dimensions(graph, line[0], line[1]) != set(line[2])]
    assert unknown == []


def test_the_dashboard_shows_every_dataset_report_and_function(graph: Graph) -> None:
    lines = lines_of(graph)
    for metric in (metrics.NEWEST_OBJECT_AGE, metrics.ROWS_IN, metrics.ROWS_QUARANTINED, metrics.ROWS_DUPLICATE):
        assert {line[2]["dataset"] for line in lines if line[1] == metric} == set(DATASETS)
    assert {line[2]["report"] for line in lines if line[1] == metrics.ROWS_PUBLISHED} == set(REPORTS)
    functions = {f"${{{function.name}.name}}" for function in graph.of_type("lambda/function:Function")}
    assert {line[2]["FunctionName"] for line in lines if line[1] == "Errors"} == functions


def test_the_dashboard_shows_every_alarm(graph: Graph) -> None:
    [shown] = [widget["properties"]["alarms"] for widget in widgets_of(graph) if widget["type"] == "alarm"]
    assert sorted(shown) == sorted(f"${{{alarm.name}.arn}}" for alarm in graph.of_type(ALARM))


def test_widgets_do_not_overlap_and_all_are_on_the_page(graph: Graph) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets_of(graph):
        places = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not places & taken
        assert max(x for x, _ in places) < 24
        taken |= places


def test_expressions_of_the_dashboard_use_ids_that_are_there(graph: Graph) -> None:
    for widget in widgets_of(graph):
        options = [line[-1] for line in widget["properties"].get("metrics", []) if isinstance(line[-1], dict)]
        ids = {each["id"] for each in options if "id" in each}
        used = {word for each in options for word in re.findall(r"[a-z]\w*", each.get("expression", ""))}
        assert used <= ids
