"""The data platform: read the settings, instantiate the components, export what everything outside stands on."""

import sys
from pathlib import Path

# `platform/` is a source root without an __init__.py; Pulumi runs this file with only the program's folder on the path.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "platform")]

import pulumi
import pulumi_aws as aws

from dataplatform.aws import packaging
from dataplatform.aws.function_layer import FunctionLayer
from dataplatform.aws.network import Network
from dataplatform.aws.permissions_boundary import bound_every_role
from dataplatform.aws.python_function import FunctionSettings
from dataplatform.declaration_checks import check_declarations
from dataplatform.declarations import (
    DATASETS,
    REPORTS,
    api_document,
    collected_datasets,
    connections,
    databases,
    event_callbacks,
    event_providers,
    extracted_datasets,
    identity_provider,
    network_args,
    streamed_dataset,
    teams_of_reports,
    watched_datasets,
)
from dataplatform.processing.glue import TransformJobs
from dataplatform.settings.reader import read_settings
from dataplatform.sftp.collector import BatchCollector
from dataplatform.sources.demo_sources import create_demo_sources
from dataplatform.sql.container_image import ContainerImage
from dataplatform.sql.extraction import SqlExtraction
from dataplatform.sql.images import IMAGES
from dataplatform.storage.catalogue import Catalogue
from dataplatform.storage.data_lake import DataLake
from dataplatform.stream.stream import StreamIngest
from dataplatform.teams.access import TeamAccess
from dataplatform.teams.audit import Audit, trail_arn
from dataplatform.watch.dashboard import Dashboard
from dataplatform.watch.freshness import DatasetWatch
from dataplatform.watch.monitoring import Monitoring
from dataplatform.watch.object_index import ObjectAttributes

settings = read_settings()
check_declarations(settings)
name = f"{pulumi.get_project()}-{pulumi.get_stack()}"
account_id = aws.get_caller_identity_output().account_id
region = aws.get_region_output().region
teams = teams_of_reports(settings)
if settings.permissions_boundary:
    bound_every_role(pulumi.Output.concat("arn:aws:iam::", account_id, ":policy/", settings.permissions_boundary))

lake = DataLake(
    name,
    {
        "teams": teams,
        "team_keys": settings.team_keys,
        "account_id": account_id,
        "region": region,
        "protect_data": settings.protect_data,
        "noncurrent_version_days": settings.noncurrent_version_days,
        "trail_arn": trail_arn(f"{name}-audit", region, account_id) if settings.audit_trail else None,
        "budget_notices": settings.alarms.monthly_budget_dollars is not None,
        "plain_http": settings.local.plain_http,
    },
)
monitoring = Monitoring(
    name,
    {
        "account_id": account_id,
        "region": region,
        "key_arn": lake.key_arn,
        "alarm_emails": list(settings.alarm_emails),
        "monthly_budget_dollars": settings.alarms.monthly_budget_dollars,
    },
)
audits: list[Audit] = []
if settings.audit_trail:
    audit = Audit(
        f"{name}-audit",
        {
            "bucket_arn": lake.bucket_arn,
            "key_arn": lake.key_arn,
            "account_id": account_id,
            "region": region,
            "alarm_topic_arn": monitoring.topic_arn,
            "retention_days": settings.log_retention_days,
            "protect_data": settings.protect_data,
        },
    )
    audits.append(audit)
