"""The parts of the collector that need no server."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.environment import InvalidEnvironmentError, read_environment
from functions.sftp_collector.configuration import ConfigurationError, Settings, read_connection, read_event
from functions.sftp_collector.large_file import LargeFile
from functions.sftp_collector.messages import PartRange, PartUploaded
from functions.sftp_collector.transfer import MAXIMUM_PARTS, MEBIBYTE, SMALLEST_PART_BYTES, part_size
from lake import checksum
from lake.ledger.ledger import Claim, FileVersion, Upload
from lake.parameters import Collection, Connection

REPOSITORY = Path(__file__).parents[4]
TERABYTE = 10**12
EIGHT_MEBIBYTE_PARTS = SMALLEST_PART_BYTES * MAXIMUM_PARTS


@pytest.mark.parametrize(
    "size",
    [SMALLEST_PART_BYTES + 1, SMALLEST_PART_BYTES * MAXIMUM_PARTS, SMALLEST_PART_BYTES * MAXIMUM_PARTS + 1, TERABYTE],
)
def test_parts_are_whole_mebibytes_within_s3s_limits(size):
    # when
    part = part_size(size)

    # then
    assert part >= SMALLEST_PART_BYTES
    assert part % MEBIBYTE == 0
    assert -(-size // part) <= MAXIMUM_PARTS


def test_an_ordinary_file_has_parts_of_8_mebibytes():
    assert part_size(1_000 * MEBIBYTE) == 8 * MEBIBYTE


def test_settings_are_read_from_the_environment():
    # when
    settings = read_environment(
        Settings, {"LAKE_BUCKET": "b", "LEDGER_TABLE": "t", "PARAMETER_PREFIX": "/p/local", "HOME": "/"}
    )

    # then
    assert (settings.bucket, settings.ledger_table, settings.parameter_prefix) == ("b", "t", "/p/local")


@pytest.mark.parametrize("event", [{}, {"dataset": ""}, {"dataset": 1}, {"dataset": "a", "x": 1}, None, "parcels"])
def test_malformed_event_is_refused_with_the_right_form(event):
    with pytest.raises(ConfigurationError, match=r'the event is not of the form \{"dataset": "name"\}'):
        read_event(event)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"port": 0}, "`$.port`"),
        ({"port": "22"}, "`$.port`"),
        ({"host": ""}, "`$.host`"),
        ({"host_keys": [1]}, "`$.host_keys[0]`"),
        ({"password": "x"}, "`password`"),
    ],
)
def test_wrong_connection_names_the_parameter_and_the_place(wrong, where):
    # given
    right = {"host": "h", "port": 22, "user": "u", "host_keys": [], "private_key_parameter": "/p/k"}
    client = Mock()
    client.get_parameter.return_value = {"Parameter": {"Value": json.dumps(right | wrong)}}

    # then
    with pytest.raises(ConfigurationError, match=re.escape(where)) as refused:
        read_connection(client, "/p", "carrier")
    assert str(refused.value).startswith("SSM parameter /p/connections/carrier is invalid: ")


def test_a_connection_is_read_as_it_was_written():
    # given
    written = Connection(host="h", port=22, user="u", host_keys=("ssh-rsa A",), private_key_parameter="/p/k")

    # then
    assert Connection.from_json(written.to_json()) == written


def test_what_could_not_be_read_again_is_not_written():
    collection = Collection(dataset="d", connection="c", directory="in", pattern="*", quiet_seconds=-5)
    with pytest.raises(msgspec.ValidationError, match=re.escape("`$.quiet_seconds`")):
        collection.to_json()


def test_handler_imports_only_its_layer_and_nothing_slow():
    # given
    script = (
        "import sys, functions.sftp_collector.handler\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'polars', 'pulumi', 'jobs', 'dataframely', 'local', 'mypy_boto3_s3', 'pydantic', 'typer'}))"
    )

    # when
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{REPOSITORY / 'platform'}:{REPOSITORY}"},
    )

    # then
    assert result.stdout == "[]\n"


VERSION = FileVersion("parcels", "carrier", "in/large.csv", 100 * MEBIBYTE, 1)


def large_file(standing: list[int]) -> LargeFile:
    """A file of 13 parts, of which some are stored."""
    claim = Claim(VERSION, "inbound/parcels/2026/11/22/large.csv", "token", datetime(2026, 11, 22, tzinfo=UTC))
    parts = [PartUploaded(number, "etag", b"") for number in standing]
    return LargeFile(None, None, claim, Upload("upload", 8 * MEBIBYTE), parts)  # pyright: ignore[reportArgumentType]


@given(st.sets(st.integers(1, 13)), st.integers(1, 4))
def test_assigned_ranges_are_each_missing_part_once(standing, workers):
    # given
    file = large_file(sorted(standing))
    given_out: list[int] = []

    # when
    while file.has_range:
        parts = file.next_range(workers).parts
        given_out += range(parts.first, parts.last + 1)

    # then
    assert given_out == [number for number in range(1, 14) if number not in standing]
    assert file.is_whole == (len(standing) == 13)


def test_rest_of_an_unfinished_range_is_assigned_again():
    # given
    file = large_file([])
    parts = file.next_range(1).parts
    file.add(PartUploaded(parts.first, "etag", b""))

    # when
    file.take_back(parts)

    # then
    assert parts == PartRange(1, 7)
    assert file.next_range(1).parts.first == 2


def test_a_checksum_of_parts_is_what_anyone_can_recompute():
    # given
    content = bytes(range(256)) * 10
    parts = [content[start : start + 1000] for start in range(0, len(content), 1000)]
    digests = [hashlib.sha256(part).digest() for part in parts]

    # when
    text = checksum.of_parts(digests, 1000)

    # then
    assert text == f"sha256-of-1000-byte-parts:{hashlib.sha256(b''.join(digests)).hexdigest()}"
    algorithm, _, value = text.partition(":")
    assert algorithm == "sha256-of-1000-byte-parts"
    assert base64.b64encode(bytes.fromhex(value)).decode() + "-3" == checksum.composite_for_s3(digests)
    assert [checksum.from_s3(checksum.as_s3(digest)) for digest in digests] == digests


def test_workers_are_two_unless_the_environment_says_otherwise():
    # given
    environment = {"LAKE_BUCKET": "b", "LEDGER_TABLE": "t", "PARAMETER_PREFIX": "/p/local"}

    # then
    assert read_environment(Settings, environment).workers == 2
    assert read_environment(Settings, {**environment, "COLLECTOR_WORKERS": "4"}).workers == 4
    with pytest.raises(InvalidEnvironmentError, match="COLLECTOR_WORKERS"):
        read_environment(Settings, {**environment, "COLLECTOR_WORKERS": "0"})
