"""What the access tests share: an object in each place of the lake, clients under roles, and what AWS answered them."""

import io
import json
import uuid
import zipfile

import pytest
import urllib3
from botocore.exceptions import ClientError

from lake.keys import query_results_prefix, reports_prefix
from ops.stack.target import find_target

TEAMS = ("accounts", "logistics")
REPORTS_OF = {team: f"{reports_prefix(team)}probe.txt" for team in TEAMS}
RESULTS_OF = {team: f"{query_results_prefix(team)}probe.txt" for team in TEAMS}
# An event of an object under inbound/ or warehouse/ is recorded, so no object is put there: that a caller without
# permission is not even told that there is none is how S3 answers, too.
ABSENT = {place: f"{place}/parcels/probe.txt" for place in ("inbound", "warehouse")}
SEEDED = {"quarantine": "quarantine/probe.txt", "code": "code/probe.txt"}
PLACES = {
    **ABSENT,
    **SEEDED,
    **{f"reports of {team}": key for team, key in REPORTS_OF.items()},
    **{f"results of {team}": key for team, key in RESULTS_OF.items()},
}
HTTP = urllib3.PoolManager(retries=False)


@pytest.fixture(scope="module")
def probes(platform):
    """Two versions of an object in each place, by key the older version's id; gone afterwards."""
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
    """What AWS answered: "passes", or the code of its error."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        # HEAD has no body to say it in, and services differ in the word.
        return "AccessDenied" if code in {"403", "AccessDeniedException"} else code
    if isinstance(answer, dict) and answer.get("Errors"):
        return answer["Errors"][0]["Code"]
    return "passes"


def outcome_of_url(method, url, body=None):
    """What a URL answers, to whoever has it."""
    status = HTTP.request(method, url, body=body).status
    return {200: "passes", 403: "AccessDenied", 404: "NoSuchKey"}.get(status, str(status))


class RoleFunction:
    """A function under a deployed function's role that makes whichever call it is asked for."""

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
    """Names of all secrets in the parameter store."""
    parameters = target.client("ssm").get_paginator("describe_parameters").paginate()
    return [each["Name"] for page in parameters for each in page["Parameters"] if each["Type"] == "SecureString"]
