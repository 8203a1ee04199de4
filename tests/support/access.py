"""Shared parts of the access tests: an object in each place of the lake, clients under roles, and AWS's answers."""

import contextlib
import io
import json
import uuid
import zipfile

import pytest
import urllib3
import yaml
from botocore.exceptions import ClientError

from lake.keys import ANALYSTS, query_results_prefix, reports_prefix
from ops.stack.target import find_target
from tests.support.program import DECLARATIONS

TEAMS = ("accounts", "logistics")
REPORTS_OF = {team: f"{reports_prefix(team)}probe.txt" for team in TEAMS}
RESULTS_OF = {reader: f"{query_results_prefix(reader)}probe.txt" for reader in (*TEAMS, ANALYSTS)}
[GRANTED] = yaml.safe_load((DECLARATIONS / "Pulumi.local.yaml").read_text())["config"]["data-platform:analysts"][
    "datasets"
]
"""The dataset that analysts may read."""
# An event of an object under inbound/ or warehouse/ is recorded, so no object is put there: that a caller without
# permission is not even told that there is none is how S3 answers, too.
ABSENT = {place: f"{place}/parcels/probe.txt" for place in ("inbound", "warehouse")}
SEEDED = {"quarantine": "quarantine/probe.txt", "code": "code/probe.txt"}
PLACES = {
    **ABSENT,
    **SEEDED,
    **{f"reports of {team}": key for team, key in REPORTS_OF.items()},
    **{f"results of {reader}": key for reader, key in RESULTS_OF.items()},
}
HTTP = urllib3.PoolManager(retries=False)


@pytest.fixture(scope="module")
def probes(platform):
    """Two versions of an object in each place: the older version's id by key. They are deleted afterwards."""
    target = find_target("local", platform.state_directory)
    s3 = target.client("s3")
    seeded = [key for key in PLACES.values() if key not in ABSENT.values()]
    versions = {}
    for key in seeded:
        versions[key] = s3.put_object(Bucket=target.bucket, Key=key, Body=f"old {key}".encode())["VersionId"]
        s3.put_object(Bucket=target.bucket, Key=key, Body=f"new {key}".encode())
    yield versions
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=target.bucket):
        for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            if "probe" in entry["Key"]:
                s3.delete_object(Bucket=target.bucket, Key=entry["Key"], VersionId=entry["VersionId"])


