"""A run's counts become metrics, and refused metrics do not change the run's result."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from datasets import DATASETS
from jobs.warehouse.job import refine
from lake.object_metadata import CORRELATION_ID
from processing.running.job_run import JobFailedError
from processing.running.run_metrics import RunMetrics
from processing.storage.memory_store import MemoryStore, StoredObject
from reports import REPORTS
from tests.support.published_lake import PublishedLake

HEADER = "member_id,town,size,label"
LANDED = datetime(2026, 11, 22, tzinfo=UTC)
CLEAN, REFUSED = "1,Leeds,Small,AB12CDE", "x,Leeds,Small,AB13CDE"


class CloudWatch:
    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses, self.published = refuses, dict[tuple[str, str], float]()

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutMetricData")
        assert Namespace == "a-stack"
        for datum in MetricData:
            [dimension] = datum["Dimensions"]
            key = (f"{dimension['Name']}={dimension['Value']}", datum["MetricName"])
            assert key not in self.published
            self.published[key] = datum["Value"]


def a_lake(*files: list[str]) -> MemoryStore:
    store = MemoryStore()
    for number, rows in enumerate(files):
        text = "\n".join([HEADER, *rows]).encode()
        store.objects[f"inbound/parcels/2026/11/22/{number}.csv"] = StoredObject(text, landed_at=LANDED)
    return store


def run(store: MemoryStore, cloudwatch: CloudWatch) -> None:
    refine(store, {"parcels": DATASETS["parcels"]}, "a-run", metrics=RunMetrics(cloudwatch, "a-stack"))


def test_rows_of_all_objects_are_summed_up_by_dataset() -> None:
    cloudwatch = CloudWatch()
    run(a_lake([CLEAN, CLEAN, REFUSED], [REFUSED]), cloudwatch)
    assert cloudwatch.published == {
        ("dataset=parcels", "RowsIn"): 4,
        ("dataset=parcels", "RowsQuarantined"): 2,
        ("dataset=parcels", "RowsDuplicate"): 1,
    }


def test_a_clean_run_says_that_nothing_was_refused() -> None:
    cloudwatch = CloudWatch()
    run(a_lake([CLEAN]), cloudwatch)
    assert cloudwatch.published["dataset=parcels", "RowsQuarantined"] == 0


def test_an_object_that_cannot_be_read_counts_as_a_refused_row() -> None:
    cloudwatch = CloudWatch()
    store = a_lake()
    store.objects["inbound/parcels/2026/11/22/broken.csv"] = StoredObject(b"\xff\xfe\x00", landed_at=LANDED)
    run(store, cloudwatch)
    assert cloudwatch.published["dataset=parcels", "RowsIn"] == 1
    assert cloudwatch.published["dataset=parcels", "RowsQuarantined"] == 1


def test_a_run_with_nothing_to_do_publishes_nothing() -> None:
    cloudwatch = CloudWatch()
    run(a_lake(), cloudwatch)
    assert cloudwatch.published == {}


def test_what_was_done_is_published_when_another_object_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    store, cloudwatch = a_lake([CLEAN], [CLEAN]), CloudWatch()
    opened = MemoryStore.open

    def refusing(self: MemoryStore, key: str) -> Any:
        if key.endswith("/0.csv"):
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "later"}}, "GetObject")
        return opened(self, key)

    monkeypatch.setattr(MemoryStore, "open", refusing)
    with pytest.raises(JobFailedError):
        run(store, cloudwatch)
    assert cloudwatch.published["dataset=parcels", "RowsIn"] == 1


def test_refused_metrics_are_logged_and_change_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = a_lake([CLEAN])
    run(store, CloudWatch(refuses=True))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["outcome"] for line in lines] == ["done", "finished", "unmeasured"]
    assert len(list(store.keys("warehouse/"))) == 1


def test_rows_of_each_report_are_published(tmp_path: Path) -> None:
    store, cloudwatch = a_lake([CLEAN]), CloudWatch()
    run(store, cloudwatch)
    report = REPORTS["members_by_parcel_count"]
    lake = PublishedLake(tmp_path, store)
    lake.merge()
    lake.mart({report.name: report}, metrics=RunMetrics(cloudwatch, "a-stack"))
    assert cloudwatch.published[f"report={report.name}", "RowsPublished"] == 1


def test_a_run_that_a_workflow_started_says_so_in_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    store = a_lake([CLEAN])
    refine(store, {"parcels": DATASETS["parcels"]}, "a-run", workflow_run="wr_1")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["workflow_run"] for line in lines} == {"wr_1"}


def test_an_objects_line_has_the_id_of_the_run_that_landed_it(capsys: pytest.CaptureFixture[str]) -> None:
    store = a_lake([CLEAN], [CLEAN])
    key, stored = next(iter(store.objects.items()))
    store.objects[key] = StoredObject(stored.content, metadata={CORRELATION_ID: "a-request"}, landed_at=LANDED)
    run(store, CloudWatch())
    lines = {line.get("object"): line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert [lines[each].get("correlation_id") for each in store.objects if each in lines] == ["a-request", None]
