"""The ledger's table in DynamoDB: reads that are consistent, and writes, most of which carry a condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from lake.ledger.items import LedgerError, deserialised, serialised
from lake.ledger.writes import Put, Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# DynamoDB's limit of one request.
_KEYS_A_BATCH: Final = 100
_ATTEMPTS_A_BATCH: Final = 8


class _PutRequest(TypedDict):
    TableName: str
    Item: dict[str, Any]
    ConditionExpression: str
    ExpressionAttributeNames: dict[str, str]
    ExpressionAttributeValues: dict[str, Any]


class _UpdateRequest(TypedDict):
    TableName: str
    Key: dict[str, Any]
    UpdateExpression: str
    ConditionExpression: str
    ExpressionAttributeNames: dict[str, str]
    ExpressionAttributeValues: dict[str, Any]


class _Filter(TypedDict, total=False):
    FilterExpression: str
    ExpressionAttributeNames: dict[str, str]


class LedgerTable:
    """Items as Python values, by primary key.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the table's name.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key: Mapping[str, str]) -> dict[str, Any] | None:
        """The item as it is now."""
        answer = self._client.get_item(TableName=self._table, Key=serialised(key), ConsistentRead=True)
        return deserialised(answer["Item"]) if "Item" in answer else None

    def get_all(self, keys: Iterable[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
        """The items among many keys that exist, in any order."""
        waiting = [serialised(key) for key in keys]
        attempts = 0
        while waiting:
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": waiting[:_KEYS_A_BATCH], "ConsistentRead": True}}
            )
            for item in answer["Responses"].get(self._table, []):
                yield deserialised(item)
            refused = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            attempts = attempts + 1 if refused else 0
            if attempts == _ATTEMPTS_A_BATCH:
                raise LedgerError("the ledger's table answers too slowly; the next run tries again")
            waiting = [*refused, *waiting[_KEYS_A_BATCH:]]

    def query(self, partition: str, prefix: str) -> Iterator[dict[str, Any]]:
        """The items of a partition whose sort key starts so, in its order."""
        yield from self._query({":pk": partition, ":prefix": prefix}, {})

    def query_state(self, partition: str, prefix: str, state: str) -> Iterator[dict[str, Any]]:
        """Those of them in a state. DynamoDB reads all of them to find these."""
        only: _Filter = {"FilterExpression": "#state = :state", "ExpressionAttributeNames": {"#state": "state"}}
        yield from self._query({":pk": partition, ":prefix": prefix, ":state": state}, only)

    def _query(self, values: Mapping[str, str], only: _Filter) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=serialised(values),
            **only,
        )
        for page in pages:
            for item in page["Items"]:
                yield deserialised(item)

    def put(self, write: Put) -> bool:
        """Write a whole item. Returns whether the condition held."""
        try:
            self._client.put_item(**self._put(write))
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def replace(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """Write a whole item, whatever stood in its place. Returns what that was."""
        answer = self._client.put_item(TableName=self._table, Item=serialised(item), ReturnValues="ALL_OLD")
        return deserialised(answer["Attributes"]) if "Attributes" in answer else None

    def update(self, write: Update) -> dict[str, Any] | None:
        """Change an item. Returns it as written, None if the condition did not hold."""
        try:
            answer = self._client.update_item(**self._update(write), ReturnValues="ALL_NEW")
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return deserialised(answer["Attributes"])

    def write_all(self, writes: Sequence[Put | Update]) -> bool:
        """Write up to 100 items, all or none of them.

        Returns:
            Whether they are written. False may also mean that their writing was answered by an error.
        """
        try:
            # The SDK's repetitions carry the same token, so that they succeed where the first one did.
            self._client.transact_write_items(TransactItems=[self._member(write) for write in writes])
        except (BotoCoreError, ClientError):
            return False
        return True

    def _member(self, write: Put | Update) -> TransactWriteItemTypeDef:
        if isinstance(write, Put):
            return {"Put": {**self._put(write)}}
        return {"Update": {**self._update(write)}}

    def _put(self, write: Put) -> _PutRequest:
        return {
            "TableName": self._table,
            "Item": serialised(write.item),
            "ConditionExpression": write.condition,
            "ExpressionAttributeNames": _names(write.condition),
            "ExpressionAttributeValues": _values(write.values),
        }

    def _update(self, write: Update) -> _UpdateRequest:
        return {
            "TableName": self._table,
            "Key": serialised(write.key),
            "UpdateExpression": write.update,
            "ConditionExpression": write.condition,
            "ExpressionAttributeNames": _names(write.update + write.condition),
            "ExpressionAttributeValues": _values(write.values),
        }


def _names(expressions: str) -> dict[str, str]:
    # Every attribute goes by a placeholder: DynamoDB reserves many plain words, such as state and size.
    return {f"#{name}": name for name in re.findall(r"#(\w+)", expressions)}


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    return serialised({f":{name}": value for name, value in values.items()})
