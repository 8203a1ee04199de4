"""The maintenance job: each published table drops its old snapshots, then files that nothing references are deleted.

Nothing else deletes files of the published tables, and this job deletes nothing outside of their prefix.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import boto3

from processing.publishing.table_folder import S3TableFolder, TableFolder
from processing.refining.arguments import add_flag
from processing.running.job_run import Counts, JobRun, argument_parser, attempt

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job as Glue or a person starts it.

    Args:
        arguments: the command line's, if not given.

    Raises:
        JobFailedError: some tables could not be cleaned; all others were.
        SystemExit: the arguments are wrong; it says how.
    """
    parser = argument_parser("maintenance", __doc__ or "")
    parser.add_argument("--database", required=True, help="Glue database of the published tables")
    add_flag(parser, "--dry-run", "only log what would be removed; remove nothing")
    options, _glue_arguments = parser.parse_known_args(arguments)
    from processing.publishing.catalogue import open_catalogue  # noqa: PLC0415 - wrong arguments are refused quickly

    folder = S3TableFolder(boto3.client("s3"), options.bucket)
    run = JobRun("maintenance", options.run_id, options.workflow_run)
    maintain(open_catalogue(), options.database, folder, run, dry_run=bool(options.dry_run))


def maintain(catalog: "Catalog", database: str, folder: TableFolder, run: JobRun, *, dry_run: bool) -> None:
    """Clean every table of a database. A table that cannot be cleaned stops no other.

    Args:
        catalog: has the tables.
        database: of the catalogue.
        folder: the only place that files are deleted in.
        run: logs a line for each table, and then their sums.
        dry_run: change nothing.

    Raises:
        JobFailedError: some tables could not be cleaned; all others were.
    """
    from processing.publishing.maintenance import clean  # noqa: PLC0415 - as above

    noted = {"dry_run": 1} if dry_run else {}

    def work(name: str) -> Counts:
        return asdict(clean(catalog, database, name, folder, dry_run=dry_run)) | noted

    # Folders first: a table has a folder before the catalogue has the table.
    folders = list(folder.tables())
    tables = sorted(name for _, name in catalog.list_tables(database))
    unknown = [name for name in folders if name not in tables]
    for name in unknown:
        run.log(
            "unknown", folder=f"{folder.address}/{name}/", reason="the catalogue does not have a table of this name"
        )
    results = [attempt(work, name) for name in tables]
    sums = {
        name: sum(int((result.counts or {}).get(name, 0)) for result in results)
        for name in ("snapshots", "metadata_files", "orphans", "bytes")
    }
    if unknown:
        sums["unknown"] = len(unknown)
    run.finish("table", results, **sums, **noted)
