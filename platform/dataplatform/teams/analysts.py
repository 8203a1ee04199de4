"""The analysts' role, which reads and queries the published tables of the datasets that the stack grants."""

import pulumi

from dataplatform.aws.stack import StackContext
from dataplatform.settings.model import Settings
from dataplatform.storage.data_lake import DataLake
from dataplatform.teams.permissions import ReaderScope, Tag
from dataplatform.teams.reader import RoleTexts, create_role, create_workgroup
from lake import keys


class AnalystAccess(pulumi.ComponentResource):
    """The analysts' limited role, for principals with the tag `analyst`, and their Athena workgroup."""

    role_arn: pulumi.Output[str]
    """ARN of the analysts' role."""
    workgroup: pulumi.Output[str]
    """Name of the analysts' Athena workgroup."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        lake: DataLake,
        settings: Settings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the analysts' role and workgroup.

        Args:
            name: name of the workgroup, and prefix of the resources' names.
            stack: the stack's context with its key.
            lake: the bucket, its key, and the warehouse's database.
            settings: the granted datasets, how much one query may read, how long a session lasts, and how analysts sign
                in.
            opts: options of the component.
        """
        super().__init__("dataplatform:access:AnalystAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        datasets, results = settings.analysts.datasets, keys.query_results_prefix(keys.ANALYSTS)
        workgroup = create_workgroup(
            name,
            description="Queries of the analysts",
            lake=lake,
            results_prefix=results,
            key_arn=lake.key_arn,
            settings=settings,
            opts=child,
        )
        scope = ReaderScope(
            stack=stack,
            bucket_arn=lake.bucket_arn,
            key_arn=lake.key_arn,
            subject="Datasets",
            prefixes=[keys.table_prefix(dataset) for dataset in datasets],
            results_prefix=results,
            database=lake.warehouse_database,
            tables=datasets,
            workgroup_arn=workgroup.arn,
        )
        texts = RoleTexts(
            role="Reads the datasets that are granted to analysts",
            limits="What is denied to the role of the analysts",
            subject="datasets",
        )
        tag = Tag("analyst", "true", "Analysts")
        role = create_role(name, scope=scope, tag=tag, settings=settings, texts=texts, opts=child)
        self.role_arn = role.arn
        self.workgroup = workgroup.name
        self.register_outputs({"roleArn": self.role_arn, "workgroup": self.workgroup})
