"""The catalogue: what Athena knows of the lake. All of it follows from the declarations; no crawler looks at files.

The published tables are not among its resources: the jobs create and evolve them, and an update by Pulumi would take
their properties away.
"""

from collections.abc import Mapping

import polars as pl
import pulumi
import pulumi_aws as aws

from dataplatform.outputs import mapping_of
from dataplatform.storage.catalogue_types import glue_columns
from dataplatform.storage.data_lake import DataLake
from lake import keys
from processing.catalogue import quarantine_classes, quarantine_columns, report_columns
from processing.declaring.dataset import ColumnClass, Dataset
from processing.declaring.report import Report
from processing.storage.columns import warehouse_columns

LANDING_DATE = "landing_date"
# Partitions are not recorded but computed: every day from here on is looked for.
# docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
FIRST_LANDING_DATE = "2020-01-01"


def files_table(dataset: str) -> str:
    """Name of the table of a dataset's warehouse files."""
    return f"{dataset}_files"


class Catalogue(pulumi.ComponentResource):
    """Per dataset the tables of its warehouse and quarantine files; per report its table."""

    published_tables: pulumi.Output[dict[str, str]]
    """Published table of each dataset, as database.table. It exists as soon as a job has published the dataset."""
    report_tables: pulumi.Output[dict[str, str]]
    """Table of each report, as database.table."""

    def __init__(
        self,
        name: str,
        *,
        lake: DataLake,
        datasets: Mapping[str, Dataset],
        reports: Mapping[str, Report],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the tables of all declarations.

        Args:
            name: what the resources' names begin with.
            lake: the bucket, and the Glue databases that the tables are created in.
            datasets: all datasets that are declared, by name.
            reports: all reports that are declared, by name.
            opts: of the component.
        """
        super().__init__("dataplatform:catalogue:Catalogue", name, None, opts)
        self._name, self._lake, self._datasets, self._reports = name, lake, datasets, reports
        self._child = pulumi.ResourceOptions(parent=self)
        self.published_tables = mapping_of({each.name: self._describe_dataset(each) for each in datasets.values()})
        self.report_tables = mapping_of({report.name: self._describe_report(report) for report in reports.values()})
        self.register_outputs({"publishedTables": self.published_tables, "reportTables": self.report_tables})

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its catalogue."""
        return {"publishedTables": self.published_tables, "reportTables": self.report_tables}

    def _describe_dataset(self, dataset: Dataset) -> pulumi.Output[str]:
        self._table_by_day(
            files_table(dataset.name),
            f"All clean rows of {dataset.name}, with their history; {dataset.name} has the current rows",
            keys.warehouse_prefix(dataset.name),
            warehouse_columns(dataset),
            dataset.classes,
        )
        self._table_by_day(
            f"{dataset.name}_quarantine",
            f"Refused rows of {dataset.name}, with their original text and the broken rules",
            keys.quarantine_prefix(dataset.name),
            quarantine_columns(),
            quarantine_classes(dataset),
        )
        return pulumi.Output.concat(self._lake.warehouse_database, ".", dataset.name)

    def _table_by_day(
        self, table: str, description: str, prefix: str, schema: pl.Schema, classes: Mapping[str, ColumnClass]
    ) -> None:
        location = pulumi.Output.concat("s3://", self._lake.bucket_name, "/", prefix)
        projection = {
            "projection.enabled": "true",
            f"projection.{LANDING_DATE}.type": "date",
            f"projection.{LANDING_DATE}.format": "yyyy-MM-dd",
            f"projection.{LANDING_DATE}.range": f"{FIRST_LANDING_DATE},NOW",
            "storage.location.template": pulumi.Output.concat(location, f"{LANDING_DATE}=${{{LANDING_DATE}}}/"),
        }
        aws.glue.CatalogTable(
            f"{self._name}-{table}",
            name=table,
            database_name=self._lake.warehouse_database,
            description=description,
            table_type="EXTERNAL_TABLE",
            parameters={"EXTERNAL": "TRUE", "classification": "parquet", **projection},
            partition_keys=[{"name": LANDING_DATE, "type": "date"}],
            storage_descriptor=_parquet(schema, location, classes),
            opts=self._child,
        )

    def _describe_report(self, report: Report) -> pulumi.Output[str]:
        database = self._lake.mart_databases[report.team]
        prefix = keys.report_prefix(report.team, report.name, "parquet")
        table = aws.glue.CatalogTable(
            f"{self._name}-{report.team}-{report.name}",
            name=report.name,
            database_name=database,
            description=f"The report {report.name} of the team {report.team}",
            table_type="EXTERNAL_TABLE",
            parameters={"EXTERNAL": "TRUE", "classification": "parquet"},
            storage_descriptor=_parquet(
                report_columns(report, self._datasets, self._reports),
                pulumi.Output.concat("s3://", self._lake.bucket_name, "/", prefix),
                {},
            ),
            opts=self._child,
        )
        return pulumi.Output.concat(database, ".", table.name)


def _parquet(
    schema: pl.Schema, location: pulumi.Output[str], classes: Mapping[str, ColumnClass]
) -> aws.glue.CatalogTableStorageDescriptorArgs:
    return aws.glue.CatalogTableStorageDescriptorArgs(
        columns=glue_columns(schema, classes),
        location=location,
        input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        output_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
            serialization_library="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
        ),
    )
