"""A DynamoDB table: items as Python values, consistent reads, and writes that may carry a condition.

Expressions name an attribute `#name` and a value `:name`; the requests' maps of names and values follow from them.
Placeholders are needed: DynamoDB reserves many plain words, such as state and size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NotRequired, TypedDict

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from lake.errors import LakeError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# DynamoDB's limit of one request.
_KEYS_A_BATCH: Final = 100
_ATTEMPTS_A_BATCH: Final = 8


class TableTooSlowError(LakeError):
    """DynamoDB left keys of a batch unread again and again."""


@dataclass(frozen=True, slots=True)
class Put:
    """A whole item, written if the condition holds; always if there is no condition."""

    item: Mapping[str, Any]
    condition: str | None = None
    values: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Changes of an item, made if the condition holds."""

    key: Mapping[str, str]
    update: str
    condition: str | None
    """None: the changes are always made."""
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """An item that is deleted, whether it exists or not."""

    key: Mapping[str, str]


class _PutRequest(TypedDict, total=False):
    ConditionExpression: str
    ExpressionAttributeNames: dict[str, str]
    ExpressionAttributeValues: dict[str, Any]


class _UpdateRequest(TypedDict):
    TableName: str
    Key: dict[str, Any]
    UpdateExpression: str
    ConditionExpression: NotRequired[str]
    ExpressionAttributeNames: dict[str, str]
    ExpressionAttributeValues: dict[str, Any]


class DynamoTable:
    """Reads and writes the items of one table.

    Args:
        client: a plain boto3 DynamoDB client.
        name: the table's name.
    """

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Mapping[str, str]) -> dict[str, Any] | None:
        """Returns the item as it is now, None if it does not exist."""
        answer = self._client.get_item(TableName=self._name, Key=serialised(key), ConsistentRead=True)
        return deserialised(answer["Item"]) if "Item" in answer else None

    def get_all(self, keys: Iterable[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
        """Gives the items among many keys that exist, in any order.

        Raises:
            TableTooSlowError: DynamoDB left keys unread in eight requests that followed each other.
        """
        waiting = [serialised(key) for key in keys]
        attempts = 0
        while waiting:
            answer = self._client.batch_get_item(
                RequestItems={self._name: {"Keys": waiting[:_KEYS_A_BATCH], "ConsistentRead": True}}
            )
            for item in answer["Responses"].get(self._name, []):
                yield deserialised(item)
            refused = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            attempts = attempts + 1 if refused else 0
            if attempts == _ATTEMPTS_A_BATCH:
                raise TableTooSlowError(f"the table {self._name} answers too slowly; the next run tries again")
            waiting = [*refused, *waiting[_KEYS_A_BATCH:]]

    def query(
        self,
        condition: str,
        values: Mapping[str, Any],
        *,
        only: str = "",
        index: str | None = None,
        attribute: str = "",
        last: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Gives the items of a partition, in the order of their sort key.

        Args:
            condition: on the keys.
            values: of both expressions.
            only: condition on other attributes. DynamoDB reads all items of the partition to find these.
            index: name of the index to ask in place of the table. Its answer may be a moment old.
            attribute: read this attribute of each item alone, such as "#arrived_at".
            last: give only so many items, the last ones, the very last first.
        """
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": _values(values),
        }
        if names := _names(condition + only + attribute):
            request["ExpressionAttributeNames"] = names
        if only:
            request["FilterExpression"] = only
        if attribute:
            request["ProjectionExpression"] = attribute
        if index is None:
            request["ConsistentRead"] = True
        else:
            request["IndexName"] = index
        if last is not None:
            request["ScanIndexForward"] = False
            request["PaginationConfig"] = {"MaxItems": last, "PageSize": last}
        pages = self._client.get_paginator("query").paginate(**request)
        for page in pages:
            for item in page["Items"]:
                yield deserialised(item)

    def put(self, write: Put) -> bool:
        """Write a whole item. Returns whether the condition held."""
        return self.put_or_get(write) is None

    def put_or_get(self, write: Put) -> dict[str, Any] | None:
        """Write a whole item. Returns None if it is written, the item that failed its condition otherwise."""
        try:
            self._client.put_item(
                TableName=self._name,
                Item=serialised(write.item),
                **_condition_of(write),
                ReturnValuesOnConditionCheckFailure="ALL_OLD" if write.condition else "NONE",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return deserialised(error.response.get("Item", {}))
        return None

    def replace(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """Write a whole item, whatever its key held before. Returns what that was."""
        answer = self._client.put_item(TableName=self._name, Item=serialised(item), ReturnValues="ALL_OLD")
        return deserialised(answer["Attributes"]) if "Attributes" in answer else None

    def update(self, write: Update) -> dict[str, Any] | None:
        """Change an item. Returns it as written, None if the condition did not hold."""
        try:
            answer = self._client.update_item(**self._update(write), ReturnValues="ALL_NEW")
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return deserialised(answer["Attributes"])

    def delete(self, key: Mapping[str, str], condition: str, values: Mapping[str, Any]) -> bool:
        """Delete an item. Returns whether the condition held."""
        try:
            self._client.delete_item(
                TableName=self._name,
                Key=serialised(key),
                ConditionExpression=condition,
                ExpressionAttributeNames=_names(condition),
                ExpressionAttributeValues=_values(values),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def write_all(self, writes: Sequence[Put | Update]) -> bool:
        """Write up to 100 items, all or none of them.

        Returns:
            Whether they are written. False may also mean that they were written but an error was answered.
        """
        try:
            # The SDK repeats a request with the same token, so a repetition succeeds where the first request did.
            self._client.transact_write_items(TransactItems=[self.member(write) for write in writes])
        except (BotoCoreError, ClientError):
            return False
        return True

    def member(self, write: Put | Update | Delete) -> TransactWriteItemTypeDef:
        """A write as a member of a transaction that may be over several tables."""
        if isinstance(write, Put):
            return {"Put": {"TableName": self._name, "Item": serialised(write.item), **_condition_of(write)}}
        if isinstance(write, Delete):
            return {"Delete": {"TableName": self._name, "Key": serialised(write.key)}}
        return {"Update": {**self._update(write)}}

    def _update(self, write: Update) -> _UpdateRequest:
        request: _UpdateRequest = {
            "TableName": self._name,
            "Key": serialised(write.key),
            "UpdateExpression": write.update,
            "ExpressionAttributeNames": _names(f"{write.update} {write.condition or ''}"),
            "ExpressionAttributeValues": _values(write.values),
        }
        if write.condition is not None:
            request["ConditionExpression"] = write.condition
        return request


def serialised(item: Mapping[str, Any]) -> dict[str, Any]:
    """Python values as a DynamoDB client accepts them."""
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in item.items()}


def deserialised(item: Mapping[str, Any]) -> dict[str, Any]:
    """A DynamoDB client's item as Python values; numbers are of type Decimal."""
    deserializer = TypeDeserializer()
    return {name: deserializer.deserialize(value) for name, value in item.items()}


def _condition_of(write: Put) -> _PutRequest:
    if write.condition is None:
        return {}
    request: _PutRequest = {"ConditionExpression": write.condition}
    if names := _names(write.condition):
        request["ExpressionAttributeNames"] = names
    if write.values:
        request["ExpressionAttributeValues"] = _values(write.values)
    return request


def _names(expressions: str) -> dict[str, str]:
    return {f"#{name}": name for name in re.findall(r"#(\w+)", expressions)}


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    return serialised({f":{name}": value for name, value in values.items()})
