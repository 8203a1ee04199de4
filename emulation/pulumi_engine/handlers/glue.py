"""Glue: the catalogue, jobs, and the workflow that orders them."""

from typing import Any, Final

from emulation.pulumi_engine.casing import camel_keys, pascal_keys, without_none
from emulation.pulumi_engine.drift import like
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, removes

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
    "maxRetries",
    "nonOverridableArguments",
    "numberOfWorkers",
    "securityConfiguration",
    "timeout",
    "workerType",
)
_WORKFLOW: Final = ("defaultRunProperties", "description", "maxConcurrentRuns")
_TRIGGER: Final = ("actions", "description", "schedule")
_ENCRYPTION_NAMES: Final = {
    "cloudwatchEncryption": "CloudWatchEncryption",
    "cloudwatchEncryptionMode": "CloudWatchEncryptionMode",
}


def _create_database(request: Request) -> Created:
    name = request.inputs["name"]
    request.call("glue", "create_database", DatabaseInput=_database_input(request), Tags=request.tags)
    arn = request.arn("glue", f"database/{name}")
    return Created(f"{request.account}:{name}", {"name": name, "arn": arn, "catalogId": request.account})


def _update_database(request: Request, _standing: Standing) -> None:
    request.call("glue", "update_database", Name=request.inputs["name"], DatabaseInput=_database_input(request))


def _database_input(request: Request) -> dict[str, Any]:
    return request.pascal(*_DATABASE, verbatim=("parameters",))


def _create_table(request: Request) -> Created:
    database, name = request.inputs["databaseName"], request.inputs["name"]
    request.call("glue", "create_table", DatabaseName=database, TableInput=_table_input(request))
    arn = request.arn("glue", f"table/{database}/{name}")
    return Created(f"{request.account}:{database}:{name}", {"name": name, "arn": arn, "catalogId": request.account})


def _update_table(request: Request, _standing: Standing) -> None:
    request.call("glue", "update_table", DatabaseName=request.inputs["databaseName"], TableInput=_table_input(request))


def _read_table(request: Request, _standing: Standing) -> dict[str, Any]:
    """Return the table in the catalogue, limited to the inputs that the program sets. Jobs add other parameters."""
    where = {"DatabaseName": request.inputs["databaseName"], "Name": request.inputs["name"]}
    table = camel_keys(request.call("glue", "get_table", **where)["Table"], verbatim=("parameters",))
    storage = table.get("storageDescriptor", {})
    if "serdeInfo" in storage:
        storage["serDeInfo"] = storage.pop("serdeInfo")
    return {name: like(request.inputs[name], table.get(name)) for name in _TABLE if name in request.inputs}


def _table_input(request: Request) -> dict[str, Any]:
    return request.pascal(*_TABLE, renames={"serDeInfo": "SerdeInfo"}, verbatim=("parameters",))


def _create_job(request: Request) -> Created:
    name = request.inputs["name"]
    request.call("glue", "create_job", Name=name, Tags=request.tags, **_job(request))
    return Created(name, {"name": name, "arn": request.arn("glue", f"job/{name}")})


def _update_job(request: Request, standing: Standing) -> None:
    request.call("glue", "update_job", JobName=standing.id, JobUpdate=_job(request))


def _job(request: Request) -> dict[str, Any]:
    parameters = request.pascal(*_JOB, verbatim=("defaultArguments", "nonOverridableArguments"))
    return {"Role": request.inputs["roleArn"], **parameters}


def _create_workflow(request: Request) -> Created:
    name = request.inputs["name"]
    request.call("glue", "create_workflow", Name=name, Tags=request.tags, **_workflow(request))
    return Created(name, {"name": name, "arn": request.arn("glue", f"workflow/{name}")})


def _update_workflow(request: Request, standing: Standing) -> None:
    request.call("glue", "update_workflow", Name=standing.id, **_workflow(request))


def _workflow(request: Request) -> dict[str, Any]:
    return request.pascal(*_WORKFLOW, verbatim=("defaultRunProperties",))


def _create_trigger(request: Request) -> Created:
    name = request.inputs["name"]
    enabled = request.inputs.get("enabled", True)
    starts = enabled and request.inputs["type"] in {"SCHEDULED", "CONDITIONAL"}
    request.call(
        "glue",
        "create_trigger",
        Name=name,
        StartOnCreation=True if starts else None,
        Tags=request.tags,
        **request.pascal("type", "workflowName"),
        **_trigger(request),
    )
    return Created(name, {"name": name, "arn": request.arn("glue", f"trigger/{name}")})


def _update_trigger(request: Request, standing: Standing) -> None:
    request.call("glue", "update_trigger", Name=standing.id, TriggerUpdate=_trigger(request))


def _trigger(request: Request) -> dict[str, Any]:
    batching = request.inputs.get("eventBatchingConditions")
    return without_none(
        {
            "Predicate": _predicate(request.inputs.get("predicate")),
            "EventBatchingCondition": pascal_keys(batching[0]) if batching else None,
            **request.pascal(*_TRIGGER, verbatim=("arguments",)),
        }
    )


def _predicate(predicate: dict[str, Any] | None) -> dict[str, Any] | None:
    if predicate is None:
        return None
    # EQUALS is the provider's default, and the only operator.
    conditions = [{"LogicalOperator": "EQUALS", **pascal_keys(condition)} for condition in predicate["conditions"]]
    return without_none({"Logical": predicate.get("logical"), "Conditions": conditions})


def _create_security_configuration(request: Request) -> Created:
    name = request.inputs["name"]
    encryption = pascal_keys(request.inputs["encryptionConfiguration"], renames=_ENCRYPTION_NAMES)
    # A single object in Pulumi, a list of one in AWS.
    encryption["S3Encryption"] = [encryption["S3Encryption"]]
    request.call("glue", "create_security_configuration", Name=name, EncryptionConfiguration=encryption)
    return Created(name, {"name": name})


HANDLERS: Final = {
    "aws:glue/catalogDatabase:CatalogDatabase": Handler(
        _create_database,
        accepts=("tags", *_DATABASE),
        update=_update_database,
        delete=removes("glue", "delete_database", Name="name"),
    ),
    "aws:glue/catalogTable:CatalogTable": Handler(
        _create_table,
        accepts=("databaseName", *_TABLE),
        update=_update_table,
        read=_read_table,
        delete=removes("glue", "delete_table", DatabaseName="databaseName", Name="name"),
    ),
    "aws:glue/job:Job": Handler(
        _create_job,
        accepts=("name", "roleArn", "tags", *_JOB),
        update=_update_job,
        delete=removes("glue", "delete_job", JobName="id"),
    ),
    "aws:glue/workflow:Workflow": Handler(
        _create_workflow,
        accepts=("name", "tags", *_WORKFLOW),
        update=_update_workflow,
        delete=removes("glue", "delete_workflow", Name="id"),
    ),
    "aws:glue/trigger:Trigger": Handler(
        _create_trigger,
        accepts=(
            "name",
            "enabled",
            "eventBatchingConditions",
            "predicate",
            "tags",
            "type",
            "workflowName",
            *_TRIGGER,
        ),
        update=_update_trigger,
        unchangeable=("enabled",),
        delete=removes("glue", "delete_trigger", Name="id"),
    ),
    "aws:glue/securityConfiguration:SecurityConfiguration": Handler(
        _create_security_configuration,
        accepts=("name", "encryptionConfiguration"),
        delete=removes("glue", "delete_security_configuration", Name="id"),
    ),
}
