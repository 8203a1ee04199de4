"""The engine against a real emulator: what it creates, updates and leaves unchanged."""

import json
import shutil
from pathlib import Path

import pytest

from emulation.pulumi_engine.handlers import HANDLERS

pytestmark = pytest.mark.emulator

PROGRAMS = Path(__file__).parent / "programs"

BUCKET = "bucket = aws.s3.Bucket('lake')\npulumi.export('bucket', bucket.bucket)\n"
FUNCTION = """
role = aws.iam.Role('function', assume_role_policy=json.dumps({'Version': '2012-10-17', 'Statement': [
    {'Effect': 'Allow', 'Action': 'sts:AssumeRole', 'Principal': {'Service': 'lambda.amazonaws.com'}}]}))
layer = aws.lambda_.LayerVersion('library', layer_name='library', code=pulumi.AssetArchive(
    {'python/library.py': pulumi.FileAsset('library.py')}))
function = aws.lambda_.Function('answer', name='answer', role=role.arn, runtime='python3.13', layers=[layer.arn],
    handler='answer.handler', code=pulumi.AssetArchive({'answer.py': pulumi.FileAsset('answer.py')}))
"""


def test_every_type_is_created_and_unchanged_by_the_next_run(engine_stack, engine_calls):
    # given
    shutil.copytree(PROGRAMS / "every_type", engine_stack.program, dirs_exist_ok=True)
    types = set()
    # when
    first = engine_stack.deploy(on_resource=lambda kind, _name, _operation: types.add(kind))
    engine_calls.clear()
    second = engine_stack.deploy()
    # then
    assert types == set(HANDLERS)
    assert first.created == second.unchanged
    assert (second.created, second.updated) == (0, 0)
    # an API key is read each time: the state does not keep it
    invoked = {"GetCallerIdentity", "DescribeAvailabilityZones", "GetAuthorizationToken"}
    assert set(engine_calls) == {*invoked, "GetApiKey"}
    assert second.exports == first.exports
    assert first.exports["privateKey"] == "[secret]"


