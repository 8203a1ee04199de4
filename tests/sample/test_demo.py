"""The sample provides what the demo needs."""

from typer.testing import CliRunner

from datasets import DATASETS
from local.commands import app
from local.demo.sample import DemoSample, find_sample
from processing.declaring.dataset import SftpSource, SqlSource, StreamSource
from reports import REPORTS
from sample.demo import DEMO


def test_the_demo_finds_the_sample_of_this_checkout():
    sample: DemoSample | None = find_sample()
    assert sample is DEMO


def test_the_datasets_and_the_report_of_the_demo_are_declared():
    assert isinstance(DATASETS[DEMO.file_dataset].source, SftpSource)
    assert isinstance(DATASETS[DEMO.stream_dataset].source, StreamSource)
    table = DATASETS[DEMO.table_dataset].source
    assert isinstance(table, SqlSource)
    assert table.connection == DEMO.database
    assert DEMO.shown_report in REPORTS


def test_the_demo_compares_every_column_that_is_in_a_payload():
    stream = DATASETS[DEMO.stream_dataset].source
    assert isinstance(stream, StreamSource)
    assert set(DEMO.payload_columns) == set(stream.pointers)


def test_demo_refuses_a_wrong_file_before_it_starts(tmp_path):
    # given
    file = tmp_path / "[red]wrong.csv"
    file.write_text("a,b\n1,2\n")
    state = tmp_path / "state"

    # when
    result = CliRunner().invoke(
        app, ["demo", "--vehicles", str(file), "--state-dir", str(state)], env={"COLUMNS": "300"}
    )

    # then
    assert result.exit_code == 1
    assert f"{file} cannot be used as a file of vehicles: header with missing columns" in result.stderr
    assert not state.exists()
