"""What is recorded of objects, and that their status only goes forward."""

import io
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from functions.object_index.recorder import Recorder, column_names
from lake.keys import InvalidKeyError, inbound_object, parse_warehouse_key


class MemoryObjects:
    """S3's answers in memory."""

    def __init__(self):
        self.body, self.metadata = b"", {}

    def head_object(self, **_):
        return {"Metadata": self.metadata, "ChecksumSHA256": "abc="}

    def get_object(self, *, Range, **_):  # noqa: N803 - boto3's name
        assert self.body, "S3 has no range of an empty object"
        return {"Body": io.BytesIO(self.body[: int(Range.rpartition("-")[2]) + 1])}


class RecordingTable:
    """Keeps what it was given."""

    def __init__(self):
        self.arrivals, self.processed = [], []

    def record_arrival(self, arrival):
        self.arrivals.append(arrival)
        return True

    def record_processed(self, *values):
        self.processed.append(values)
        return True


@pytest.fixture
def objects():
    return MemoryObjects()


@pytest.fixture
def table():
    return RecordingTable()


@pytest.fixture
def record(objects, table):
    def send(key, size=10):
        created = {"key": key, "size": size, "etag": "e", "sequencer": "0A"}
        detail = {"bucket": {"name": "lake"}, "object": created}
        return Recorder(objects, table).record({"time": "2026-11-23T09:00:00Z", "detail": detail})

    return send


def test_an_arrival_is_recorded_with_what_is_cheap_to_know(record, objects, table):
    # given
    objects.metadata = {"rows": "17"}

    # when
    outcome = record("inbound/readings/2026/11/23/a.ndjson.gz")

    # then
    (arrival,) = table.arrivals
    assert (outcome, arrival.rows, arrival.columns, arrival.checksum) == ("recorded", 17, None, "abc=")
    assert (arrival.dataset, arrival.bytes, arrival.sequencer) == ("readings", 10, "0A")
    assert arrival.arrived_at == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_csv_says_its_columns(record, objects, table):
    # given
    objects.body = b'\xef\xbb\xbfid,"a, b",c\r\n1,2,3\r\n'

    # when
    record("inbound/parcels/2026/11/23/v.csv")

    # then
    assert table.arrivals[0].columns == ("id", "a, b", "c")


def test_an_empty_csv_has_no_columns(record, table):
    # when
    record("inbound/parcels/2026/11/23/v.csv", size=0)

    # then
    assert table.arrivals[0].columns is None


@pytest.mark.parametrize(
    ("start", "names"),
    [(b"a;b\n", ("a", "b")), (b"a\tb\n", ("a", "b")), (b"a\n", ("a",)), (b"a,b", None), (b"", None), (b"\n", None),
     (b"\xff,b\n", None), (b"a,b\r1,2\r\n", None)],
)  # fmt: skip
def test_columns_are_those_of_the_first_whole_line(start, names):
    assert column_names(start) == names


def test_a_warehouse_file_makes_its_inbound_object_processed(record, objects, table):
    # given
    objects.metadata = {
        "rows-in": "5",
        "rows-warehouse": "3",
        "rows-quarantined": "1",
        "rows-duplicate": "1",
        "run": "x",
    }

    # when
    record("warehouse/parcels/landing_date=2026-11-23/v.csv.parquet")

    # then
    ((key, _, sequencer, rows),) = table.processed
    assert (key, sequencer) == ("inbound/parcels/2026/11/23/v.csv", "0A")
    assert rows == {"in": 5, "warehouse": 3, "quarantined": 1, "duplicate": 1}


def test_a_quarantine_file_is_told_with_its_warehouse_file(record, table):
    # when
    outcome = record("quarantine/parcels/landing_date=2026-11-23/v.csv.parquet")

    # then
    assert (outcome, table.arrivals, table.processed) == ("told with its warehouse file", [], [])


def test_what_is_no_object_of_the_lake_is_left_alone(record, table):
    assert record("inbound/readme.txt") == "no object of the lake"
    assert table.arrivals == []


@pytest.mark.parametrize("name", ["v.csv", "Fahrzeuge 1.csv", "a.parquet"])
def test_a_warehouse_key_reads_back_as_its_inbound_object(name):
    # given
    inbound = inbound_object("parcels", datetime(2026, 11, 23, tzinfo=UTC).date(), name)

    # then
    assert parse_warehouse_key(inbound.warehouse_key) == inbound


@pytest.mark.parametrize("key", ["warehouse/v/2026/a.parquet", "warehouse/v/landing_date=2026-13-01/a.csv.parquet",
                                 "inbound/v/2026/11/23/a.csv"])  # fmt: skip
def test_what_is_no_warehouse_key_is_refused(key):
    with pytest.raises(InvalidKeyError):
        parse_warehouse_key(key)


# What S3 refuses


@pytest.fixture
def s3():
    """S3's client with answers that a test puts in."""
    client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    with Stubber(client) as stubber:
        yield client, stubber


def arrival(key="inbound/vehicles/2026/11/23/v.csv"):
    created = {"key": key, "size": 10, "etag": "e", "sequencer": "0A"}
    return {"time": "2026-11-23T09:00:00Z", "detail": {"bucket": {"name": "lake"}, "object": created}}


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [("head_object", 404, "404"), ("head_object", 412, "412"), ("get_object", 404, "NoSuchKey")],
)
def test_object_that_was_deleted_or_replaced_is_overtaken(s3, table, operation, status, code):
    # given an object that was there at most for the first of the two requests
    client, stubber = s3
    if operation == "get_object":
        stubber.add_response("head_object", {"Metadata": {}})
    stubber.add_client_error(operation, service_error_code=code, http_status_code=status)

    # when
    outcome = Recorder(client, table).record(arrival())

    # then
    assert (outcome, table.arrivals) == ("overtaken", [])


def test_object_that_may_not_be_read_is_an_error(s3, table):
    # given a role that S3 reports missing objects: 403 is a permission that is missing
    client, stubber = s3
    stubber.add_client_error("head_object", service_error_code="403", http_status_code=403)

    # then
    with pytest.raises(ClientError, match="403"):
        Recorder(client, table).record(arrival())
