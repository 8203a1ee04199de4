"""The jobs' S3 requests against botocore's own model of the service, and the arguments that start a job."""

import io
import json
from collections.abc import Callable

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from jobs.mart import job as mart
from jobs.warehouse import job as warehouse
from processing.storage.memory_store import MemoryStore
from processing.storage.store import S3Store
from reports import REPORTS
from tests.support.published_lake import DATABASE, PublishedLake


@pytest.fixture
def s3():
    client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def test_a_listing_goes_on_to_its_last_page(s3):
    # given
    client, stubber = s3
    first = {"IsTruncated": True, "NextContinuationToken": "more", "Contents": [{"Key": "inbound/a"}]}
    stubber.add_response("list_objects_v2", first, {"Bucket": "lake", "Prefix": "inbound/"})
    stubber.add_response(
        "list_objects_v2",
        {"IsTruncated": False, "Contents": [{"Key": "inbound/b"}]},
        {"Bucket": "lake", "Prefix": "inbound/", "ContinuationToken": "more"},
    )

    # then
    assert list(S3Store(client, "lake").keys("inbound/")) == ["inbound/a", "inbound/b"]


def test_an_object_is_read_whole(s3):
    # given
    client, stubber = s3
    stubber.add_response(
        "get_object", {"Body": StreamingBody(io.BytesIO(b"content"), 7)}, {"Bucket": "lake", "Key": "a"}
    )

    # then
    assert S3Store(client, "lake").read("a") == b"content"


def test_an_object_is_put_in_one_request_with_its_metadata(s3):
    # given
    client, stubber = s3
    expected = {"Bucket": "lake", "Key": "a", "Body": b"x", "ContentType": "text/csv", "Metadata": {"rows": "1"}}
    stubber.add_response("put_object", {}, expected)

    # when, then: the stub refuses any other request
    S3Store(client, "lake").write("a", b"x", "text/csv", {"rows": "1"})


@pytest.fixture
def deployed(s3, monkeypatch):
    """Lets jobs find the stubbed client, only if they request it as the platform does."""
    client, stubber = s3
    services: dict[str, object] = {"s3": client}
    monkeypatch.setattr(boto3, "client", services.__getitem__)
    return stubber


GLUE_ARGUMENTS = ["--JOB_ID", "j_1", "--job-language", "python", "--data", "x", "--TempDir", "s3://lake/tmp", "true"]


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_warehouse_job_ignores_glues_arguments_but_its_run_id(deployed, capsys):
    # given an empty lake
    for prefix in ("warehouse/parcels/", "inbound/parcels/"):
        deployed.add_response("list_objects_v2", {"IsTruncated": False}, {"Bucket": "lake", "Prefix": prefix})

    # when
    warehouse.main([*GLUE_ARGUMENTS, "--bucket", "lake", "--dataset", "parcels", "--JOB_RUN_ID", "jr_7"])

    # then
    assert last_line(capsys) == {"job": "warehouse", "run": "jr_7", "outcome": "finished", "done": 0, "failed": 0}


REPORT = REPORTS["members_by_parcel_count"]
MART_ARGUMENTS = ["--bucket", "lake", "--database", DATABASE, "--report", REPORT.name]


@pytest.fixture
def nothing_published(deployed, monkeypatch, tmp_path):
    """There is neither a table nor a file of the report."""
    empty = PublishedLake(tmp_path, MemoryStore())
    monkeypatch.setattr(mart, "open_catalogue", lambda: empty.catalog)
    for _ in ("is it written", "what was it made of"):
        deployed.add_response("list_objects_v2", {"IsTruncated": False})


@pytest.mark.usefixtures("nothing_published")
def test_mart_job_ignores_glues_arguments_and_makes_a_run_id(deployed, capsys):
    # given
    for _ in ("parquet", "csv"):
        deployed.add_response("put_object", {})

    # when
    mart.main([*GLUE_ARGUMENTS, *MART_ARGUMENTS])

    # then
    line = last_line(capsys)
    assert line["done"] == 1
    assert len(str(line["run"])) == 36


@pytest.mark.usefixtures("nothing_published")
@pytest.mark.parametrize("keyed", [True, False])
def test_mart_job_encrypts_a_report_with_its_teams_key(deployed, keyed):
    # given a key of the report's team, or of another team only
    told = json.dumps({REPORT.team if keyed else f"{REPORT.team}_x": "arn:aws:kms:eu-west-1:123456789012:key/1"})
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1"}
    for _ in ("parquet", "csv"):
        put = dict.fromkeys(("Bucket", "Key", "Body", "ContentType", "Metadata"), ANY)
        deployed.add_response("put_object", {}, put | (encryption if keyed else {}))

    # when, then: the stub refuses any other request
    mart.main([*MART_ARGUMENTS, "--team-keys", told])


@pytest.mark.parametrize(
    ("main", "arguments", "message"),
    [
        (warehouse.main, [], "the following arguments are required: --bucket"),
        (
            warehouse.main,
            ["--bucket", "lake", "--dataset", "cars"],
            "invalid choice: 'cars' (choose from 'members', 'parcels', 'readings'",
        ),
        (
            mart.main,
            ["--bucket", "lake", "--team-keys", "{"],
            "argument --team-keys: '{' is not a JSON object of teams",
        ),
        (mart.main, ["--bucket", "lake", "--report", "cars"], "invalid choice: 'cars' (choose from 'members_by_"),
    ],
)
def test_wrong_arguments_are_refused_with_what_is_expected(
    main: Callable[[list[str]], None], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    # when
    with pytest.raises(SystemExit):
        main(arguments)

    # then
    assert message in capsys.readouterr().err
