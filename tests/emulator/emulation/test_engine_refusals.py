"""The engine against a real emulator: its refusals, its failures, and the secrets that it keeps."""

import stat
import sys
from pathlib import Path

import pytest

from emulation.pulumi_engine import EngineError

pytestmark = pytest.mark.emulator

MARKER = "marker-of-a-secret-value"
BUCKET = "bucket = aws.s3.Bucket('lake')\npulumi.export('bucket', bucket.bucket)\n"


def test_type_without_handler_is_named_and_nothing_is_created(engine_stack, engine_client):
    # given
    engine_stack.write(BUCKET + "aws.kinesis.Stream('readings', shard_count=1)")
    # when
    with pytest.raises(EngineError) as error:
        engine_stack.deploy()
    # then
    assert "not have a handler for aws:kinesis/stream:Stream" in str(error.value)
    assert "urn:pulumi:local::engine-test::aws:kinesis/stream:Stream::readings" in str(error.value)
    assert engine_client("s3").list_buckets()["Buckets"] == []


def test_an_input_that_its_handler_does_not_know_is_refused(engine_stack):
    # given
    engine_stack.write("aws.s3.Bucket('lake', acceleration_status='Enabled')")
    # when
    with pytest.raises(EngineError, match=r"aws:s3/bucket:Bucket 'lake' sets accelerationStatus"):
        engine_stack.deploy()
    # then
    assert not (engine_stack.state / "engine.json").exists()


def test_protected_resources_are_neither_replaced_nor_deleted(engine_stack, engine_client, engine_calls):
    # given
    kept = "pulumi.ResourceOptions(protect=True)"
    engine_stack.write(f"aws.sqs.Queue('work', fifo_queue=False, opts={kept})\naws.sns.Topic('gone', opts={kept})")
    engine_stack.deploy()
    engine_stack.write(f"aws.sqs.Queue('work', fifo_queue=True, opts={kept})\naws.sqs.Queue('more')")
    engine_calls.clear()
    # when
    with pytest.raises(EngineError) as error:
        engine_stack.deploy()
    # then
    message = str(error.value)
    assert "aws:sqs/queue:Queue 'work' is protected, but its fifoQueue cannot change in place" in message
    assert "aws:sns/topic:Topic 'gone' is protected, but was removed from the program" in message
    assert set(engine_calls) == {"GetCallerIdentity"}
    assert len(engine_client("sqs").list_queues()["QueueUrls"]) == 1


def test_change_that_the_emulator_cannot_make_is_refused(engine_stack):
    # given
    rest_api = "aws.apigateway.RestApi('api', endpoint_configuration={{'types': '{}'}})"
    engine_stack.write(rest_api.format("REGIONAL"))
    engine_stack.deploy()
    # when
    engine_stack.write(rest_api.format("EDGE"))
    with pytest.raises(EngineError, match="RestApi 'api': the emulator cannot change endpointConfiguration"):
        engine_stack.deploy()


def test_state_has_no_secret_and_only_the_owner_reads_the_key(engine_stack, engine_client):
    # given
    engine_stack.write(
        "key = tls.PrivateKey('key', algorithm='RSA')\n"
        f"aws.ssm.Parameter('a', name='/a', type='SecureString', value='{MARKER}')\n"
        "aws.ssm.Parameter('b', name='/b', type='SecureString', value=key.private_key_pem)\n"
        f"pulumi.export('word', pulumi.Output.secret({{'nested': '{MARKER}'}}))\n"
    )
    # when
    deployment = engine_stack.deploy()
    # then
    state = (engine_stack.state / "engine.json").read_text()
    [key_file] = (engine_stack.state / "private-keys").iterdir()
    assert (
        engine_client("ssm").get_parameter(Name="/b", WithDecryption=True)["Parameter"]["Value"] == key_file.read_text()
    )
    assert MARKER not in state
    assert "PRIVATE" not in state
    assert deployment.exports == {"word": "[secret]"}
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700


def test_a_failed_run_is_remembered_and_a_rerun_goes_on(engine_stack):
    # given
    engine_stack.write(
        BUCKET + "aws.iam.RolePolicyAttachment('a', role='missing', policy_arn='arn:aws:iam::1:policy/x')"
    )
    with pytest.raises(
        EngineError, match=r"RolePolicyAttachment 'a': the emulator refused iam attach_role_policy: NoSuchEntity"
    ):
        engine_stack.deploy()
    # when
    engine_stack.write(BUCKET)
    deployment = engine_stack.deploy()
    # then
    assert (deployment.created, deployment.unchanged) == (0, 1)


def test_a_refused_secret_is_not_repeated_in_the_error(engine_stack):
    # given
    engine_stack.write(
        f"aws.iam.RolePolicyAttachment('a', role=pulumi.Output.secret('{MARKER}'), policy_arn='arn:aws:iam::1:policy')"
    )
    # when
    with pytest.raises(EngineError) as error:
        engine_stack.deploy()
    # then
    assert "NoSuchEntity: Role [secret] not found" in str(error.value)
    assert MARKER not in str(error.value)


def test_raising_program_is_a_plain_error_in_a_clean_process(engine_stack, capfd, caplog):
    # given
    before = (Path.cwd(), sys.path.copy(), sys.argv.copy())
    engine_stack.write(BUCKET + "raise ValueError('teams is empty')")
    # when
    with pytest.raises(EngineError, match=r"__main__\.py failed: ValueError: teams is empty") as error:
        engine_stack.deploy()
    # then
    assert isinstance(error.value.__cause__, ValueError)
    assert (Path.cwd(), sys.path, sys.argv) == before
    assert (capfd.readouterr().err, caplog.text) == ("", "")
    engine_stack.write(BUCKET)
    assert engine_stack.deploy().created == 1


def test_resource_named_by_a_secret_is_refused(engine_stack):
    # given
    engine_stack.write(f"aws.sqs.Queue('queue', name=pulumi.Output.secret('{MARKER}'))")
    # when
    with pytest.raises(EngineError, match="contains a secret") as error:
        engine_stack.deploy()
    # then
    assert MARKER not in str(error.value)
    assert not (engine_stack.state / "engine.json").exists()


def test_silent_emulator_is_an_error_that_says_how_to_start(engine_stack):
    # given
    engine_stack.write(BUCKET)
    engine_stack.endpoint = "http://127.0.0.1:1"
    # when
    with pytest.raises(EngineError, match="dataplatform up") as error:
        engine_stack.deploy()
    # then
    assert "http://127.0.0.1:1" in str(error.value)
