"""The metrics and alarms of the deployed local platform, as the people who are notified see them.

The emulator derives no metrics from function logs, counts nothing in AWS's own namespaces and does not treat missing
data. So a function's metrics are looked up in its log; tests/infrastructure/test_monitoring.py checks that metrics and
alarms fit.
"""

import contextlib
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from datasets import DATASETS
from lake import metrics
from lake.object_metadata import CORRELATION_ID
from ops.ingest.collect import collect
from ops.jobs.as_process import ProcessRunner
from ops.status.status import dataset_statuses
from reports import REPORTS
from tests.infrastructure.test_monitoring import OWN_METRICS
from tests.support.platform_steps import deliver, eventually, index_settles
from tests.support.webhooks import webhook_endpoint

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

NAMESPACE = "data-platform-local"
ROOT = Path(__file__).resolve().parents[3]


class Pager:
    """A queue subscribed to alarm topics."""

    def __init__(self, target, *topics):
        self._sqs, self._sns = target.client("sqs"), target.client("sns")
        self._url = self._sqs.create_queue(QueueName=f"pager-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        admits = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**admits, "Resource": arn}]}
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(policy)})
        self._subscriptions = [
            self._sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
            for topic in topics
        ]
        self._told = []

    def told(self):
        """Return all messages so far, as published by the topic."""
        while received := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in received:
                self._told.append(json.loads(json.loads(message["Body"])["Message"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return self._told

    def close(self):
        for subscription in self._subscriptions:
            self._sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        self._sqs.delete_queue(QueueUrl=self._url)


@pytest.fixture
def pagers(target):
    """Opens pagers on topics, and closes them."""
    opened = []

    def open_one(*topics):
        opened.append(Pager(target, *topics))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def pager(target, pagers):
    """The subscribers of every topic."""
    return pagers(target.exports["alarmTopicArn"], *target.exports["ownerTopicArns"].values())


def alarms_of(target):
    pages = target.client("cloudwatch").get_paginator("describe_alarms").paginate()
    return [alarm for page in pages for alarm in page["MetricAlarms"] if alarm["AlarmName"].startswith(NAMESPACE)]


def log_lines(target, function_export):
    """Return a function's JSON log."""
    function = target.client("lambda").get_function_configuration(FunctionName=target.exports[function_export])
    group = function["LoggingConfig"]["LogGroup"]
    pages = target.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    for event in (event for page in pages for event in page["events"]):
        with contextlib.suppress(ValueError):
            line = json.loads(event["message"])
            if isinstance(line, dict):
                yield line


def published(target, function_export, metric):
    """Return values and dimensions of a metric that a function published, from its log."""
    for line in log_lines(target, function_export):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            if metric in [each["Name"] for each in directive["Metrics"]]:
                assert directive["Namespace"] == NAMESPACE
                [dimensions] = directive["Dimensions"]
                [value] = line[metric]
                yield {name: line[name] for name in dimensions}, value


def test_every_alarm_reaches_who_is_subscribed_with_its_page(target, pager):
    # given every deployed alarm
    cloudwatch, alarms = target.client("cloudwatch"), alarms_of(target)
    names = {alarm["AlarmName"] for alarm in alarms}
    assert len(names) > 20

    # when each fires and recovers. Only a change of state sends a message, and some fire already: whenever a job
    # publishes metrics, the emulator evaluates all alarms, and counts any function's errors for each function
    for state in ("OK", "ALARM", "OK"):
        for name in names:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")

    # then each message says so, and where to read more
    def told(state):
        return {each["AlarmName"]: each for each in pager.told() if each["NewStateValue"] == state}

    eventually(lambda: told("ALARM").keys() >= names and told("OK").keys() >= names, 30, "a message of each alarm")
    for name in names:
        [page] = re.findall(r"Runbook: (docs/runbooks/[a-z-]+\.md)$", told("ALARM")[name]["AlarmDescription"])
        assert (ROOT / page).exists()


OWNERS = {name: dataset.owner for name, dataset in DATASETS.items()}


def test_an_alarm_of_a_dataset_reaches_its_owner_alone(target, pagers):
    # given an owner with a route, a dataset of the owner and one of another, and the subscribers
    [(owner, topic)] = target.exports["ownerTopicArns"].items()
    routed = next(name for name, each in OWNERS.items() if each == owner)
    other = next(name for name, each in OWNERS.items() if each != owner)
    to_owner, to_others = pagers(topic), pagers(target.exports["alarmTopicArn"])

    # when the alarm of each fires
    alarms = {name: f"{NAMESPACE}-datasets-{name}-refused" for name in (routed, other)}
    for each in alarms_of(target):
        if each["AlarmName"].startswith(tuple(alarms.values())):
            set_off(target, each["AlarmName"])

    # then the owner receives one, and the topic of all other alarms the other
    def datasets_told(pager):
        names = {each["AlarmName"] for each in pager.told()}
        return {name for name, alarm in alarms.items() if any(told.startswith(alarm) for told in names)}

    eventually(lambda: datasets_told(to_owner) and datasets_told(to_others), 30, "both messages")
    assert (datasets_told(to_owner), datasets_told(to_others)) == ({routed}, {other})


def test_an_alarm_of_a_dataset_is_posted_to_its_owners_webhook(target, webhook):
    # given a webhook whose URL is in the parameter of the route
    [(owner, _)] = target.exports["ownerTopicArns"].items()
    routed = next(name for name, each in OWNERS.items() if each == owner)
    name = f"/data-platform/local/webhooks/{owner}"
    target.client("ssm").put_parameter(Name=name, Value=webhook.url, Type="SecureString", Overwrite=True)

    # when the alarm of a dataset of the owner fires
    [alarm] = [each for each in alarms_of(target) if f"-datasets-{routed}-late" in each["AlarmName"]]
    set_off(target, alarm["AlarmName"])

    # then the posted message names it, and where to read more
    title = f"ALARM: {alarm['AlarmName']}"
    [posted] = eventually(lambda: [each for each in webhook.posted if each["title"] == title], 30, "the request")
    assert "Runbook: docs/runbooks/dataset-late.md" in posted["text"]


def set_off(target, alarm):
    """Let an alarm fire, whatever its state was: only a change sends a message."""
    for state in ("OK", "ALARM"):
        target.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")


@pytest.fixture
def webhook():
    """A webhook on this machine."""
    with webhook_endpoint(200) as endpoint:
        yield endpoint


@pytest.mark.parametrize(
    ("source", "kind", "detail", "page"),
    [
        (
            "aws.glue",
            "Glue Job State Change",
            lambda target: {
                "jobName": target.exports["warehouseJob"],
                "jobRunId": "jr_1",
                "state": "FAILED",
                "message": 'it said "no", and ended',
            },
            "failed-jobs",
        ),
        (
            "aws.ecs",
            "ECS Task State Change",
            lambda target: {
                "clusterArn": extraction_cluster(target),
                "lastStatus": "STOPPED",
                "containers": [{"name": "extract", "exitCode": 1}],
                "stoppedReason": "Essential container in task exited",
            },
            "failed-tasks",
        ),
    ],
    ids=["job", "task"],
)
def test_subscribers_get_the_failure_its_page_and_awss_reason(target, pager, source, kind, detail, page):
    # given the deployed rule for AWS's event, and a copy that accepts it from the test: only AWS may send AWS's own
    # events
    said = detail(target)
    event = {"source": source, "detail-type": kind, "detail": said, **ENVELOPE}
    [rule] = [each for each in alert_rules(target) if matches(target, each["EventPattern"], event)]
    with listening_to_us(target, rule):
        # when the event is sent
        ours = {"Source": OURS, "DetailType": kind, "Detail": json.dumps(said)}
        assert target.client("events").put_events(Entries=[ours])["FailedEntryCount"] == 0

        # then the message has the page and the event
        [message] = eventually(pager.told, 30, "the alert")
    assert message["runbook"] == f"docs/runbooks/{page}.md"
    assert (ROOT / message["runbook"]).exists()
    assert message["event"]["detail"] == said


@pytest.mark.parametrize("state", ["SUCCEEDED", "RUNNING"])
def test_what_did_not_fail_is_taken_by_no_rule_that_tells(target, state):
    detail = {"jobName": target.exports["warehouseJob"], "jobRunId": "jr_2", "state": state}
    event = {"source": "aws.glue", "detail-type": "Glue Job State Change", "detail": detail, **ENVELOPE}
    rules = alert_rules(target)
    assert len(rules) == 2
    assert not any(matches(target, rule["EventPattern"], event) for rule in rules)


def test_a_job_of_somebody_else_is_taken_by_no_rule_that_tells(target):
    detail = {"jobName": "another", "jobRunId": "jr_3", "state": "FAILED"}
    event = {"source": "aws.glue", "detail-type": "Glue Job State Change", "detail": detail, **ENVELOPE}
    assert not any(matches(target, rule["EventPattern"], event) for rule in alert_rules(target))


ENVELOPE = {
    "version": "0",
    "id": "e0",
    "account": "000000000000",
    "region": "eu-west-1",
    "time": "2026-01-02T03:04:05Z",
    "resources": [],
}
OURS = "data-platform.test"


def alert_rules(target):
    """Return the deployed rules that notify the topic, each with its targets."""
    events = target.client("events")
    rules = [
        {**rule, "Targets": events.list_targets_by_rule(Rule=rule["Name"])["Targets"]}
        for rule in events.list_rules()["Rules"]
    ]
    return [rule for rule in rules if rule["Targets"][0]["Arn"] == target.exports["alarmTopicArn"]]


def matches(target, pattern, event):
    return target.client("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]


@contextlib.contextmanager
def listening_to_us(target, rule):
    """A copy of a rule and its targets that accepts the test's events."""
    events, name = target.client("events"), f"ours-{uuid.uuid4().hex[:8]}"
    pattern = {**json.loads(rule["EventPattern"]), "source": [OURS]}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=rule["Targets"])
    try:
        yield
    finally:
        events.remove_targets(Rule=name, Ids=[each["Id"] for each in rule["Targets"]])
        events.delete_rule(Name=name)


def extraction_cluster(target):
    [arn] = [arn for arn in target.client("ecs").list_clusters()["clusterArns"] if arn.endswith("-extraction")]
    return arn


def test_published_age_of_a_dataset_is_what_operators_see(target, outgoing):
    # given a dataset of which an object has just landed
    deliver(outgoing / f"watched-{uuid.uuid4().hex[:8]}.csv", "member_id,town,size,label\n1,Leeds,Small,AB12CDE\n")
    collect(target, "parcels")
    index_settles(target)

    # when the function runs as its rule defines
    target.client("lambda").invoke(FunctionName=target.exports["freshnessFunction"], Payload=b"{}")

    # then each dataset has an age, which exceeds its freshness where the operator sees that it is late
    found = list(published(target, "freshnessFunction", metrics.NEWEST_OBJECT_AGE))
    measured = {dimensions["dataset"]: (dimensions, age) for dimensions, age in found}
    late = {name: age > DATASETS[name].freshness.total_seconds() for name, (_, age) in measured.items()}
    assert late == {each.dataset: each.late for each in dataset_statuses(target)}
    assert 0 <= measured["parcels"][1] < timedelta(hours=1).total_seconds()
    for dataset, (dimensions, _) in measured.items():
        assert dimensions == {"service": "freshness", "dataset": dataset}


def test_what_the_collector_takes_is_published(target, outgoing):
    # given a file that can be taken
    text = "member_id,town,size,label\n2,Leeds,Small,AB13CDE\n"
    deliver(outgoing / f"counted-{uuid.uuid4().hex[:8]}.csv", text)

    # when it is collected
    before = len(list(published(target, "sftpCollectorFunction", metrics.FILES_COLLECTED)))
    collect(target, "parcels")

    # then the run's counts are published, by dataset
    def counted(metric):
        return list(published(target, "sftpCollectorFunction", metric))[before:]

    dimensions = {"service": "sftp-collector", "dataset": "parcels"}
    eventually(lambda: (dimensions, 1) in counted(metrics.FILES_COLLECTED), 30, "the count of files")
    assert (dimensions, 0) in counted(metrics.FILES_NOT_COLLECTED)
    assert (dimensions, len(text)) in counted(metrics.BYTES_COLLECTED)


def test_one_id_leads_from_a_file_through_the_logs_to_its_rows(target, outgoing):
    # given a file that was collected
    name = f"followed-{uuid.uuid4().hex[:8]}.csv"
    deliver(outgoing / name, "member_id,town,size,label\n3,Leeds,Small,AB14CDE\n")
    collect(target, "parcels")
    key = f"inbound/parcels/{datetime.now(UTC):%Y/%m/%d}/{name}"
    landed_by = target.client("s3").head_object(Bucket=target.bucket, Key=key)["Metadata"][CORRELATION_ID]

    # when it is processed
    printed = []
    ProcessRunner(target, on_line=printed.append).run(target.exports["warehouseJob"], {"--object": key})

    # then the collector's line, the index and the job's line have the id of the run that landed it
    def collected():
        lines = [line for line in log_lines(target, "sftpCollectorFunction") if line.get("key") == key]
        return [line["correlation_id"] for line in lines]

    assert eventually(collected, 30, "the collector's line") == [landed_by]
    table = target.client("dynamodb")
    item = eventually(
        lambda: table.get_item(TableName=target.exports["attributesTable"], Key={"object_key": {"S": key}}).get("Item"),
        30,
        "the object in the index",
    )
    assert item["correlation_id"] == {"S": landed_by}
    [line] = [line for line in map(json.loads, printed) if line.get("object") == key]
    assert line["correlation_id"] == landed_by


def test_what_becomes_of_events_is_published(target, event_stream):
    # when an event is posted
    answer = event_stream.post(
        {
            "event_id": str(uuid.uuid4()),
            "event_type": "scan",
            "occurred_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "source": "test",
            "payload": {"member_id": 1, "place": "/"},
        }
    )
    assert answer.status < 300, answer

    # then receiver and batcher log it
    receiver, batcher = {"service": "event-receiver"}, {"service": "event-batcher"}

    def seen(export, metric):
        return list(published(target, export, metric))

    eventually(lambda: (receiver, 1) in seen("eventReceiverFunction", metrics.EVENTS_ACCEPTED), 30, "the acceptance")
    for metric in (metrics.EVENTS_NOT_STORED, metrics.REQUESTS_REFUSED):
        assert receiver in [dimensions for dimensions, _ in seen("eventReceiverFunction", metric)]
    eventually(
        lambda: [value for dims, value in seen("eventBatcherFunction", metrics.EVENTS_LANDED) if dims == batcher],
        60,
        "the landing",
    )
    assert batcher in [dimensions for dimensions, _ in seen("eventBatcherFunction", metrics.EVENTS_POISONOUS)]


@pytest.mark.long
def test_what_the_jobs_count_is_published_under_their_own_roles(target):
    # given an object with a refused row and a duplicate
    key = f"inbound/parcels/2026/02/04/counted-{uuid.uuid4()}.csv"
    rows = ["member_id,town,size,label", *["11,Leeds,Small,AB21CDE"] * 2, "x,Leeds,Small,AB22CDE"]
    target.client("s3").put_object(Bucket=target.bucket, Key=key, Body="\n".join(rows).encode())
    by_dataset = [{"Name": "dataset", "Value": "parcels"}]
    before = {metric: total(target, metric, by_dataset) for metric in ("RowsIn", "RowsQuarantined", "RowsDuplicate")}

    # when the jobs run
    runner = ProcessRunner(target)
    runner.run(target.exports["warehouseJob"], {"--object": key})
    runner.run(target.exports["martJob"])

    # then the object's rows are counted once each
    after = {metric: total(target, metric, by_dataset) for metric in before}
    assert {metric: after[metric] - before[metric] for metric in before} == {
        "RowsIn": 3,
        "RowsQuarantined": 1,
        "RowsDuplicate": 1,
    }
    for report in REPORTS:
        by_report = [{"Name": "report", "Value": report}]
        assert datapoints(target, metrics.ROWS_PUBLISHED, by_report)


def datapoints(target, metric, dimensions):
    now = datetime.now(UTC)
    return target.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=metric,
        Dimensions=dimensions,
        StartTime=now - timedelta(hours=3),
        EndTime=now + timedelta(minutes=5),
        Period=300,
        Statistics=["Sum"],
    )["Datapoints"]


def total(target, metric, dimensions):
    return sum(point["Sum"] for point in datapoints(target, metric, dimensions))


def test_nothing_is_published_that_no_test_of_the_graph_knows(target):
    listed = target.client("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"]
    of_jobs = {each["MetricName"]: {dimension["Name"] for dimension in each["Dimensions"]} for each in listed}
    assert {name: dimensions for name, dimensions in of_jobs.items() if OWN_METRICS.get(name) != dimensions} == {}
