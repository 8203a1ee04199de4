"""The published tables: who may write, read and delete their files, and what runs at night."""

import json
from typing import Any

import pytest

from dataplatform.processing.published_tables import COMPARED_AT, MAINTAINED_AT
from datasets import DATASETS
from lake.object_index import items
from tests.infrastructure.test_security_controls import listed
from tests.infrastructure.test_service_permissions import ACCOUNT, REGION, Judge
from tests.support.recording import Graph

MERGING = ("warehouse", "sanitise", "publish")
JOBS = (*MERGING, "mart", "maintenance")
CHANGES = ("glue:CreateTable", "glue:UpdateTable")


class Roles:
    """The rights of the jobs' roles in one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self._judge = graph, Judge(graph)
        self.bucket = f"${{{graph.only('s3/bucket:Bucket', '-bucket').name}.arn}}"
        self.database = f"data_platform_{graph.stack}_warehouse"

    def may(self, job: str, action: str, resource: str, **keys: str) -> bool:
        return self._judge.role_may(
            f"${{data-platform-{self.graph.stack}-jobs-{job}-role.arn}}", action, resource, **keys
        )

    def on_object(self, action: str, key: str) -> set[str]:
        """Return the jobs that may do something to an object."""
        return {job for job in JOBS if self.may(job, action, f"{self.bucket}/{key}")}

    def on_table(self, action: str, database: str) -> set[str]:
        """Return the jobs that may do something to a table of a database, for which Glue checks all three ARNs."""
        catalogue = f"arn:aws:glue:{REGION}:{ACCOUNT}"
        arns = (f"{catalogue}:catalog", f"{catalogue}:database/{database}", f"{catalogue}:table/{database}/parcels")
        return {job for job in JOBS if all(self.may(job, action, arn) for arn in arns)}


@pytest.fixture
def roles(graph: Graph) -> Roles:
    return Roles(graph)


def job_of(graph: Graph, job: str) -> dict[str, Any]:
    return graph.only("glue/job:Job", f"-jobs-{job}").inputs


# Rights


def test_every_job_is_judged_here(graph: Graph) -> None:
    assert {each.name for each in graph.of_type("glue/job:Job")} == {
        f"data-platform-{graph.stack}-jobs-{job}" for job in JOBS
    }


def test_only_maintenance_deletes_and_only_files_of_tables(roles: Roles) -> None:
    # given every statement of the program that lets a principal delete objects
    deleting = {
        (where, resource)
        for where, statements in roles.graph.policies().items()
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        if action.startswith("s3:Delete")
        for resource in listed(statement["Resource"])
    }

    # then
    policy = f"data-platform-{roles.graph.stack}-jobs-maintenance-permissions.policy"
    assert deleting == {(policy, f"{roles.bucket}/tables/*")}


def test_merging_jobs_write_table_files_and_maintenance_metadata(roles: Roles) -> None:
    assert roles.on_object("s3:PutObject", "tables/parcels/data/x.parquet") == {*MERGING}
    assert roles.on_object("s3:PutObject", "tables/parcels/metadata/x.metadata.json") == {*MERGING, "maintenance"}
    assert roles.on_object("s3:GetObject", "tables/parcels/data/x.parquet") == {*JOBS}
    for job in JOBS:
        assert roles.may(job, "s3:ListBucket", roles.bucket, **{"s3:prefix": "tables/parcels/data/x.parquet"})


def test_publish_writes_no_history_and_mart_reads_none(roles: Roles) -> None:
    history = "warehouse/parcels/landing_date=2026-11-20/x.parquet"
    assert roles.on_object("s3:GetObject", history) == {*MERGING}
    assert roles.on_object("s3:PutObject", history) == {"warehouse", "sanitise"}


def test_jobs_change_tables_of_the_warehouse_alone(roles: Roles) -> None:
    assert roles.on_table("glue:CreateTable", roles.database) == {*MERGING}
    assert roles.on_table("glue:UpdateTable", roles.database) == {*MERGING, "maintenance"}
    assert roles.on_table("glue:GetTable", roles.database) == {*JOBS}
    for action in (*CHANGES, "glue:GetTable"):
        assert roles.on_table(action, "another_database") == set()
    for action in ("glue:DeleteTable", "glue:UpdateDatabase", "glue:DeleteDatabase"):
        assert roles.on_table(action, roles.database) == set()


def test_merging_jobs_record_in_the_index_what_they_merged(roles: Roles) -> None:
    index = f"${{data-platform-{roles.graph.stack}-attributes-table.arn}}"
    totals = f"${{data-platform-{roles.graph.stack}-attributes-totals.arn}}"
    for action, resource, wanted in (
        ("dynamodb:UpdateItem", index, {*MERGING}),
        ("dynamodb:BatchGetItem", index, {*MERGING}),
        ("dynamodb:Query", f"{index}/index/{items.BY_UNPUBLISHED}", {*MERGING}),
        ("dynamodb:Query", f"{index}/index/{items.BY_ATTENTION}", {"warehouse"}),
        ("dynamodb:Query", f"{index}/index/{items.BY_DAY}", set[str]()),
        ("dynamodb:UpdateItem", totals, set[str]()),
        ("dynamodb:PutItem", index, set[str]()),
        ("dynamodb:DeleteItem", index, set[str]()),
    ):
        assert {job for job in JOBS if roles.may(job, action, resource)} == wanted, action


# The jobs' arguments


def test_jobs_are_told_the_database_and_the_index(graph: Graph) -> None:
    for job in JOBS:
        arguments = job_of(graph, job)["defaultArguments"]
        assert arguments["--database"] == f"data_platform_{graph.stack}_warehouse"
        index = f"${{data-platform-{graph.stack}-attributes-table.name}}"
        assert arguments.get("--index-table") == (index if job in MERGING else None)


def test_lake_is_compared_at_night_and_cleaned_afterwards(graph: Graph) -> None:
    triggers = {each.inputs["name"]: each.inputs for each in graph.of_type("glue/trigger:Trigger")}
    at_night = {
        (trigger["schedule"], json.dumps(trigger["actions"]))
        for trigger in triggers.values()
        if trigger["type"] == "SCHEDULED" and "report" not in trigger["name"]
    }
    warehouse, maintenance = graph.exports["warehouseJob"], graph.exports["maintenanceJob"]
    assert at_night == {
        (COMPARED_AT, json.dumps([{"arguments": {"--all-days": "true"}, "jobName": warehouse}])),
        (MAINTAINED_AT, json.dumps([{"jobName": maintenance}])),
    }


# The catalogue


def test_program_leaves_dataset_names_to_published_tables(graph: Graph) -> None:
    made = {each.inputs["name"]: each.inputs["tableType"] for each in graph.of_type("glue/catalogTable:CatalogTable")}
    assert {f"{name}_files" for name in DATASETS} < set(made)
    assert set(made).isdisjoint({*DATASETS, *(f"{name}_deleted" for name in DATASETS)})
    assert set(made.values()) == {"EXTERNAL_TABLE"}
    database = f"data_platform_{graph.stack}_warehouse"
    assert graph.exports["publishedTables"] == {name: f"{database}.{name}" for name in DATASETS}
