"""The collector's role, its parameters, and the claims of other runs."""

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.sftp_collector.configuration import ConfigurationError
from functions.sftp_collector.connection import SourceUnavailableError
from functions.sftp_collector.handler import CollectionFailedError
from lake.ledger.ledger import FileVersion, Ledger, State
from tests.support.collector import MEBIBYTE, assert_nothing_landed, deploy, large_content, run

pytestmark = pytest.mark.emulator


def test_the_role_cannot_write_outside_its_datasets(stack):
    # given
    client = boto3.client("s3")
    client.put_object(Bucket=stack.bucket, Key="inbound/parcels/probe", Body=b"x")

    # when, then
    for key in ("inbound/members/x", "warehouse/parcels/x", "inbound/parcels2/x", "code/x"):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.put_object(Bucket=stack.bucket, Key=key, Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_object(Bucket=stack.bucket, Key="inbound/parcels/probe")


@pytest.mark.parametrize("size", [5, 20 * MEBIBYTE], ids=["one put", "in parts"])
def test_a_lake_that_refuses_the_object_fails_the_file(stack, serve, inbox, sftp_keys, size):
    # given
    source = serve()
    deploy(stack, sftp_keys, source.port, source.host_key, dataset="members")
    (inbox / "file.csv").write_bytes(large_content(size))

    # when
    with pytest.raises(CollectionFailedError, match=r"AWS request failed: .*AccessDenied.*check the rights"):
        run("members")

    # then
    assert_nothing_landed(stack)
    assert [entry.state for entry in stack.entries("members")] == [State.FAILED]


@pytest.mark.usefixtures("healthy")
def test_file_claimed_by_another_run_is_skipped_and_counted(stack, inbox):
    # given
    file = inbox / "parcels.csv"
    file.write_bytes(b"12345")
    other = Ledger(stack.dynamodb, stack.table)
    version = FileVersion("parcels", "carrier", "inbox/parcels.csv", 5, int(file.stat().st_mtime))
    claim = other.claim(version)

    # when
    result = run()

    # then
    assert (result["elsewhere"], result["collected"]) == (1, [])
    assert_nothing_landed(stack)
    other.complete(claim, transferred=5, checksum="sha256:aa")
    assert run()["unchanged"] == 1


def test_a_dataset_that_is_not_deployed_is_named(stack):
    with pytest.raises(ConfigurationError, match=f"{stack.prefix}/datasets/trains/collection does not exist; declare"):
        run("trains")


@pytest.mark.usefixtures("healthy")
def test_parameter_without_private_key_is_named_not_shown(stack):
    # given
    name = f"{stack.prefix}/connections/carrier/private-key"
    stack.ssm.put_parameter(Name=name, Value="hunter2", Type="SecureString", Overwrite=True)

    # when
    with pytest.raises(SourceUnavailableError) as error:
        run()

    # then
    assert name in str(error.value)
    assert "hunter2" not in str(error.value)
