"""The Glue jobs, what they run, and the workflow that orders them: landed objects, then warehouse, then marts."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from dataplatform.aws import packaging
from dataplatform.aws.alert_rules import alert_on_failed_jobs
from dataplatform.aws.glue_runtime import GLUE_VERSION
from dataplatform.aws.policies import allow, document, trust_service
from dataplatform.aws.stack import StackContext
from dataplatform.processing.permissions import (
    JobScope,
    maintenance_policy,
    mart_policy,
    publish_policy,
    sanitise_policy,
    warehouse_policy,
)
from dataplatform.processing.published_tables import run_nightly
from dataplatform.processing.report_schedules import schedule_reports
from dataplatform.settings.model import JobSettings
from dataplatform.storage.data_lake import DataLake
from dataplatform.watch.object_index import ObjectIndex
from lake import glue_logs, keys
from processing.declaring.report import Report

# Runs may overlap: each object and each report is written whole, and equal whoever writes it; of two merges into one
# table the second starts again.
MAXIMUM_CONCURRENT_RUNS = 5


class TransformJobs(pulumi.ComponentResource):
    """The jobs, and the workflow `refine`, which landed objects start. Only `maintenance` deletes anything."""

    warehouse_job_name: pulumi.Output[str]
    mart_job_name: pulumi.Output[str]
    sanitise_job_name: pulumi.Output[str]
    publish_job_name: pulumi.Output[str]
    maintenance_job_name: pulumi.Output[str]
    workflow_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        lake: DataLake,
        index: ObjectIndex,
        settings: JobSettings,
        teams: Sequence[str],
        reports: Mapping[str, Report],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Upload the jobs' code and wheels, and create the jobs and the workflow.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with key and alarms.
            lake: the bucket that the jobs read and write, the database of the published tables, and the keys of the
                teams' reports.
            index: the object index, which says what was merged.
            settings: workers, time limit, and the batches that start the workflow.
            teams: teams whose reports the mart job may write.
            reports: all reports that are declared, by name. Each with a schedule has a trigger of its own.
            opts: of the component.
        """
        super().__init__("dataplatform:jobs:TransformJobs", name, None, opts)
        self._name, self._stack, self._lake, self._settings = name, stack, lake, settings
        self._child = pulumi.ResourceOptions(parent=self)
        self._log_prefix = f"/{name}"
        # Glue would make them on a job's first run: without the key, and without expiry.
        self._logs = [
            aws.cloudwatch.LogGroup(
                f"{name}-{kind}-logs",
                name=f"{self._log_prefix}/{kind}",
                retention_in_days=stack.log_retention_days,
                kms_key_id=stack.key_arn,
                opts=self._child,
            )
            for kind in glue_logs.GROUPS
        ]
        scope = JobScope(stack=stack, lake=lake, index=index, teams=teams, log_prefix=self._log_prefix)
        code = self._upload("code", "jobs.zip", packaging.job_code())
        wheels = self._upload(
            "wheels", "jobs.gluewheels.zip", packaging.job_wheels(on_this_machine=stack.local.host_packages)
        )
        shared = {"--extra-py-files": code, "--additional-python-modules": wheels}
        reading = {**shared, "--database": lake.warehouse_database}
        merging = {**reading, "--index-table": index.table_name}
        refining = {**merging, **self._spreading()}
        warehouse = self._create_job("warehouse", refining, warehouse_policy(scope))
        sanitise = self._create_job("sanitise", refining, sanitise_policy(scope))
        publish = self._create_job("publish", merging, publish_policy(scope))
        mart = self._create_job("mart", {**reading, **self._team_keys()}, mart_policy(scope))
        maintenance = self._create_job("maintenance", reading, maintenance_policy(scope))
        workflow = self._create_workflow(warehouse, mart)
        self._start_on_landing(workflow)
        run_nightly(name, warehouse, maintenance, parent=self)
        schedule_reports(name, mart, reports, parent=self)
        jobs = (warehouse, sanitise, publish, mart, maintenance)
        alert_on_failed_jobs(name, [job.name for job in jobs], stack, parent=self)
        self.warehouse_job_name, self.sanitise_job_name, self.publish_job_name = (job.name for job in jobs[:3])
        self.mart_job_name, self.maintenance_job_name = mart.name, maintenance.name
        self.workflow_name = workflow.name
        self.register_outputs(
            {
                "warehouseJobName": self.warehouse_job_name,
                "martJobName": self.mart_job_name,
                "sanitiseJobName": self.sanitise_job_name,
                "publishJobName": self.publish_job_name,
                "maintenanceJobName": self.maintenance_job_name,
                "workflowName": self.workflow_name,
            }
        )

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its jobs."""
        return {
            "warehouseJob": self.warehouse_job_name,
            "sanitiseJob": self.sanitise_job_name,
            "publishJob": self.publish_job_name,
            "maintenanceJob": self.maintenance_job_name,
            "martJob": self.mart_job_name,
            "refineWorkflow": self.workflow_name,
        }

    def _upload(self, name: str, file_name: str, content: pulumi.Input[pulumi.Asset]) -> pulumi.Output[str]:
        """Put one file under code/ and return its s3:// address."""
        upload = aws.s3.BucketObjectv2(
            f"{self._name}-{name}",
            bucket=self._lake.bucket_name,
            key=f"{keys.CODE}/{file_name}",
            source=content,
            opts=self._child,
        )
        return pulumi.Output.concat("s3://", upload.bucket, "/", upload.key)

    def _spreading(self) -> dict[str, str]:
        """The jobs' arguments for what is spread over Spark's executors."""
        objects, megabytes = self._settings.spread_objects, self._settings.spread_megabytes
        return {
            **({"--spread-objects": str(objects)} if objects is not None else {}),
            **({"--spread-bytes": str(megabytes * 1_000_000)} if megabytes is not None else {}),
        }

    def _team_keys(self) -> dict[str, pulumi.Input[str]]:
        """The mart job's argument for the keys of the teams' reports."""
        arns = self._lake.team_key_arns
        return {"--team-keys": pulumi.Output.json_dumps(arns)} if arns else {}

    def _create_job(
        self, job: str, arguments: Mapping[str, pulumi.Input[str]], policy: pulumi.Output[str]
    ) -> aws.glue.Job:
        stack, settings = self._stack, self._settings
        role = aws.iam.Role(
            f"{self._name}-{job}-role",
            description=f"The Glue job {job}",
            assume_role_policy=trust_service(
                "glue.amazonaws.com", stack.account_id, also_account=stack.local.trust_account
            ),
            opts=self._child,
        )
        permissions = aws.iam.RolePolicy(
            f"{self._name}-{job}-permissions", role=role.name, policy=policy, opts=self._child
        )
        script = self._upload(f"{job}-script", f"jobs/{job}.py", packaging.job_script(job))
        return aws.glue.Job(
            f"{self._name}-{job}",
            name=f"{self._name}-{job}",
            role_arn=role.arn,
            glue_version=GLUE_VERSION,
            worker_type=settings.worker_type,
            number_of_workers=settings.number_of_workers,
            timeout=settings.timeout_minutes,
            max_retries=0,
            execution_property={"max_concurrent_runs": MAXIMUM_CONCURRENT_RUNS},
            command={"name": "glueetl", "python_version": "3", "script_location": script},
            default_arguments={
                "--bucket": self._lake.bucket_name,
                "--metrics-namespace": stack.metrics_namespace,
                **arguments,
                "--python-modules-installer-option": "--no-index",
                "--job-language": "python",
                glue_logs.PREFIX_ARGUMENT: self._log_prefix,
                "--enable-metrics": "true",
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions, *self._logs]),
        )

    def _create_workflow(self, warehouse: aws.glue.Job, mart: aws.glue.Job) -> aws.glue.Workflow:
        workflow = aws.glue.Workflow(
            f"{self._name}-refine",
            name=f"{self._name}-refine",
            description="Processes landed objects, then computes the reports",
            opts=self._child,
        )
        aws.glue.Trigger(
            f"{self._name}-on-landing",
            name=f"{self._name}-on-landing",
            description="Starts the warehouse job on landed objects, batched by count and time",
            workflow_name=workflow.name,
            type="EVENT",
            event_batching_conditions=[
                {"batch_size": self._settings.batch_size, "batch_window": self._settings.batch_window_seconds}
            ],
            actions=[{"job_name": warehouse.name}],
            opts=self._child,
        )
        aws.glue.Trigger(
            f"{self._name}-on-warehouse",
            name=f"{self._name}-on-warehouse",
            description="Starts the mart job after the warehouse job has succeeded",
            workflow_name=workflow.name,
            type="CONDITIONAL",
            predicate={
                "logical": "ANY",
                "conditions": [{"job_name": warehouse.name, "state": "SUCCEEDED", "logical_operator": "EQUALS"}],
            },
            actions=[{"job_name": mart.name}],
            opts=self._child,
        )
        return workflow

    def _start_on_landing(self, workflow: aws.glue.Workflow) -> None:
        stack = self._stack
        role = aws.iam.Role(
            f"{self._name}-events-role",
            description="Starts the workflow on landed objects",
            assume_role_policy=trust_service("events.amazonaws.com", stack.account_id),
            opts=self._child,
        )
        aws.iam.RolePolicy(
            f"{self._name}-notifies-workflow",
            role=role.name,
            policy=document(allow("NotifyWorkflow", ["glue:NotifyEvent"], [workflow.arn])),
            opts=self._child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-landed",
            description="An object was created under inbound/",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {
                        "bucket": {"name": [self._lake.bucket_name]},
                        "object": {"key": [{"prefix": f"{keys.INBOUND}/"}]},
                    },
                }
            ),
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-landed-starts-workflow",
            rule=rule.name,
            arn=workflow.arn,
            role_arn=role.arn,
            dead_letter_config={"arn": stack.undelivered_queue_arn},
            opts=self._child,
        )
