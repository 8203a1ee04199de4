"""Glue: the catalogue, jobs, and the workflow that orders them."""

from typing import Any, Final

from emulation.pulumi_engine.casing import pascal_keys, without_none
from emulation.pulumi_engine.handler import Created, Handler, Request

_DATABASE: Final = ("name", "description", "locationUri", "parameters")
_TABLE: Final = (
    "name",
    "description",
    "owner",
    "parameters",
    "partitionKeys",
    "retention",
    "storageDescriptor",
    "tableType",
    "viewExpandedText",
    "viewOriginalText",
)
_JOB: Final = (
    "command",
    "defaultArguments",
    "description",
    "executionClass",
    "executionProperty",
    "glueVersion",
    "jobMode",
    "jobRunQueuingEnabled",
    "maintenanceWindow",
    "maxCapacity",
    "maxRetries",
    "nonOverridableArguments",
    "notificationProperty",
    "numberOfWorkers",
    "securityConfiguration",
    "timeout",
    "workerType",
)
_WORKFLOW: Final = ("defaultRunProperties", "description", "maxConcurrentRuns")
_TRIGGER: Final = ("actions", "description", "schedule", "type", "workflowName")
_ENCRYPTION_NAMES: Final = {
    "cloudwatchEncryption": "CloudWatchEncryption",
    "cloudwatchEncryptionMode": "CloudWatchEncryptionMode",
}


def _create_database(request: Request) -> Created:
    name = request.physical_name().lower()
    database = {**request.pascal(*_DATABASE, verbatim=("parameters",)), "Name": name}
    request.call("glue", "create_database", DatabaseInput=database, Tags=request.tags)
    arn = request.arn("glue", f"database/{name}")
    return Created(f"{request.account}:{name}", {"name": name, "arn": arn, "catalogId": request.account})


def _create_table(request: Request) -> Created:
    database, name = request.inputs["databaseName"], request.physical_name()
    table = request.pascal(*_TABLE, renames={"serDeInfo": "SerdeInfo"}, verbatim=("parameters",))
    request.call("glue", "create_table", DatabaseName=database, TableInput={**table, "Name": name})
    arn = request.arn("glue", f"table/{database}/{name}")
    return Created(f"{request.account}:{database}:{name}", {"name": name, "arn": arn, "catalogId": request.account})


def _create_job(request: Request) -> Created:
    name = request.physical_name()
    parameters = request.pascal(*_JOB, verbatim=("defaultArguments", "nonOverridableArguments"))
    request.call("glue", "create_job", Name=name, Role=request.inputs["roleArn"], Tags=request.tags, **parameters)
    return Created(name, {"name": name, "arn": request.arn("glue", f"job/{name}")})


def _create_workflow(request: Request) -> Created:
    name = request.physical_name()
    parameters = request.pascal(*_WORKFLOW, verbatim=("defaultRunProperties",))
    request.call("glue", "create_workflow", Name=name, Tags=request.tags, **parameters)
    return Created(name, {"name": name, "arn": request.arn("glue", f"workflow/{name}")})


def _create_trigger(request: Request) -> Created:
    name = request.physical_name()
    enabled = request.inputs.get("enabled", True)
    starts = enabled and request.inputs["type"] in {"SCHEDULED", "CONDITIONAL"}
    batching = request.inputs.get("eventBatchingConditions")
    request.call(
        "glue",
        "create_trigger",
        Name=name,
        Predicate=_predicate(request.inputs.get("predicate")),
        EventBatchingCondition=pascal_keys(batching[0]) if batching else None,
        StartOnCreation=True if starts else None,
        Tags=request.tags,
        **request.pascal(*_TRIGGER, verbatim=("arguments",)),
    )
    return Created(name, {"name": name, "arn": request.arn("glue", f"trigger/{name}")})


def _predicate(predicate: dict[str, Any] | None) -> dict[str, Any] | None:
    if predicate is None:
        return None
    # EQUALS is the provider's default, and the only operator there is.
    conditions = [{"LogicalOperator": "EQUALS", **pascal_keys(condition)} for condition in predicate["conditions"]]
    return without_none({"Logical": predicate.get("logical"), "Conditions": conditions})


def _create_security_configuration(request: Request) -> Created:
    name = request.physical_name()
    encryption = pascal_keys(request.inputs["encryptionConfiguration"], renames=_ENCRYPTION_NAMES)
    # One in Pulumi, a list of one in AWS.
    encryption["S3Encryption"] = [encryption["S3Encryption"]]
    request.call("glue", "create_security_configuration", Name=name, EncryptionConfiguration=encryption)
    return Created(name, {"name": name})


HANDLERS: Final = {
    "aws:glue/catalogDatabase:CatalogDatabase": Handler(_create_database, accepts=("tags", *_DATABASE)),
    "aws:glue/catalogTable:CatalogTable": Handler(_create_table, accepts=("databaseName", *_TABLE)),
    "aws:glue/job:Job": Handler(_create_job, accepts=("name", "roleArn", "tags", *_JOB)),
    "aws:glue/workflow:Workflow": Handler(_create_workflow, accepts=("name", "tags", *_WORKFLOW)),
    "aws:glue/trigger:Trigger": Handler(
        _create_trigger, accepts=("name", "enabled", "eventBatchingConditions", "predicate", "tags", *_TRIGGER)
    ),
    "aws:glue/securityConfiguration:SecurityConfiguration": Handler(
        _create_security_configuration, accepts=("name", "encryptionConfiguration")
    ),
}
