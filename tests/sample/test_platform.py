"""A file of the sample on the whole platform."""

import pytest

from datasets import DATASETS
from ops.ingest.collect import collect
from ops.stack.row_accounts import landed_objects, row_account
from sample.vehicles import write_vehicles
from tests.support.platform_steps import deliver, refine

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]


@pytest.fixture
def outgoing(platform):
    """The stand-in server's directory from which the dataset is collected."""
    folder = platform.source.root / DATASETS["vehicles"].source.directory
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_files_become_reports_and_every_row_is_accounted_for(target, outgoing):
    # given a file of vehicles, some of them dirty, on the SFTP server
    sample = write_vehicles(outgoing / "sample.csv", rows=2_000)
    deliver(outgoing / "sample.csv", (outgoing / "sample.csv").read_bytes())

    # when it is collected and the workflow's jobs run
    [landed] = collect(target, "vehicles")["collected"]
    jobs = refine(target)

    # then the object is the file, and the accounting matches the sample's own counts
    body = target.client("s3").get_object(Bucket=target.bucket, Key=landed["key"])["Body"].read()
    assert body == (outgoing / "sample.csv").read_bytes()
    assert jobs == [target.exports["warehouseJob"], target.exports["martJob"]]
    [inbound] = [each.inbound for each in landed_objects(target, "vehicles") if each.inbound.key == landed["key"]]
    account = row_account(target, inbound)
    assert account.balances
    assert (account.rows_in, account.warehouse, account.quarantined, account.duplicate) == (
        sample.rows,
        sample.warehouse,
        sample.quarantined,
        sample.duplicates,
    )
