"""Published tables in the emulator's Glue: several processes at once, and lost answers."""

import os
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError
from pyiceberg.catalog.glue import GLUE_MAX_RETRIES, GlueCatalog

from jobs.maintenance.job import main as maintain
from lake.keys import warehouse_prefix
from processing.publishing import maintenance
from processing.publishing.catalogue import open_catalogue, published_tables
from processing.publishing.merge import merge
from processing.storage.folder_store import FolderStore
from tests.support.emulators import REGION
from tests.support.published import THINGS, assert_equal_to_the_view, land, things

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[4]
MODULE = "tests.emulator.processing.publishing.test_glue"
PROCESSES = 4
FILES = 5


def tables(catalogue=None):
    """Return the tables in the emulator's Glue and S3, opened as a job opens them."""
    return published_tables(catalogue or open_catalogue(), "published", "lake", THINGS)


@pytest.fixture(autouse=True)
def _lake(emulated_aws):
    """An empty lake."""
    emulated_aws.client("s3").create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    emulated_aws.client("glue").create_database(DatabaseInput={"Name": "published"})


@pytest.fixture
def store(tmp_path):
    (tmp_path / "lake").mkdir()
    return FolderStore(tmp_path / "lake")


def test_processes_that_merge_at_once_leave_the_view(store, tmp_path):
    # given files with the same keys, some of which delete them
    for number in range(PROCESSES * FILES):
        rows = things(*range(number, number + 8), start=number % 5)
        land(store, THINGS, f"{number:02}", rows, as_of=number * 7 % 11, deleted=[number % 8])

    # when each process merges its share of the files, one by one in random order
    seed = random.SystemRandom().randrange(10**6)
    words = [sys.executable, "-m", MODULE, str(tmp_path / "lake"), str(seed)]
    paths = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    running = [subprocess.Popen([*words, str(number)], cwd=ROOT, env=paths) for number in range(PROCESSES)]
    assert [process.wait() for process in running] == [0] * PROCESSES, f"seed {seed}"

    # then
    assert_equal_to_the_view(tables(), store)


@pytest.mark.parametrize("retries", [0, 3])
def test_an_answer_lost_by_glue_leaves_the_table_whole(store, retries):
    # given a Glue that applies each change of a table and whose first answer to it is lost
    catalogue = open_catalogue()
    assert catalogue.properties[GLUE_MAX_RETRIES] == 0
    catalogue = GlueCatalog("glue", **{**catalogue.properties, GLUE_MAX_RETRIES: retries})
    lost = lose_answers(catalogue.glue)

    # when rows are inserted, added, changed, replaced and deleted
    contents = [things(1, 2, 3, 4, 5), things(6, start=9), things(6), things(7, 8, 9, 10, 11, 12), things(2, start=1)]
    for number, rows in enumerate(contents):
        key = land(store, THINGS, str(number), rows, as_of=number, deleted=[0] if number > 1 else [])
        merge(tables(catalogue), store, [key])

    # then each change counts once, and the tables can be read
    assert len(lost) >= len(contents)
    assert_equal_to_the_view(tables(), store)


def lose_answers(glue):
    """Lose the first answer to each change of a table, after Glue applied it. Return the growing list of requests."""
    session, lost = glue._endpoint.http_session, []
    send = session.send

    def sent(request):
        answer = send(request)
        if request.headers["X-Amz-Target"].endswith(b"UpdateTable") and request.body not in lost:
            lost.append(request.body)
            raise ConnectionClosedError(endpoint_url=request.url)
        return answer

    session.send = sent
    return lost


def test_maintenance_deletes_orphans_and_nothing_else(store, monkeypatch):
    # given tables after some merges, and files of killed merges
    for number in range(4):
        merge(tables(), store, [land(store, THINGS, str(number), things(1, 2, 3), as_of=number, deleted=[0])])
    s3 = boto3.client("s3")
    for key in ("tables/things/data/orphan.parquet", "tables/unknown/data/orphan.parquet", "warehouse/orphan.parquet"):
        s3.put_object(Bucket="lake", Key=key, Body=b"12345")
    before = keys_of(s3)

    # when the maintenance runs now, and a day later
    maintain(["--bucket", "lake", "--database", "published"])
    assert keys_of(s3) == before
    monkeypatch.setattr(maintenance, "MINIMUM_AGE", timedelta(seconds=-5))
    maintain(["--bucket", "lake", "--database", "published"])

    # then
    assert before - keys_of(s3) == {"tables/things/data/orphan.parquet"}
    assert_equal_to_the_view(tables(), store)


def keys_of(s3):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lake")
    return {entry["Key"] for page in pages for entry in page["Contents"]}


if __name__ == "__main__":
    lake, seed, own = sys.argv[1:]
    store = FolderStore(Path(lake))
    files = sorted(store.keys(warehouse_prefix(THINGS.name)))[int(own) :: PROCESSES]
    random.Random(f"{seed} {own}").shuffle(files)  # noqa: S311 - repeatable
    for file in files:
        merge(tables(), store, [file])
