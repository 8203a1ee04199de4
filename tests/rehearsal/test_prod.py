"""The rehearsal's second half: prod beside dev, the end of dev, and the protection of prod's data until its own end.

It follows test_dev.py, with the same account and checkout.
"""

import json
import re
from typing import Any, Final

import pytest

from tests.support.guide import heading
from tests.support.init_account import configuration_of_bucket
from tests.support.program import ROOT
from tests.support.rehearsal import Rehearsal

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(600)]

WORKFLOW: Final = ROOT / ".github" / "workflows" / "deploy.yml"
PROBE: Final = "inbound/vehicles/probe.csv"


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """What one test sees of prod for a later one to compare."""
    return {}


def test_workflows_command_deploys_prod(rehearsal: Rehearsal) -> None:
    heading("9. Let CI deploy, 10. Deploy prod")
    rehearsal.follow(9)
    rehearsal.follow(10)
    [command] = re.findall(r"- run: (pulumi up --stack prod .*)", WORKFLOW.read_text())
    rehearsal.shell.must(command, **rehearsal.deploys("prod"))
    assert rehearsal.changes("prod").keys() == {"create"}
    assert rehearsal.compare("prod").status == 0


def test_destroyed_dev_leaves_prod_as_it_was(rehearsal: Rehearsal) -> None:
    heading("42. Everything goes")
    # The lake contains the last tests' objects, none of the program's. The guide says what to do then.
    lake = rehearsal.exports("dev")["lakeBucket"]
    refused = rehearsal.shell.type("pulumi destroy --stack dev", **rehearsal.deploys("dev"))
    assert "BucketNotEmpty" in refused.output
    assert empty(rehearsal.account.client("s3"), lake) == {"inbound/probe"}
    rehearsal.shell.must("pulumi destroy --stack dev", **rehearsal.deploys("dev"))
    assert rehearsal.changes("dev").keys() == {"delete"}
    tagging = rehearsal.account.client("resourcegroupstaggingapi")
    left = tagging.get_resources(TagFilters=[{"Key": "stack", "Values": ["dev"]}])["ResourceTagMappingList"]
    # AWS deletes a key after a week.
    assert [each["ResourceARN"] for each in left if ":kms:" not in each["ResourceARN"]] == []
    comparison = rehearsal.compare("prod")
    assert comparison.status == 0, comparison.last_lines


def empty(s3: Any, bucket: str) -> set[str]:
    """Delete all versions of a bucket's objects; return the keys."""
    listed = s3.list_object_versions(Bucket=bucket)
    versions = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
    for each in versions:
        s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
    return {each["Key"] for each in versions}


def test_protected_prod_is_not_destroyed(rehearsal: Rehearsal, kept: dict[str, Any]) -> None:
    heading("The end of prod")
    lake = rehearsal.exports("prod")["lakeBucket"]
    s3 = rehearsal.account.client("s3")
    s3.put_object(Bucket=lake, Key=PROBE, Body=b"kept")
    resources = json.loads(rehearsal.shell.must("pulumi stack export --stack prod"))["deployment"]["resources"]
    kept["buckets"] = [each["id"] for each in resources if each["type"] == "aws:s3/bucket:Bucket"]
    assert lake in kept["buckets"]
    kept["protection"] = {bucket: configuration_of_bucket(s3, bucket) for bucket in kept["buckets"]}

    refused = rehearsal.shell.type("pulumi destroy --stack prod", **rehearsal.deploys("prod"))

    assert refused.status != 0
    assert "protected" in refused.output
    assert rehearsal.compare("prod").status == 0


def test_protected_data_survives_with_its_protection(rehearsal: Rehearsal, kept: dict[str, Any]) -> None:
    # given a person who unprotects all of prod and destroys it, its images by hand, as the guide says
    rehearsal.shell.must("pulumi state unprotect --all --yes --stack prod")
    refused = rehearsal.shell.type("pulumi destroy --stack prod", **rehearsal.deploys("prod"))
    assert "RepositoryNotEmptyException" in refused.output
    delete_images(rehearsal.account.client("ecr"))
    rehearsal.shell.must("pulumi destroy --stack prod", **rehearsal.deploys("prod"))

    # then the data remains, with everything that protects it
    s3 = rehearsal.account.client("s3")
    assert {bucket: configuration_of_bucket(s3, bucket) for bucket in kept["buckets"]} == kept["protection"]
    lake = next(bucket for bucket in kept["buckets"] if "-prod-" in bucket and "audit" not in bucket)
    assert s3.get_object(Bucket=lake, Key=PROBE)["Body"].read() == b"kept"

    # and the key that encrypts it
    encryption = s3.get_bucket_encryption(Bucket=lake)["ServerSideEncryptionConfiguration"]["Rules"][0]
    key = encryption["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert rehearsal.account.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"

    # while the functions are gone
    functions = rehearsal.account.client("lambda").list_functions()["Functions"]
    assert [each["FunctionName"] for each in functions if "-prod-" in each["FunctionName"]] == []


def delete_images(ecr: Any) -> None:
    for repository in ecr.describe_repositories()["repositories"]:
        name = repository["repositoryName"]
        images = ecr.list_images(repositoryName=name)["imageIds"]
        if images:
            ecr.batch_delete_image(repositoryName=name, imageIds=images)


def test_every_guide_command_was_run_or_skipped_with_a_reason(rehearsal: Rehearsal) -> None:
    commands = {each.text for step in rehearsal.steps.values() for each in step}
    assert commands - rehearsal.typed == set()