def test_what_is_created_is_what_the_program_says(engine_stack, engine_client):
    # given
    shutil.copytree(PROGRAMS / "every_type", engine_stack.program, dirs_exist_ok=True)
    # when
    bucket = engine_stack.deploy().exports["bucket"]
    # then
    function = engine_client("lambda").get_function_configuration(FunctionName="collect")
    assert function["Environment"]["Variables"] == {"BUCKET": bucket, "lower_case": "kept"}
    assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": "/aws/lambda/collect"}
    [schedule] = engine_client("scheduler").list_schedules(GroupName="collections")["Schedules"]
    schedule = engine_client("scheduler").get_schedule(GroupName="collections", Name=schedule["Name"])
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Brussels"
    assert schedule["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}
    triggers = {trigger["Type"]: trigger for trigger in engine_client("glue").get_triggers()["Triggers"]}
    succeeded = {"LogicalOperator": "EQUALS", "JobName": "warehouse", "State": "SUCCEEDED"}
    assert triggers["CONDITIONAL"]["Predicate"]["Conditions"] == [succeeded]
    assert triggers["CONDITIONAL"]["Actions"] == [{"JobName": "mart", "Arguments": {"--report": "x"}}]
    rules = engine_client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rules[0]["Transitions"] == [{"Days": 90, "StorageClass": "STANDARD_IA"}]
    [table] = [each for each in engine_client("dynamodb").list_tables()["TableNames"] if each.startswith("ledger")]
    table = engine_client("dynamodb").describe_table(TableName=table)["Table"]
    assert table["GlobalSecondaryIndexes"][0]["IndexName"] == "by-status"
    assert table["DeletionProtectionEnabled"] is True


def test_changed_function_and_layer_are_updated_lake_stays(engine_stack, engine_client):
    # given
    (engine_stack.program / "library.py").write_text("WORD = 'old'")
    (engine_stack.program / "answer.py").write_text("import library\ndef handler(event, context): return library.WORD")
    engine_stack.write(BUCKET + FUNCTION)
    bucket = engine_stack.deploy().exports["bucket"]
    engine_client("s3").put_object(Bucket=bucket, Key="inbound/kept.csv", Body=b"kept")
    # when
    (engine_stack.program / "library.py").write_text("WORD = 'new'")
    (engine_stack.program / "answer.py").write_text(
        "import library\ndef handler(event, context): return library.WORD + '!'"
    )
    deployment = engine_stack.deploy()
    # then
    answer = engine_client("lambda").invoke(FunctionName="answer")
    assert json.loads(answer["Payload"].read()) == "new!"
    assert (deployment.updated, deployment.replaced, deployment.unchanged) == (1, 1, 2)
    assert [each["Version"] for each in versions_of_the_layer(engine_client)] == [2]
    assert engine_client("s3").get_object(Bucket=bucket, Key="inbound/kept.csv")["Body"].read() == b"kept"


def versions_of_the_layer(engine_client):
    return engine_client("lambda").list_layer_versions(LayerName="library")["LayerVersions"]


def test_the_changed_content_of_an_object_is_put_again(engine_stack, engine_client):
    # given
    (engine_stack.program / "job.py").write_text("old")
    engine_stack.write(
        BUCKET + "aws.s3.BucketObjectv2('job', bucket=bucket.bucket, key='job.py', source=pulumi.FileAsset('job.py'))"
    )
    bucket = engine_stack.deploy().exports["bucket"]
    # when
    (engine_stack.program / "job.py").write_text("new")
    deployment = engine_stack.deploy()
    # then
    assert engine_client("s3").get_object(Bucket=bucket, Key="job.py")["Body"].read() == b"new"
    assert deployment.updated == 1


def test_a_new_resource_is_added_to_what_stands(engine_stack, engine_client):
    # given
    engine_stack.write(BUCKET)
    engine_stack.deploy()
    # when
    engine_stack.write(
        BUCKET + "aws.ssm.Parameter('p', name='/bucket', type='String', value=bucket.bucket, tags={'team': 'x'})"
    )
    deployment = engine_stack.deploy()
    # then
    assert (deployment.created, deployment.unchanged) == (1, 1)
    assert engine_client("ssm").get_parameter(Name="/bucket")["Parameter"]["Value"] == deployment.exports["bucket"]


def test_another_emulator_starts_afresh(engine_stack):
    # given
    engine_stack.write("key = tls.PrivateKey('key', algorithm='RSA')\npulumi.export('public', key.public_key_openssh)")
    old = engine_stack.deploy()
    # when
    engine_stack.instance = "another"
    new = engine_stack.deploy()
    # then
    assert new.created == 1
    assert new.exports["public"] != old.exports["public"]
    assert len(list((engine_stack.state / "private-keys").iterdir())) == 1


def test_changed_default_tags_are_changed_on_what_is_there(engine_stack, engine_client):
    # given
    engine_stack.set(defaultTags={"tags": {"project": "data-platform", "gone": "soon"}})
    engine_stack.write(BUCKET + "aws.sqs.Queue('work', name='work', tags={'own': 'kept'})")
    bucket = engine_stack.deploy().exports["bucket"]
    # when
    engine_stack.set(defaultTags={"tags": {"project": "other"}})
    deployment = engine_stack.deploy()
    # then
    [queue] = engine_client("sqs").list_queues()["QueueUrls"]
    assert engine_client("sqs").list_queue_tags(QueueUrl=queue)["Tags"] == {"project": "other", "own": "kept"}
    tags = engine_client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
    assert tags == [{"Key": "project", "Value": "other"}]
    assert (deployment.updated, deployment.replaced) == (2, 0)


@pytest.mark.long
def test_resources_of_every_type_are_changed_in_place(engine_stack):
    # given
    shutil.copytree(PROGRAMS / "every_type", engine_stack.program, dirs_exist_ok=True)
    engine_stack.deploy()
    done = []
    # when
    engine_stack.settings = {"every-type:changed": "true"}
    engine_stack.deploy(on_resource=lambda kind, _name, operation: done.append((kind, operation)))
    # then
    assert {kind for kind, operation in done if operation == "updated"} == {
        kind for kind, handler in HANDLERS.items() if handler.update
    }
    assert {operation for _, operation in done} == {"updated", "unchanged"}
    assert engine_stack.deploy().unchanged == len(done)


@pytest.mark.long
def test_tags_of_every_type_are_changed_in_place(engine_stack):
    # given
    shutil.copytree(PROGRAMS / "every_type", engine_stack.program, dirs_exist_ok=True)
    engine_stack.set(defaultTags={"tags": {"project": "data-platform", "gone": "soon"}})
    first = engine_stack.deploy()
    # when
    engine_stack.set(defaultTags={"tags": {"project": "other"}})
    second = engine_stack.deploy()
    # then
    assert (second.created, second.replaced, second.deleted) == (0, 0, 0)
    assert second.updated == sum("tags" in HANDLERS[kind].accepts for kind in first_types(engine_stack))
    assert second.exports == first.exports


def first_types(engine_stack):
    known = json.loads((engine_stack.state / "engine.json").read_text())["resources"]
    return [resource["type"] for resource in known.values()]


@pytest.mark.long
def test_everything_that_a_program_no_longer_has_is_deleted(engine_stack):
    # given
    shutil.copytree(PROGRAMS / "every_type", engine_stack.program, dirs_exist_ok=True)
    source = (engine_stack.program / "__main__.py").read_text()
    # a protected table is not deleted, as on AWS
    (engine_stack.program / "__main__.py").write_text(
        source.replace("deletion_protection_enabled=changing(True, False),", "")
    )
    first = engine_stack.deploy()
    # when
    engine_stack.write("")
    second = engine_stack.deploy()
    # then
    assert second.deleted == first.created
    assert json.loads((engine_stack.state / "engine.json").read_text())["resources"] == {}


def test_replacement_is_created_before_the_old_one_is_deleted(engine_stack, engine_calls):
    # given
    table = (
        "aws.dynamodb.Table('t', billing_mode='PAY_PER_REQUEST', hash_key='{0}',"
        " attributes=[{{'name': '{0}', 'type': 'S'}}])"
    )
    engine_stack.write(table.format("pk"))
    engine_stack.deploy()
    engine_calls.clear()
    # when
    engine_stack.write(table.format("id"))
    deployment = engine_stack.deploy()
    # then
    steps = [call for call in engine_calls if call in {"CreateTable", "DeleteTable"}]
    assert steps == ["CreateTable", "DeleteTable"]
    assert (deployment.replaced, deployment.created, deployment.deleted) == (1, 0, 0)


def test_fixed_name_is_freed_before_the_replacement(engine_stack, engine_calls):
    # given
    role = "aws.iam.Role('r', name='reader', path='{0}', assume_role_policy='{{}}')"
    engine_stack.write(role.format("/one/"))
    engine_stack.deploy()
    engine_calls.clear()
    # when
    engine_stack.write(role.format("/two/"))
    engine_stack.deploy()
    # then
    assert [call for call in engine_calls if call in {"CreateRole", "DeleteRole"}] == ["DeleteRole", "CreateRole"]


def test_a_retained_resource_outlives_its_removal(engine_stack, engine_client):
    # given
    engine_stack.write("aws.sqs.Queue('work', name='work', opts=pulumi.ResourceOptions(retain_on_delete=True))")
    engine_stack.deploy()
    # when
    engine_stack.write("")
    engine_stack.deploy()
    # then
    assert len(engine_client("sqs").list_queues()["QueueUrls"]) == 1
