"""DynamoDB tables."""

from typing import Any, Final

from emulation.pulumi_engine.casing import pascal_keys, without_none
from emulation.pulumi_engine.handler import Created, Handler, Request

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
    name, inputs = request.physical_name(), request.inputs
    attributes = [
        {"AttributeName": attribute["name"], "AttributeType": attribute["type"]} for attribute in inputs["attributes"]
    ]
    table = request.call(
        "dynamodb",
        "create_table",
        TableName=name,
        AttributeDefinitions=attributes,
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
    _set_what_creation_cannot(request, name)
    return Created(
        name,
        {
            "name": name,
            "arn": table["TableArn"],
            "streamArn": table.get("LatestStreamArn", ""),
            "streamLabel": table.get("LatestStreamLabel", ""),
        },
    )


def _set_what_creation_cannot(request: Request, table: str) -> None:
    client: Any = request.emulator.client("dynamodb", request.region)
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    ttl = request.inputs.get("ttl")
    if ttl and ttl.get("enabled"):
        request.call("dynamodb", "update_time_to_live", TableName=table, TimeToLiveSpecification=pascal_keys(ttl))
    recovery = request.inputs.get("pointInTimeRecovery")
    if recovery and recovery["enabled"]:
        specification = without_none(
            {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": recovery.get("recoveryPeriodInDays")}
        )
        request.call(
            "dynamodb",
            "update_continuous_backups",
            TableName=table,
            PointInTimeRecoverySpecification=specification,
        )


def _key_schema(keys: Any, hash_key: str | None = None) -> list[dict[str, str]]:  # noqa: ANN401 - a table's or an index's inputs
    schema = [{"AttributeName": hash_key or keys["hashKey"], "KeyType": "HASH"}]
    if keys.get("rangeKey"):
        schema.append({"AttributeName": keys["rangeKey"], "KeyType": "RANGE"})
    return schema


def _indexes(indexes: list[dict[str, Any]] | None, hash_key: str | None = None) -> list[dict[str, Any]] | None:
    """Global indexes have a hash key of their own, local ones the table's."""
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


HANDLERS: Final = {"aws:dynamodb/table:Table": Handler(_create_table, accepts=_TABLE)}
