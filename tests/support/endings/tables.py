"""Every way in which a run on the published tables can end, one after another on a whole platform."""

import sys

from pyiceberg.catalog.glue import GlueCatalog

from lake.keys import DELETED_TABLE, table_prefix
from ops.jobs.role_process import assume, environment_of, execute
from tests.support.call_sites import ROOT
from tests.support.endings.jobs import HEADER, PARCELS, put, run

AGELESS = """
import sys
from datetime import timedelta
from jobs.maintenance.job import main
from processing.publishing import maintenance
maintenance.MINIMUM_AGE = timedelta(0)
main(sys.argv[1:])
"""
"""The maintenance job on a day on which every file is old enough, because files cannot be aged here."""


def end_tables(target, folder):
    """Run them all, on tables that are already published."""
    run(target, "publishJob", {"--reconcile": "true"})
    merge_into_tables_that_were_dropped(target)
    put(target, {"at-night.csv": f"{HEADER}7,Leeds,Small,AB77CDE\n".encode()})
    run(target, "warehouseJob", {"--all-days": "true"})
    run(target, "maintenanceJob")
    drop_snapshots_and_delete_files(target, folder)


def merge_into_tables_that_were_dropped(target):
    """The first job to merge creates the tables."""
    put(target, {"dropped.csv": f"{HEADER}8,Leeds,Small,AB78CDE\n".encode()})
    for job, arguments in (
        ("sanitiseJob", {"--object": f"{PARCELS}/dropped.csv"}),
        ("publishJob", {"--dataset": "parcels", "--rebuild": "true"}),
    ):
        drop_tables(target)
        run(target, job, arguments)
        database, table = target.exports["publishedTables"]["parcels"].split(".")
        labels = catalogue(target).load_table((database, table)).scan().to_arrow()["label"].to_pylist()
        assert "AB78CDE" in labels, job


def drop_tables(target):
    database, table = target.exports["publishedTables"]["parcels"].split(".")
    for name in (table, f"{table}{DELETED_TABLE}"):
        target.client("glue").delete_table(DatabaseName=database, Name=name)


def drop_snapshots_and_delete_files(target, folder):
    # given a table that keeps one snapshot, and a file outside it
    database, table = target.exports["publishedTables"]["parcels"].split(".")
    keep_one_snapshot(target, database, table)
    orphan = f"{table_prefix(table)}data/orphan.parquet"
    s3 = target.client("s3")
    s3.put_object(Bucket=target.bucket, Key=orphan, Body=b"of a merge that was killed")

    # when the job runs under its role
    role = target.client("glue").get_job(JobName=target.exports["maintenanceJob"])["Job"]["Role"]
    environment = environment_of(target, assume(target, role, "endings"), str(ROOT))
    words = ["--bucket", target.bucket, "--database", database]
    execute("maintenance", [sys.executable, "-c", AGELESS, *words], environment, folder, lambda _: None)

    # then both are gone
    assert "Contents" not in s3.list_objects_v2(Bucket=target.bucket, Prefix=orphan)
    assert len(catalogue(target).load_table((database, table)).snapshots()) == 1


def keep_one_snapshot(target, database, table):
    with catalogue(target).load_table((database, table)).transaction() as transaction:
        transaction.set_properties(
            {"history.expire.max-snapshot-age-ms": "0", "history.expire.min-snapshots-to-keep": "1"}
        )


def catalogue(target):
    """The catalogue as the operator, to whom no policy applies."""
    credentials = target.session.get_credentials()
    return GlueCatalog(
        "operator",
        target.client("glue"),
        **{
            "s3.endpoint": target.endpoint,
            "s3.region": target.session.region_name,
            "s3.access-key-id": credentials.access_key,
            "s3.secret-access-key": credentials.secret_key,
        },
    )
