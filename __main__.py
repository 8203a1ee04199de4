"""The data platform as a Pulumi program: reads the settings, creates the components, exports the outputs."""

import sys

# `platform/` is a source root without an __init__.py, and Pulumi puts only the program's folder on the path.
ROOT = __file__.removesuffix("__main__.py")
sys.path[:0] = [ROOT or ".", f"{ROOT}platform"]

from dataplatform import declarations
from dataplatform.aws.function_layer import FunctionLayer
from dataplatform.aws.network import Network
from dataplatform.aws.stack import StackContext, export_all
from dataplatform.processing.glue import TransformJobs
from dataplatform.settings.reader import read_settings
from dataplatform.sftp.collector import BatchCollector
from dataplatform.sources.demo_sources import create_demo_sources
from dataplatform.sql.container_image import ContainerImage
from dataplatform.sql.extraction import SqlExtraction
from dataplatform.storage.catalogue import Catalogue
from dataplatform.storage.data_lake import DataLake
from dataplatform.stream.stream import StreamIngest
from dataplatform.teams.access import Readers
from dataplatform.teams.audit import create_audit, trail_of
from dataplatform.watch import alarm_forwarder, freshness
from dataplatform.watch.dashboard import Dashboard
from dataplatform.watch.monitoring import Monitoring
from dataplatform.watch.object_index import ObjectIndex

settings = read_settings()
declared = declarations.join(settings)
stack = StackContext.of(settings)
stack.limit_roles(settings.permissions_boundary)
name = stack.name

lake = DataLake(name, stack=stack, settings=settings, datasets=declared.datasets, trail_arn=trail_of(stack, settings))
stack = stack.with_key(lake.key_arn)
monitoring = Monitoring(name, stack=stack, settings=settings.alarms, emails=settings.alarm_emails)
stack = stack.with_alarms(monitoring.topic_arn, monitoring.undelivered_queue_arn)
audits = create_audit(stack, settings, lake)
layer = FunctionLayer(f"{name}-functions", stack=stack, architecture=settings.function_architecture)
forwarders = alarm_forwarder.create_forwarder(stack, layer, monitoring, settings.alarms)
network = Network(
    f"{name}-network",
    stack=stack,
    settings=settings.network,
    private_services=settings.private_services,
    domain=f"{name}.internal" if settings.runs_servers else None,
)
collector = BatchCollector(
    f"{name}-collector",
    stack=stack,
    lake=lake,
    layer=layer,
    network=network,
    connections=settings.connections,
    datasets=declared.collected,
    in_network=settings.collects_in_network,
)
image = ContainerImage(f"{name}-jobs-image", stack=stack, image="jobs")
extraction = SqlExtraction(
    f"{name}-extraction",
    stack=stack,
    lake=lake,
    network=network,
    collector=collector,
    image=image,
    databases=settings.databases,
    datasets=declared.extracted,
)
sources = create_demo_sources(stack, settings, declared, network, collector, extraction)
stream = StreamIngest(
    f"{name}-stream", stack=stack, lake=lake, layer=layer, settings=settings.events, dataset=declared.streamed
)
index = ObjectIndex(f"{name}-attributes", stack=stack, lake=lake, layer=layer)
watch = freshness.DatasetWatch(
    f"{name}-datasets",
    stack=stack,
    layer=layer,
    index=index,
    monitoring=monitoring,
    settings=settings.alarms,
    declared=declared,
)
jobs = TransformJobs(
    f"{name}-jobs", stack=stack, lake=lake, index=index, settings=settings.jobs, teams=settings.teams,
    reports=declared.reports,
)  # fmt: skip
readers = Readers.of(stack, lake, settings)
alarmed = (monitoring, *audits, *forwarders, collector, extraction, stream, index, watch)
arns = [arn for part in alarmed for arn in part.alarm_arns]
dashboard = Dashboard(
    name, stack=stack, collector=collector, stream=stream, index=index, watch=watch, forwarders=forwarders,
    declared=declared, alarm_arns=arns,
)  # fmt: skip
catalogue = Catalogue(f"{name}-catalogue", lake=lake, datasets=declared.datasets, reports=declared.reports)
export_all(
    stack, lake, monitoring, network, collector, extraction, sources, stream, index, watch, jobs, readers,
    dashboard, catalogue,
)  # fmt: skip
