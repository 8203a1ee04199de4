"""The program's instances, and the names that others rely on."""

import json
import re
from collections.abc import Callable

import pytest

from datasets import DATASETS
from emulation.pulumi_engine import EngineError
from lake.schedules import Service, check_schedule
from processing.declaring.dataset import StreamSource
from processing.registry.declaration_file import DeclarationError
from processing.registry.registry import Declarations
from tests.support.recording import Graph, record, recorded

EXPORTS = {
    "alarmTopicArn",
    "lakeBucket",
    "lakeKeyArn",
    "ledgerTable",
    "maintenanceJob",
    "martJob",
    "publishJob",
    "publishedTables",
    "refineWorkflow",
    "sftpCollectorFunction",
    "teamRoleArns",
    "warehouseJob",
    "sanitiseJob",
}


def test_the_contract_of_exports_holds(graph: Graph) -> None:
    assert set(graph.exports) >= EXPORTS
    assert set(graph.exports["teamRoleArns"]) == {"accounts", "logistics"}


def test_every_resource_belongs_to_a_component(graph: Graph) -> None:
    components = {resource.urn for resource in graph.resources if not resource.custom}
    orphans = [resource.name for resource in graph.resources if resource.custom and resource.parent not in components]
    assert orphans == []


def test_schedules_have_time_zone_retries_and_dead_letter_queue(graph: Graph) -> None:
    schedules = {schedule.inputs["name"]: schedule.inputs for schedule in graph.of_type("scheduler/schedule:Schedule")}
    queues = {f"${{{queue.name}.arn}}" for queue in graph.of_type("sqs/queue:Queue")}
    assert {name for name in schedules if "." not in name} == {
        name for name, each in DATASETS.items() if not isinstance(each.source, StreamSource)
    }
    for schedule in schedules.values():
        assert schedule["scheduleExpressionTimezone"] == "Europe/London"
        assert schedule["target"]["retryPolicy"]["maximumRetryAttempts"] > 0
        assert schedule["target"]["deadLetterConfig"]["arn"] in queues


def test_artefacts_wait_for_encryption_and_versions(graph: Graph) -> None:
    # given the bucket's configuration
    lake = f"data-platform-{graph.stack}"
    kind = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    encryption = graph.only(kind, f"{lake}-encryption")
    versioning = graph.only("s3/bucketVersioning:BucketVersioning", f"{lake}-versioning")

    # then each artefact waits for it
    artefacts = graph.of_type("s3/bucketObjectv2:BucketObjectv2")
    assert artefacts != []
    assert all({encryption.urn, versioning.urn} <= artefact.dependencies for artefact in artefacts)


@pytest.mark.parametrize(
    ("kind", "service", "key"),
    [
        ("scheduler/schedule:Schedule", "scheduler", "scheduleExpression"),
        ("cloudwatch/eventRule:EventRule", "rule", "scheduleExpression"),
        ("glue/trigger:Trigger", "glue", "schedule"),
    ],
)
def test_the_service_accepts_every_schedule(graph: Graph, kind: str, service: Service, key: str) -> None:
    resources = graph.of_type(kind)
    assert resources != []
    for expression in (each.inputs[key] for each in resources if key in each.inputs):
        assert check_schedule(expression, service)


def test_an_sftp_datasets_schedule_tells_the_collector_its_name(graph: Graph) -> None:
    schedule = graph.only("scheduler/schedule:Schedule", "-parcels-schedule").inputs
    assert json.loads(schedule["target"]["input"]) == {"dataset": "parcels"}


def test_sftp_dataset_has_a_tick_that_resumes_unfinished_work(graph: Graph) -> None:
    tick = graph.only("scheduler/schedule:Schedule", "-parcels-continuation").inputs
    assert tick["scheduleExpression"] == "rate(15 minutes)"
    assert json.loads(tick["target"]["input"]) == {"dataset": "parcels", "continue": True}


def test_sql_schedule_extracts_only_its_own_dataset(graph: Graph) -> None:
    schedule = graph.only("scheduler/schedule:Schedule", "-members-schedule").inputs
    [override] = json.loads(schedule["target"]["input"])["containerOverrides"]
    assert schedule["target"]["ecsParameters"]["launchType"] == "FARGATE"
    assert override["command"][-2:] == ["--dataset", "members"]


def test_failed_task_is_reported_to_the_alarm_topic(graph: Graph) -> None:
    pattern = json.loads(graph.only("cloudwatch/eventRule:EventRule", "-failed-tasks").inputs["eventPattern"])
    target = graph.only("cloudwatch/eventTarget:EventTarget", "-failed-tasks-alert")
    assert pattern["detail"]["lastStatus"] == ["STOPPED"]
    assert {"containers": {"exitCode": [{"anything-but": 0}]}} in pattern["detail"]["$or"]
    assert target.inputs["arn"] == graph.exports["alarmTopicArn"]


def test_image_is_tagged_by_its_sources_and_not_built_on_preview(cloud_graph: Graph) -> None:
    images = [resource.inputs for resource in cloud_graph.resources if resource.type == "docker:index/image:Image"]
    repositories = [resource.inputs for resource in cloud_graph.of_type("ecr/repository:Repository")]
    assert len(images) == len(repositories) > 0
    assert all(re.search(r":[0-9a-f]{16}$", image["imageName"]) and not image["buildOnPreview"] for image in images)
    assert all(repository["imageScanningConfiguration"] == {"scanOnPush": True} for repository in repositories)


