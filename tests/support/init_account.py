"""An account for the tests of the bootstrap: empty, prepared, and as a workflow sees it."""

import base64
import json
import re

import boto3
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from init.commands import app
from init.names import GITHUB_AUDIENCE, GITHUB_ISSUER, Names
from tests.support.emulators import REGION

BUCKET = "acme-state"
REPOSITORY = "acme/data-platform"
NAMES = Names(BUCKET, REGION, "000000000000", REPOSITORY)

_KEY_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def workflow_token(names, subject):
    """GitHub's token for a workflow of the repository with this subject. The emulator checks no signature."""
    claims = {"iss": f"https://{GITHUB_ISSUER}", "aud": GITHUB_AUDIENCE, "sub": f"repo:{names.repository}:{subject}"}
    header, payload = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({}, claims))
    return f"{header}.{payload}.unsigned"


class Account:
    """An account, and the commands as an administrator runs them."""

    def __init__(self, emulator):
        self.emulator = emulator

    def session(self):
        return boto3.Session("test", "test", region_name=REGION)

    def client(self, service):
        return self.session().client(service)

    def run(self, command, *words, bucket=BUCKET):
        result = CliRunner().invoke(app, [command, "--bucket", bucket, *words])
        return result.exit_code, result.output

    def bootstrap(self, *words, bucket=BUCKET):
        return self.run("bootstrap", "--repository", REPOSITORY, *words, bucket=bucket)

    def as_workflow(self, role, subject, service="s3", *, by_tls=True):
        """Return a client with a workflow's credentials for GitHub's token with this subject."""
        credentials = self.client("sts").assume_role_with_web_identity(
            RoleArn=NAMES.arn_of_role(role), RoleSessionName="ci", WebIdentityToken=workflow_token(NAMES, subject)
        )["Credentials"]
        keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
        client = boto3.Session(*keys, region_name=REGION).client(service)
        if by_tls:
            # The emulator believes what ends TLS in front of it.
            client.meta.events.register("before-send", _came_by_tls)
        return client

    def everything(self):
        """Return everything that a bootstrap creates, without ids and times."""
        s3, iam, kms = self.client("s3"), self.client("iam"), self.client("kms")
        found = {
            "providers": [each["Arn"] for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]],
            "gateway": self.client("apigateway").get_account().get("cloudwatchRoleArn") or None,
        }
        for bucket in (entry["Name"] for entry in s3.list_buckets()["Buckets"]):
            found |= {(bucket, name): value for name, value in configuration_of_bucket(s3, bucket).items()}
        for entry in kms.list_aliases()["Aliases"]:
            if entry["AliasName"].startswith("alias/data-platform"):
                key = kms.describe_key(KeyId=entry["TargetKeyId"])["KeyMetadata"]
                found[entry["AliasName"]] = key["Description"], key["KeyState"]
        for role in iam.list_roles()["Roles"]:
            attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
            policies = sorted(each["PolicyArn"] for each in attached)
            trust = _without_ids(role["AssumeRolePolicyDocument"])
            found[role["Arn"]] = trust, role["MaxSessionDuration"], policies
        for policy in iam.list_policies(Scope="Local")["Policies"]:
            version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
            found[policy["Arn"]] = _without_ids(version["PolicyVersion"]["Document"])
        return found


def configuration_of_bucket(s3, bucket):
    """Return everything that protects a bucket, by the operation that reads it."""
    reads = (
        s3.get_bucket_tagging, s3.get_bucket_versioning, s3.get_bucket_encryption, s3.get_bucket_policy,
        s3.get_public_access_block, s3.get_bucket_lifecycle_configuration, s3.get_bucket_logging,
        s3.get_bucket_ownership_controls,
    )  # fmt: skip
    return {read.__name__: _configuration(read, bucket) for read in reads}


def _configuration(read, bucket):
    try:
        return _without_ids(read(Bucket=bucket))
    except ClientError as error:
        return error.response["Error"]["Code"]


def _came_by_tls(request, **_):
    request.headers["X-Forwarded-Proto"] = "https"


def _without_ids(answer):
    kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return _KEY_ID.sub("KEY", json.dumps(kept, sort_keys=True))
