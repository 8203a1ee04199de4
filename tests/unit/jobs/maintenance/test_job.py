"""The maintenance job cleans each table separately and leaves other folders alone."""

import json
from pathlib import Path

import pytest

from jobs.maintenance.job import main, maintain
from ops.jobs.log_lines import readable_line
from processing.publishing.merge import merge
from processing.running.job_run import JobFailedError, JobRun
from processing.storage.memory_store import MemoryStore
from tests.support.published import THINGS, assert_equal_to_the_view, land, published_in, things
from tests.support.table_folder import LocalTableFolder


@pytest.fixture
def published(tmp_path):
    """Tables with an orphan each."""
    store, tables = MemoryStore(), published_in(tmp_path, THINGS)
    merge(tables, store, [land(store, THINGS, "a", things(1, 2, 3), deleted=[0])])
    for name in (tables.live, tables.deleted):
        Path(tmp_path, "tables", name, "data", "orphan.parquet").write_bytes(b"12345")
    yield tables
    assert_equal_to_the_view(published_in(tmp_path, THINGS), store)


def lines_of(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def run(published, folder, *, dry_run=False):
    maintain(published.catalog, "lake", folder, JobRun("maintenance", "run-1"), dry_run=dry_run)


def test_a_run_logs_each_table_and_the_sums(published, tmp_path, capsys):
    run(published, LocalTableFolder(tmp_path, days_later=4))
    *tables, finished = lines_of(capsys)
    assert [(each["table"], each["orphans"], each["bytes"]) for each in tables] == [
        ("things", 1, 5),
        ("things_deleted", 1, 5),
    ]
    assert finished | {"orphans": 2, "bytes": 10, "done": 2, "failed": 0} == finished


def test_a_dry_run_says_what_it_would_remove(published, tmp_path, capsys):
    run(published, LocalTableFolder(tmp_path, days_later=4), dry_run=True)
    words = [readable_line(line) for line in capsys.readouterr().out.splitlines()]
    assert words == [
        "things: would remove 1 orphan files, 5 bytes",
        "things_deleted: would remove 1 orphan files, 5 bytes",
        "2 done, 0 failed; would remove 2 orphan files, 10 bytes",
    ]
    assert (tmp_path / "tables" / "things" / "data" / "orphan.parquet").exists()


def test_a_table_that_cannot_be_read_stops_only_itself(published, tmp_path):
    # given a table without its manifests
    folder = LocalTableFolder(tmp_path, days_later=4)
    lost = published.load(published.live).current_snapshot().manifest_list
    kept = Path(lost.removeprefix("file://")).read_bytes()
    folder.lose(lost)
    before = folder.content()

    # when
    with pytest.raises(JobFailedError, match="1 of 2 tables failed, the others succeeded:\n- things: "):
        run(published, folder)

    # then nothing of this table is deleted, and the other one is clean
    gone = before.keys() - folder.content().keys()
    assert [Path(address).parts[-3:] for address in gone] == [("things_deleted", "data", "orphan.parquet")]
    Path(lost.removeprefix("file://")).write_bytes(kept)


def test_a_folder_of_no_table_is_left_alone(published, tmp_path, capsys):
    # given a folder of a table that the catalogue does not have
    folder = LocalTableFolder(tmp_path, days_later=4)
    folder.move("things", "dropped")
    before = {address for address in folder.content() if "/dropped/" in address}

    # when
    run(published, folder)

    # then
    first, *_, finished = lines_of(capsys)
    assert (first["outcome"], first["folder"]) == ("unknown", f"{folder.address}/dropped/")
    assert finished["unknown"] == 1
    assert {address for address in folder.content() if "/dropped/" in address} == before


@pytest.mark.parametrize(
    "words", [["--database", "d"], ["--bucket", "b"], ["--bucket=b", "--database=d", "--dry-run=no"]]
)
def test_wrong_arguments_are_refused(words, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert "usage: python -m jobs.maintenance" in capsys.readouterr().err