def test_the_local_stack_builds_no_image(graph_of: Callable[[str], Graph]) -> None:
    assert not [resource for resource in graph_of("local").resources if resource.type.startswith("docker:")]


def test_what_a_rule_cannot_deliver_is_kept_and_alarmed(graph: Graph) -> None:
    # given the queue of undelivered events
    queue = graph.only("sqs/queue:Queue", "-undelivered-events")
    alarm = graph.only("cloudwatch/metricAlarm:MetricAlarm", "-undelivered-events")

    # then every target has it, and it has an alarm
    targets = graph.of_type("cloudwatch/eventTarget:EventTarget")
    assert targets
    assert all(target.inputs["deadLetterConfig"] == {"arn": f"${{{queue.name}.arn}}"} for target in targets)
    assert alarm.inputs["dimensions"] == {"QueueName": f"${{{queue.name}.name}}"}


def test_a_landed_object_starts_the_workflow(graph: Graph) -> None:
    # given the rule for objects created under inbound/
    rule = graph.only("cloudwatch/eventRule:EventRule", "-landed")
    pattern = json.loads(rule.inputs["eventPattern"])

    # then it applies to this bucket and prefix, and its target is the workflow
    target = graph.only("cloudwatch/eventTarget:EventTarget", "-landed-starts-workflow")
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail"]["object"]["key"] == [{"prefix": "inbound/"}]
    assert target.inputs["arn"] == f"${{{graph.only('glue/workflow:Workflow').name}.arn}}"
    assert graph.only("s3/bucketNotification:BucketNotification").inputs["eventbridge"] is True


def test_landing_starts_warehouse_and_its_success_starts_mart(graph: Graph) -> None:
    on_landing = graph.only("glue/trigger:Trigger", "-on-landing").inputs
    on_warehouse = graph.only("glue/trigger:Trigger", "-on-warehouse").inputs
    warehouse, mart = graph.exports["warehouseJob"], graph.exports["martJob"]
    assert on_landing["type"] == "EVENT"
    assert on_landing["eventBatchingConditions"][0]["batchSize"] > 1
    assert on_landing["actions"] == [{"jobName": warehouse}]
    assert on_warehouse["type"] == "CONDITIONAL"
    assert on_warehouse["predicate"]["conditions"][0] == {
        "jobName": warehouse,
        "state": "SUCCEEDED",
        "logicalOperator": "EQUALS",
    }
    assert on_warehouse["actions"] == [{"jobName": mart}]


def test_a_failed_glue_run_is_told_to_the_alarm_topic(graph: Graph) -> None:
    pattern = json.loads(graph.only("cloudwatch/eventRule:EventRule", "-failed-runs").inputs["eventPattern"])
    target = graph.only("cloudwatch/eventTarget:EventTarget", "-failed-runs-alert")
    assert {"FAILED", "TIMEOUT"} <= set(pattern["detail"]["state"])
    assert sorted(pattern["detail"]["jobName"]) == sorted(job.inputs["name"] for job in graph.of_type("glue/job:Job"))
    assert target.inputs["arn"] == graph.exports["alarmTopicArn"]


def test_functions_on_aws_run_python_3_13_on_arm64(cloud_graph: Graph) -> None:
    functions = [function.inputs for function in cloud_graph.of_type("lambda/function:Function")]
    assert len(functions) > 1
    assert {function["runtime"] for function in functions} == {"python3.13"}
    assert {tuple(function["architectures"]) for function in functions} == {("arm64",)}


def test_all_functions_share_one_archive_and_one_layer(graph: Graph) -> None:
    functions = [function.inputs for function in graph.of_type("lambda/function:Function")]
    layer = graph.only("lambda/layerVersion:LayerVersion").name
    assert {tuple(function["layers"]) for function in functions} == {(f"${{{layer}.arn}}",)}
    assert len({json.dumps(function["code"], sort_keys=True) for function in functions}) == 1


def test_configuration_fits_into_a_standard_parameter(graph: Graph) -> None:
    parameters = [parameter.inputs["value"] for parameter in graph.of_type("ssm/parameter:Parameter")]
    assert all(len(value.encode()) <= 4096 for value in parameters)


def test_a_dataset_on_an_unknown_connection_is_refused_by_name() -> None:
    with pytest.raises(EngineError, match=r"datasets/parcels\.py: the connection 'carrier'.*Pulumi\.local.*other"):
        record("local", connections={"other": {"host": "h", "user": "u", "hostKeys": []}})


def test_a_broken_declaration_is_refused_by_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    def broken(_self: object, name: str) -> None:
        raise DeclarationError(f"datasets/{name}.py, line 7: NameError: name 'dy' is not defined")

    monkeypatch.setattr(Declarations, "__getitem__", broken)

    # when, then
    with pytest.raises(
        EngineError, match=r"failed: datasets/members\.py, line 7: NameError[^\n]*; datasets/parcels\.py"
    ):
        record("local")


def test_a_report_for_an_unknown_team_is_refused_by_name() -> None:
    with pytest.raises(EngineError, match=r"is for the team 'logistics'.*data-platform:teams"):
        record("local", teams=["accounts"])


def test_the_same_program_twice_gives_the_same_graph() -> None:
    assert record("dev").resources == recorded("dev").resources


def test_every_export_has_one_type_whatever_the_settings(graph: Graph, graph_of: Callable[[str], Graph]) -> None:
    types = {name: type(value) for name, value in graph_of("dev").exports.items()}
    other = {name: type(value) for name, value in graph.exports.items() if type(value) is not types.get(name)}
    assert other == {}
