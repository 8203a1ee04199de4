"""The parts of the collector that need no server."""

import subprocess
import sys
from pathlib import Path

import pytest

from functions.sftp_collector.configuration import ConfigurationError, read_event, read_settings
from functions.sftp_collector.transfer import MAXIMUM_PARTS, MEBIBYTE, SMALLEST_PART_BYTES, part_size

REPOSITORY = Path(__file__).parents[2]
TERABYTE = 10**12
EIGHT_MEBIBYTE_PARTS = SMALLEST_PART_BYTES * MAXIMUM_PARTS


@pytest.mark.parametrize(
    "size",
    [SMALLEST_PART_BYTES + 1, SMALLEST_PART_BYTES * MAXIMUM_PARTS, SMALLEST_PART_BYTES * MAXIMUM_PARTS + 1, TERABYTE],
)
def test_the_parts_of_a_file_of_any_size_are_whole_mebibytes_and_within_s3s_limits(size):
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
    settings = read_settings({"LAKE_BUCKET": "b", "LEDGER_TABLE": "t", "PARAMETER_PREFIX": "/p/local", "HOME": "/"})

    # then
    assert (settings.bucket, settings.ledger_table, settings.parameter_prefix) == ("b", "t", "/p/local")


def test_a_missing_setting_is_named():
    with pytest.raises(ConfigurationError, match="the function's environment is wrong: LEDGER_TABLE: Field required"):
        read_settings({"LAKE_BUCKET": "b", "PARAMETER_PREFIX": "/p/local"})


@pytest.mark.parametrize("event", [{}, {"dataset": ""}, {"dataset": 1}, {"dataset": "a", "x": 1}, None, "vehicles"])
def test_an_event_of_another_form_is_refused_with_the_form_it_should_have(event):
    with pytest.raises(ConfigurationError, match=r'has to be \{"dataset": "name"\}'):
        read_event(event)


def test_the_handler_imports_nothing_that_its_layer_lacks():
    # given
    script = (
        "import sys, functions.sftp_collector.handler\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'polars', 'pulumi', 'jobs', 'dataframely', 'local', 'mypy_boto3_s3', 'typer'}))"
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
