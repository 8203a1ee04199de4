"""Which jobs may let Spark do their work, and what they are given for it."""

from dataplatform.settings.model import JobSettings
from tests.infrastructure.test_published_tables import JOBS, MERGING, job_of
from tests.support.recording import Graph

GIGABYTE = 1_000_000_000
LIMITS = {
    **dict.fromkeys(MERGING, JobSettings().spark_merge_above_gigabytes),
    "mart": JobSettings().spark_report_above_gigabytes,
}


def test_merges_and_reports_have_the_limits_of_the_settings(graph: Graph) -> None:
    for job in JOBS:
        arguments = job_of(graph, job)["defaultArguments"]
        limit = LIMITS.get(job)
        assert arguments.get("--spark-above-bytes") == (str(limit * GIGABYTE) if limit else None), job
        assert arguments.get("--datalake-formats") == ("iceberg" if limit else None), job
        assert ("--conf" in arguments) == (limit is not None), job


def test_glue_adds_workers_up_to_the_number_of_the_settings(graph: Graph) -> None:
    for job in JOBS:
        assert job_of(graph, job)["defaultArguments"]["--enable-auto-scaling"] == "true"
        assert job_of(graph, job)["numberOfWorkers"] == JobSettings().number_of_workers