dependencies = FunctionLayer(
    f"{name}-functions",
    {
        "dependencies": packaging.function_layer(
            settings.function_architecture, for_this_machine=settings.local.host_packages
        ),
        "architecture": settings.function_architecture,
    },
)
functions: FunctionSettings = {
    "code": packaging.function_code(),
    "layer_arn": dependencies.layer_arn,
    "architecture": settings.function_architecture,
    "account_id": account_id,
    "key_arn": lake.key_arn,
    "alarm_topic_arn": monitoring.topic_arn,
    "log_retention_days": settings.log_retention_days,
    "metrics_namespace": name,
}
network = Network(
    f"{name}-network",
    {
        **network_args(settings),
        "region": region,
        "account_id": account_id,
        "key_arn": lake.key_arn,
        "log_retention_days": settings.log_retention_days,
    },
)
collector = BatchCollector(
    f"{name}-collector",
    {
        "connections": connections(settings),
        "datasets": collected_datasets(settings),
        "parameter_prefix": f"/{pulumi.get_project()}/{pulumi.get_stack()}",
        "time_zone": settings.time_zone,
        "account_id": account_id,
        "region": region,
        "bucket_name": lake.bucket_name,
        "bucket_arn": lake.bucket_arn,
        "key_arn": lake.key_arn,
        "alarm_topic_arn": monitoring.topic_arn,
        "functions": functions,
        "placement": {"vpc_id": network.vpc_id, "subnet_ids": network.private_subnet_ids}
        if settings.collects_in_network
        else None,
        "protect_data": settings.protect_data,
    },
)
image = ContainerImage(
    f"{name}-jobs-image",
    {
        "sources": IMAGES["jobs"].files,
        "platform": IMAGES["jobs"].platform,
        "key_arn": lake.key_arn,
        "skip_build": settings.local.skip_images,
    },
)
extraction = SqlExtraction(
    f"{name}-extraction",
    {
        "databases": databases(settings),
        "datasets": extracted_datasets(settings),
        "parameter_prefix": f"/{pulumi.get_project()}/{pulumi.get_stack()}",
        "time_zone": settings.time_zone,
        "account_id": account_id,
        "region": region,
        "bucket_name": lake.bucket_name,
        "bucket_arn": lake.bucket_arn,
        "key_arn": lake.key_arn,
        "ledger_table_name": collector.ledger_table_name,
        "ledger_table_arn": collector.ledger_table_arn,
        "alarm_topic_arn": monitoring.topic_arn,
        "undelivered_queue_arn": monitoring.undelivered_queue_arn,
        "image": image.reference,
        "repository_arn": image.repository_arn,
        "vpc_id": network.vpc_id,
        "subnet_ids": network.public_subnet_ids,
        "log_retention_days": settings.log_retention_days,
        "trust_account": settings.local.trust_account,
    },
)
sources = create_demo_sources(
    f"{name}-source",
    settings,
    {
        "network": network,
        "collector": collector,
        "extraction": extraction,
        "account_id": account_id,
        "region": region,
        "key_arn": lake.key_arn,
        "alarm_topic_arn": monitoring.topic_arn,
        "undelivered_queue_arn": monitoring.undelivered_queue_arn,
    },
)
stream = StreamIngest(
    f"{name}-stream",
    {
        "document": api_document(),
        "dataset": streamed_dataset(),
        "providers": event_providers(settings),
        "callbacks": event_callbacks(settings),
        "cors_origin": settings.events.cors_origin,
        "batch_size": settings.events.batch_size,
        "batch_window_seconds": settings.events.batch_window_seconds,
        "batcher_maximum_concurrency": settings.events.batcher_maximum_concurrency,
        "parameter_prefix": f"/{pulumi.get_project()}/{pulumi.get_stack()}",
        "account_id": account_id,
        "region": region,
        "bucket_name": lake.bucket_name,
        "bucket_arn": lake.bucket_arn,
        "key_arn": lake.key_arn,
        "alarm_topic_arn": monitoring.topic_arn,
        "functions": functions,
        "plain_http": settings.local.plain_http,
        "batch_actions": settings.local.batch_actions,
    },
)
attributes = ObjectAttributes(
    f"{name}-attributes",
    {
        "bucket_name": lake.bucket_name,
        "bucket_arn": lake.bucket_arn,
        "key_arn": lake.key_arn,
        "alarm_topic_arn": monitoring.topic_arn,
        "undelivered_queue_arn": monitoring.undelivered_queue_arn,
        "functions": functions,
        "protect_data": settings.protect_data,
    },
)
watch = DatasetWatch(
    f"{name}-datasets",
    {
        "datasets": watched_datasets(settings),
        "quarantine_percent": settings.alarms.quarantine_percent,
        "attributes_table_name": attributes.table_name,
        "attributes_table_arn": attributes.table_arn,
        "alarm_topic_arn": monitoring.topic_arn,
        "undelivered_queue_arn": monitoring.undelivered_queue_arn,
        "functions": functions,
    },
)
jobs = TransformJobs(
    f"{name}-jobs",
    {
        "bucket_name": lake.bucket_name,
        "bucket_arn": lake.bucket_arn,
        "key_arn": lake.key_arn,
        "team_key_arns": lake.team_key_arns,
        "alarm_topic_arn": monitoring.topic_arn,
        "undelivered_queue_arn": monitoring.undelivered_queue_arn,
        "log_retention_days": settings.log_retention_days,
        "account_id": account_id,
        "region": region,
        "teams": teams,
        "code": packaging.job_code(),
        "wheels": packaging.job_wheels(),
        "worker_type": settings.jobs.worker_type,
        "number_of_workers": settings.jobs.number_of_workers,
        "timeout_minutes": settings.jobs.timeout_minutes,
        "spread_objects": settings.jobs.spread_objects,
        "spread_megabytes": settings.jobs.spread_megabytes,
        "batch_size": settings.jobs.batch_size,
        "batch_window_seconds": settings.jobs.batch_window_seconds,
        "metrics_namespace": name,
        "any_metric_namespace": settings.local.any_metric_namespace,
        "trust_account": settings.local.trust_account,
    },
)
access = {
    team: TeamAccess(
        f"{name}-{team}",
        {
            "team": team,
            "account_id": account_id,
            "region": region,
            "bucket_name": lake.bucket_name,
            "bucket_arn": lake.bucket_arn,
            "key_arn": lake.team_key_arns.get(team, lake.key_arn),
            "mart_database": lake.mart_databases[team],
            "scan_limit_gigabytes": settings.query_scan_limit_gigabytes,
            "session_hours": settings.team_session_hours,
            "identity_provider": identity_provider(settings),
            "trust_account": settings.local.trust_account,
        },
    )
    for team in teams
}
dashboard = Dashboard(
    name,
    {
        "region": region,
        "metrics_namespace": name,
        "datasets": list(DATASETS),
        "collected_datasets": list(collected_datasets(settings)),
        "reports": list(REPORTS),
        "functions": {
            "collector": collector.function_name,
            "receiver": stream.receiver_function,
            "batcher": stream.batcher_function,
            "recorder": attributes.function_name,
            "freshness": watch.function_name,
        },
        "stream": stream.metered,
        "alarm_arns": [
            arn
            for watched in (monitoring, *audits, collector, extraction, stream, attributes, watch)
            for arn in watched.alarm_arns
        ],
    },
)
catalogue = Catalogue(
    f"{name}-catalogue",
    {
        "datasets": DATASETS,
        "reports": REPORTS,
        "bucket_name": lake.bucket_name,
        "warehouse_database": lake.warehouse_database,
        "mart_databases": lake.mart_databases,
    },
)

