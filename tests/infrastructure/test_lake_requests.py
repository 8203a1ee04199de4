"""The rights of functions, jobs and tasks fit the requests that their code sends to S3."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infrastructure.test_service_permissions import Judge
from tests.support.recording import Graph

ROOT = Path(__file__).resolve().parents[2]
CODE = ("functions", "jobs", "lake", "processing")
ABSENT = re.compile(r"\"404\"|NoSuchKey")
IN_PARTS = re.compile(r"\bupload_file(obj)?\(|\.upload\(|create_multipart_upload\(")

# Modules that treat a missing object as a normal result, with their role.
EXPECTS_ABSENCE = {"lake/object_index/lake_state.py": "attributes-recorder-role"}
# Modules that upload objects in parts, with their roles.
WRITES_IN_PARTS = {
    "functions/sftp_collector/large_file.py": ("collector-sftp-role",),
    "jobs/extract_from_sql/landing.py": ("extraction-task-role",),
    "processing/storage/store.py": ("jobs-warehouse-role", "jobs-sanitise-role"),
}
# Roles that upload whole objects only: a batch of events, reports, and a table's metadata, which fit into memory.
WRITES_WHOLE = {"stream-batcher-role", "jobs-mart-role", "jobs-maintenance-role"}


def modules_with(pattern: re.Pattern[str]) -> set[str]:
    return {
        str(file.relative_to(ROOT))
        for folder in CODE
        for file in (ROOT / folder).rglob("*.py")
        if pattern.search(file.read_text())
    }


@pytest.fixture
def judge(graph: Graph) -> Judge:
    return Judge(graph)


def role_arn(judge: Judge, role: str) -> str:
    return f"${{data-platform-{judge.graph.stack}-{role}.arn}}"


def bucket_of(judge: Judge) -> str:
    return f"${{{judge.graph.only('s3/bucket:Bucket', '-bucket').name}.arn}}"


def put_statements(judge: Judge) -> Iterator[tuple[str, set[str], list[str]]]:
    """Return role, actions and resources of every statement that lets a function, job or task put objects."""
    for policy in judge.graph.of_type("iam/rolePolicy:RolePolicy"):
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            if "s3:PutObject" in statement["Action"]:
                role = policy.inputs["role"].removeprefix("${").removesuffix(".name}")
                name = role.removeprefix(f"data-platform-{judge.graph.stack}-")
                yield name, set(statement["Action"]), statement["Resource"]


def test_every_module_that_expects_a_missing_object_is_listed() -> None:
    assert modules_with(ABSENT) == set(EXPECTS_ABSENCE)


@pytest.mark.parametrize("role", EXPECTS_ABSENCE.values())
def test_role_is_answered_404_for_a_missing_object(judge: Judge, role: str) -> None:
    # given that S3 answers 403 to whoever may not list the bucket: AmazonS3/latest/API/API_HeadObject.html
    # then the role may, by a request that names no prefix
    assert judge.role_may(role_arn(judge, role), "s3:ListBucket", bucket_of(judge))


def test_every_module_that_writes_in_parts_is_listed() -> None:
    assert modules_with(IN_PARTS) == set(WRITES_IN_PARTS)


def test_whoever_writes_in_parts_may_abort_an_upload(judge: Judge) -> None:
    # given every role that puts objects
    statements = [*put_statements(judge)]
    assert {role for roles in WRITES_IN_PARTS.values() for role in roles} <= {role for role, _, _ in statements}

    # then it may abort its uploads, or uploads whole objects only
    missing = {role for role, actions, _ in statements if "s3:AbortMultipartUpload" not in actions}
    assert missing == WRITES_WHOLE
