"""Published tables in the emulator's Glue: several processes at once, and answers that are lost."""

import os
import subprocess
import sys
from pathlib import Path

import boto3
import polars as pl
import pytest
from pyiceberg.catalog.glue import GlueCatalog

from lake.keys import warehouse_prefix
from processing.publishing.merge import merge
from processing.publishing.tables import Published
from processing.storage.folder_store import FolderStore
from tests.support.emulators import REGION, running_emulator
from tests.support.published import THINGS, expected, land, things

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[4]
MODULE = "tests.emulator.processing.publishing.test_glue"
PROCESSES = 3
FILES = 5


def published_at(endpoint: str) -> Published:
    """The tables in the emulator's Glue and S3."""
    credentials = {"access-key-id": "test", "secret-access-key": "test", "region": REGION, "endpoint": endpoint}
    properties = {f"{service}.{name}": value for service in ("glue", "s3") for name, value in credentials.items()}
    return Published(GlueCatalog("emulator", **properties), "lake", "s3://lake/tables", THINGS)


@pytest.fixture
def endpoint(tmp_path):
    """An emulator with an empty lake."""
    with running_emulator(tmp_path / "emulator") as emulator:
        s3 = boto3.client(
            "s3", REGION, endpoint_url=emulator.endpoint, aws_access_key_id="test", aws_secret_access_key="test"
        )
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        published_at(emulator.endpoint).catalog.create_namespace("lake", {"location": "s3://lake/tables"})
        yield emulator.endpoint


@pytest.fixture
def store(tmp_path):
    (tmp_path / "lake").mkdir()
    return FolderStore(tmp_path / "lake")


def assert_equal_to_the_view(published, store):
    for deleted in (False, True):
        table = published.load(published.deleted if deleted else published.live)
        rows = pl.DataFrame(pl.from_arrow(table.scan().to_arrow())).sort("number")
        wanted = expected(store, THINGS, deleted=deleted)
        assert rows.select("number", "value", "_object").equals(wanted.select("number", "value", "_object"))


def test_processes_that_merge_at_once_leave_the_view(endpoint, store, tmp_path):
    # given files with the same keys, some of which delete them
    for number in range(PROCESSES * FILES):
        rows = things(*range(number, number + 8), start=number % 5)
        land(store, THINGS, f"{number:02}", rows, as_of=number * 7 % 11, deleted=[number % 8])

    # when each process merges its files, one by one
    words = [sys.executable, "-m", MODULE, endpoint, str(tmp_path / "lake")]
    paths = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    running = [subprocess.Popen([*words, str(number)], cwd=ROOT, env=paths) for number in range(PROCESSES)]
    assert [process.wait() for process in running] == [0] * PROCESSES

    # then
    assert_equal_to_the_view(published_at(endpoint), store)


def test_an_answer_lost_by_glue_leaves_the_table_whole(endpoint, store):
    # given a Glue of which each answer to a change of a table is lost, so that the client repeats the request
    published = published_at(endpoint)
    update = published.catalog.glue.update_table
    repeated = []

    def update_twice(**request):
        update(**request)
        repeated.append(request["TableInput"]["Name"])
        return update(**request)

    published.catalog.glue.update_table = update_twice

    # when rows are inserted, changed and replaced
    for number, rows in enumerate((things(1, 2, 3, 4, 5), things(6), things(7, 8, 9, 10, 11))):
        merge(published, store, [land(store, THINGS, str(number), rows, as_of=number, deleted=[0])])

    # then each change counts once, and the tables can be read
    assert len(repeated) > 3
    assert_equal_to_the_view(published_at(endpoint), store)


if __name__ == "__main__":
    address, lake, own = sys.argv[1:]
    files = sorted(FolderStore(Path(lake)).keys(warehouse_prefix(THINGS.name)))
    for file in files[int(own) :: PROCESSES]:
        merge(published_at(address), FolderStore(Path(lake)), [file])