pulumi.export("lakeBucket", lake.bucket_name)
pulumi.export("lakeKeyArn", lake.key_arn)
pulumi.export("ledgerTable", collector.ledger_table_name)
pulumi.export("sftpCollectorFunction", collector.function_name)
pulumi.export("collectionSchedules", collector.schedules)
pulumi.export("collectorDeadLetterQueueUrl", collector.dead_letter_queue_url)
pulumi.export("connectionPublicKeys", collector.public_keys)
pulumi.export("extractionTask", extraction.task_definition_arn)
pulumi.export("extractionSchedules", extraction.schedules)
pulumi.export("extractionDeadLetterQueueUrl", extraction.dead_letter_queue_url)
pulumi.export("sourceServers", sources)
pulumi.export("natAddresses", network.nat_addresses)
pulumi.export("eventsUrl", stream.url)
pulumi.export("eventsApiId", stream.rest_api_id)
pulumi.export("eventsApiKeyParameter", stream.api_key_parameters[next(iter(settings.events.providers))])
pulumi.export("eventsCallbackSecretParameters", stream.callback_secret_parameters)
pulumi.export("eventsQueueUrl", stream.queue_url)
pulumi.export("eventsDeadLetterQueueUrl", stream.dead_letter_queue_url)
pulumi.export("eventReceiverFunction", stream.receiver_function)
pulumi.export("eventBatcherFunction", stream.batcher_function)
pulumi.export("attributesTable", attributes.table_name)
pulumi.export("objectAttributesFunction", attributes.function_name)
pulumi.export("attributesDeadLetterQueueUrl", attributes.dead_letter_queue_url)
pulumi.export("warehouseJob", jobs.warehouse_job_name)
pulumi.export("sanitiseJob", jobs.sanitise_job_name)
pulumi.export("martJob", jobs.mart_job_name)
pulumi.export("refineWorkflow", jobs.workflow_name)
pulumi.export("publishedViews", catalogue.views)
pulumi.export("reportTables", catalogue.report_tables)
pulumi.export("teamRoleArns", {team: role.role_arn for team, role in access.items()})
pulumi.export("teamWorkgroups", {team: role.workgroup for team, role in access.items()})
pulumi.export("freshnessFunction", watch.function_name)
pulumi.export("dashboard", dashboard.dashboard_name)
pulumi.export("alarmTopicArn", monitoring.topic_arn)
pulumi.export("undeliveredEventsQueueUrl", monitoring.undelivered_queue_url)
pulumi.export("region", region)
