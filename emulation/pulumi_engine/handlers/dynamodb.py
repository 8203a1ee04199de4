"""DynamoDB tables."""

from collections.abc import Iterator
from typing import Any, Final

from emulation.pulumi_engine.casing import pascal_keys, without_none
from emulation.pulumi_engine.drift import like
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, removes

_TABLE: Final = (
    "name",
    "attributes",
    "billingMode",
    "deletionProtectionEnabled",
    "globalSecondaryIndexes",
    "hashKey",
    "localSecondaryIndexes",
    "pointInTimeRecovery",
    "rangeKey",
    "readCapacity",
    "serverSideEncryption",
    "streamEnabled",
    "streamViewType",
    "tableClass",
    "tags",
    "ttl",
    "writeCapacity",
)


def _create_table(request: Request) -> Created:
    name, inputs = request.inputs["name"], request.inputs
    table = request.call(
        "dynamodb",
        "create_table",
        TableName=name,
        AttributeDefinitions=_attributes(inputs),
        KeySchema=_key_schema(inputs),
        BillingMode=inputs.get("billingMode", "PROVISIONED"),
        ProvisionedThroughput=_throughput(inputs),
        GlobalSecondaryIndexes=_indexes(inputs.get("globalSecondaryIndexes")),
        LocalSecondaryIndexes=_indexes(inputs.get("localSecondaryIndexes"), inputs["hashKey"]),
        StreamSpecification=_stream(inputs),
        SSESpecification=_encryption(inputs.get("serverSideEncryption")),
        Tags=request.tag_list,
        **request.pascal("deletionProtectionEnabled", "tableClass"),
    )["TableDescription"]
    _wait(request, name)
    if request.inputs.get("ttl", {}).get("enabled"):
        _set_ttl(request, name)
    if request.inputs.get("pointInTimeRecovery", {}).get("enabled"):
        _set_recovery(request, name)
    return Created(
        name,
        {
            "name": name,
            "arn": table["TableArn"],
            "streamArn": table.get("LatestStreamArn", ""),
            "streamLabel": table.get("LatestStreamLabel", ""),
        },
    )


def _update_table(request: Request, standing: Standing) -> dict[str, Any]:
    changed, inputs = standing.changed, request.inputs
    settings: dict[str, Any] = {}
    if changed & {"billingMode", "readCapacity", "writeCapacity"}:
        settings |= {
            "BillingMode": inputs.get("billingMode", "PROVISIONED"),
            "ProvisionedThroughput": _throughput(inputs),
        }
    if changed & {"streamEnabled", "streamViewType"}:
        settings["StreamSpecification"] = _stream(inputs) or {"StreamEnabled": False}
    if "serverSideEncryption" in changed:
        settings["SSESpecification"] = _encryption(inputs.get("serverSideEncryption")) or {"Enabled": False}
    if "deletionProtectionEnabled" in changed:
        settings["DeletionProtectionEnabled"] = inputs.get("deletionProtectionEnabled", False)
    if "tableClass" in changed:
        settings["TableClass"] = inputs.get("tableClass", "STANDARD")
    if settings:
        request.call("dynamodb", "update_table", TableName=standing.id, **settings)
    for update in _index_updates(standing.properties.get("globalSecondaryIndexes", []), inputs):
        # One at a time, as DynamoDB requires.
        request.call("dynamodb", "update_table", TableName=standing.id, **update)
    _wait(request, standing.id)
    if "ttl" in changed:
        _set_ttl(request, standing.id)
    if "pointInTimeRecovery" in changed:
        _set_recovery(request, standing.id)
    table = request.call("dynamodb", "describe_table", TableName=standing.id)["Table"]
    return {"streamArn": table.get("LatestStreamArn", ""), "streamLabel": table.get("LatestStreamLabel", "")}