def outcome(call, **arguments):
    """Return AWS's answer: "passes", or the code of its error."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        # HEAD has no body for the code, and services differ in the word.
        return "AccessDenied" if code in {"403", "AccessDeniedException"} else code
    if isinstance(answer, dict) and answer.get("Errors"):
        return answer["Errors"][0]["Code"]
    return "passes"


def outcome_of_url(method, url, body=None):
    """Return what a URL answers to its holder."""
    status = HTTP.request(method, url, body=body).status
    return {200: "passes", 403: "AccessDenied", 404: "NoSuchKey"}.get(status, str(status))


READS = {"get", "head", "list", "presigned get", "copy from"}
# Deletion belongs to the lifecycle rule, and old versions to the platform's operators.
WRITES = {"put", "presigned put", "copy to", "copy to from elsewhere", "multipart"}
NEVER = {
    "delete",
    "delete in bulk",
    "versions",
    "get old version",
    "delete old version",
    "presigned delete",
    "tags",
    "tag",
    "make public",
    "uploads",
}


class Attempts:
    """Return a reader's ways to reach a key, by name."""

    def __init__(self, s3, bucket, reader, own, old_versions):
        """Prepare the attempts.

        Args:
            s3: a client under the reader's role.
            bucket: the lake's bucket.
            reader: the reader whose results prefix is written.
            own: key of an object that the reader may read.
            old_versions: ids of older versions, by key.
        """
        self.s3, self.bucket, self.reader, self.own, self.old_versions = s3, bucket, reader, own, old_versions

    def all(self, key):
        """Return the result of each way for a key."""
        at = {"Bucket": self.bucket, "Key": key}
        prefix = {"Bucket": self.bucket, "Prefix": key.rpartition("/")[0] + "/"}
        old = {**at, "VersionId": self.old_versions.get(key, "no-such-version")}
        from_own = {"Bucket": self.bucket, "Key": self.own}
        scratch = f"{query_results_prefix(self.reader)}probe-copy.txt"
        return {
            "get": outcome(self.s3.get_object, **at),
            "head": outcome(self.s3.head_object, **at),
            "list": outcome(self.s3.list_objects_v2, **prefix),
            "presigned get": self._presigned("GET", "get_object", at),
            "copy from": outcome(self.s3.copy_object, Bucket=self.bucket, Key=scratch, CopySource=at),
            "put": outcome(self.s3.put_object, **at, Body=b"x"),
            "presigned put": self._presigned("PUT", "put_object", at, b"x"),
            "copy to": outcome(self.s3.copy_object, **at, CopySource=from_own),
            "copy to from elsewhere": outcome(
                self.s3.copy_object, **at, CopySource={"Bucket": self.bucket, "Key": RESULTS_OF[self.reader]},
                MetadataDirective="REPLACE",
            ),
            "multipart": self._multipart(at),
            "delete": outcome(self.s3.delete_object, **at),
            "delete in bulk": outcome(self.s3.delete_objects, Bucket=self.bucket, Delete={"Objects": [{"Key": key}]}),
            "versions": outcome(self.s3.list_object_versions, **prefix),
            "get old version": outcome(self.s3.get_object, **old),
            "delete old version": outcome(self.s3.delete_object, **old),
            "presigned delete": self._presigned("DELETE", "delete_object", at),
            "tags": outcome(self.s3.get_object_tagging, **at),
            "tag": outcome(self.s3.put_object_tagging, **at, Tagging={"TagSet": []}),
            "make public": outcome(self.s3.put_object_acl, **at, ACL="public-read"),
            "uploads": outcome(self.s3.list_multipart_uploads, **prefix),
        }  # fmt: skip

    def _presigned(self, method, operation, at, body=None):
        return outcome_of_url(method, self.s3.generate_presigned_url(operation, Params=at, ExpiresIn=60), body)

    def _multipart(self, at):
        started = {}

        def upload():
            started.update(self.s3.create_multipart_upload(**at))
            part = self.s3.upload_part(**at, UploadId=started["UploadId"], PartNumber=1, Body=b"x")
            parts = [{"ETag": part["ETag"], "PartNumber": 1}]
            self.s3.complete_multipart_upload(**at, UploadId=started["UploadId"], MultipartUpload={"Parts": parts})

        result = outcome(upload)
        if started and result != "passes":
            with contextlib.suppress(self.s3.exceptions.ClientError):
                self.s3.abort_multipart_upload(**at, UploadId=started["UploadId"])
        return result


class RoleFunction:
    """A function under a deployed function's role that makes any requested call."""

    CODE = (
        "import boto3, botocore.exceptions\n"
        "def handler(event, context):\n"
        "    try:\n"
        "        getattr(boto3.client(event['service']), event['operation'])(**event['arguments'])\n"
        "    except botocore.exceptions.ClientError as error:\n"
        "        return error.response['Error']['Code']\n"
        "    return 'passes'\n"
    )

    def __init__(self, target, role_arn):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("probe.py", self.CODE)
        self._functions, self.name = target.client("lambda"), f"probe-{uuid.uuid4().hex[:12]}"
        self._functions.create_function(
            FunctionName=self.name,
            Role=role_arn,
            Runtime="python3.13",
            Handler="probe.handler",
            Timeout=30,
            Code={"ZipFile": code.getvalue()},
        )

    def outcome(self, service, operation, **arguments):
        event = {"service": service, "operation": operation, "arguments": arguments}
        answer = self._functions.invoke(FunctionName=self.name, Payload=json.dumps(event).encode())
        return json.loads(answer["Payload"].read())

    def delete(self):
        self._functions.delete_function(FunctionName=self.name)


def secrets_of(target):
    """Return the names of all secrets in the parameter store."""
    parameters = target.client("ssm").get_paginator("describe_parameters").paginate()
    return [each["Name"] for page in parameters for each in page["Parameters"] if each["Type"] == "SecureString"]
