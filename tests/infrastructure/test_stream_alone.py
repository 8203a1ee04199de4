"""A platform whose only dataset is the stream's: collector and extraction have nothing to load."""

import narwhals as nw
import pytest

from datasets import DATASETS
from processing.declaring.chart import Chart, Measure, Nominal
from processing.declaring.dataset import StreamSource
from processing.declaring.report import Report
from tests.support.recording import Graph, record


@pytest.fixture
def stream_alone(monkeypatch: pytest.MonkeyPatch) -> Graph:
    """The graph of such a platform. A report reads the stream, because every team needs a report."""
    [(name, stream)] = [each for each in DATASETS.items() if isinstance(each[1].source, StreamSource)]
    key = stream.schema.primary_key()[0]
    report = Report(
        name="counted",
        team="readers",
        inputs=(name,),
        query=lambda inputs: inputs[name].group_by(key).agg(nw.len().cast(nw.Int64).alias("events")),
        key=(key,),
        chart=Chart("bars", x=Nominal((key,)), y=Measure("events", aggregation="count", unit="events")),
    )
    monkeypatch.setattr("dataplatform.declarations.DATASETS", {name: stream})
    monkeypatch.setattr("dataplatform.declarations.REPORTS", {report.name: report})
    return record("dev", teams=[report.team])


def test_every_statement_names_resources_if_nothing_is_loaded(stream_alone: Graph) -> None:
    empty = [
        (where, statement["Sid"])
        for where, statements in stream_alone.policies().items()
        for statement in statements
        if statement.get("Resource") == []
    ]
    assert empty == []
    assert stream_alone.of_type("scheduler/schedule:Schedule") == []