def _index_updates(olds: list[dict[str, Any]], inputs: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - the table's inputs
    """Yield the updates between two lists of global indexes. An index with other keys is created again."""
    news = inputs.get("globalSecondaryIndexes", [])
    for index in olds:
        if index not in news:
            yield {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": index["name"]}}]}
    for index in news:
        if index not in olds:
            [created] = _indexes([index]) or []
            attributes = _attributes(inputs)
            yield {"AttributeDefinitions": attributes, "GlobalSecondaryIndexUpdates": [{"Create": created}]}


def _wait(request: Request, table: str) -> None:
    client: Any = request.emulator.client("dynamodb", request.region)
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def _set_ttl(request: Request, table: str) -> None:
    ttl = request.inputs.get("ttl")
    if ttl:
        specification = pascal_keys(without_none({"enabled": False, **ttl}))
        request.call("dynamodb", "update_time_to_live", TableName=table, TimeToLiveSpecification=specification)


def _set_recovery(request: Request, table: str) -> None:
    recovery = request.inputs.get("pointInTimeRecovery", {})
    specification = without_none(
        {
            "PointInTimeRecoveryEnabled": recovery.get("enabled", False),
            "RecoveryPeriodInDays": recovery.get("recoveryPeriodInDays"),
        }
    )
    request.call(
        "dynamodb", "update_continuous_backups", TableName=table, PointInTimeRecoverySpecification=specification
    )


def _read_table(request: Request, standing: Standing) -> dict[str, Any]:
    """Return the table's settings, limited to the inputs that the program sets."""
    table = request.call("dynamodb", "describe_table", TableName=standing.id)["Table"]
    ttl = request.call("dynamodb", "describe_time_to_live", TableName=standing.id)["TimeToLiveDescription"]
    backups = request.call("dynamodb", "describe_continuous_backups", TableName=standing.id)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    encryption = table.get("SSEDescription", {})
    found = {
        "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "streamEnabled": table.get("StreamSpecification", {}).get("StreamEnabled", False),
        "ttl": {
            "enabled": ttl.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"},
            "attributeName": ttl.get("AttributeName"),
        },
        "pointInTimeRecovery": {"enabled": recovery.get("PointInTimeRecoveryStatus") == "ENABLED"},
        "serverSideEncryption": {
            "enabled": encryption.get("Status") in {"ENABLED", "UPDATING"},
            "kmsKeyArn": encryption.get("KMSMasterKeyArn"),
        },
    }
    return {name: like(request.inputs[name], value) for name, value in found.items() if name in request.inputs}


def _attributes(inputs: Any) -> list[dict[str, str]]:  # noqa: ANN401 - the table's inputs
    return [
        {"AttributeName": attribute["name"], "AttributeType": attribute["type"]} for attribute in inputs["attributes"]
    ]


def _key_schema(keys: Any, hash_key: str | None = None) -> list[dict[str, str]]:  # noqa: ANN401 - a table's or an index's inputs
    schema = [{"AttributeName": hash_key or keys["hashKey"], "KeyType": "HASH"}]
    if keys.get("rangeKey"):
        schema.append({"AttributeName": keys["rangeKey"], "KeyType": "RANGE"})
    return schema


def _indexes(indexes: list[dict[str, Any]] | None, hash_key: str | None = None) -> list[dict[str, Any]] | None:
    """Return indexes in DynamoDB's form. Global indexes have their own hash key, local ones the table's."""
    if not indexes:
        return None
    return [
        without_none(
            {
                "IndexName": index["name"],
                "KeySchema": _key_schema(index, hash_key),
                "Projection": without_none(
                    {"ProjectionType": index["projectionType"], "NonKeyAttributes": index.get("nonKeyAttributes")}
                ),
                "ProvisionedThroughput": _throughput(index),
            }
        )
        for index in indexes
    ]


def _throughput(capacities: Any) -> dict[str, int] | None:  # noqa: ANN401 - a table's or an index's inputs
    if not capacities.get("readCapacity"):
        return None
    return {"ReadCapacityUnits": capacities["readCapacity"], "WriteCapacityUnits": capacities["writeCapacity"]}


def _stream(inputs: Any) -> dict[str, Any] | None:  # noqa: ANN401 - the table's inputs
    if not inputs.get("streamEnabled"):
        return None
    return {"StreamEnabled": True, "StreamViewType": inputs["streamViewType"]}


def _encryption(encryption: dict[str, Any] | None) -> dict[str, Any] | None:
    if not encryption or not encryption["enabled"]:
        return None
    return without_none({"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": encryption.get("kmsKeyArn")})


HANDLERS: Final = {
    "aws:dynamodb/table:Table": Handler(
        _create_table,
        accepts=_TABLE,
        update=_update_table,
        delete=removes("dynamodb", "delete_table", TableName="id"),
        read=_read_table,
        updated_outputs=("streamArn", "streamLabel"),
    )
}
