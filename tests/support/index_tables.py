"""The object index's two tables, in the emulator or in the emulator's DynamoDB within this process."""

import asyncio
import io
import uuid
from threading import Lock
from typing import NamedTuple

import boto3
from botocore.awsrequest import AWSResponse
from ministack.services import dynamodb as emulated

from lake.object_index import items, totals

_ONE_AT_A_TIME = Lock()


class IndexTables(NamedTuple):
    """Names of the tables."""

    index: str
    totals: str


def create_index_tables(dynamodb, name):
    """Create the tables as the program does."""

    def create(suffix, keys, indexes=()):
        names = {*keys, *(each for pair in indexes for each in pair[1])}
        dynamodb.create_table(
            TableName=f"{name}-{suffix}",
            KeySchema=_schema(keys),
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in sorted(names)],
            BillingMode="PAY_PER_REQUEST",
            **({"GlobalSecondaryIndexes": [_index(*each) for each in indexes]} if indexes else {}),
        )
        return f"{name}-{suffix}"

    indexes = [(index, (attribute, items.ARRIVED_AT)) for index, attribute in items.INDEXES.items()]
    return IndexTables(
        create("attributes", [items.OBJECT_KEY], indexes),
        create("totals", [totals.PARTITION_KEY, totals.SORT_KEY]),
    )


def fresh_index_tables(dynamodb):
    """Return tables under a new name."""
    return create_index_tables(dynamodb, f"index-{uuid.uuid4().hex[:12]}")


def dynamodb_in_process(before=lambda _: None, after=lambda _: None):
    """Return a client whose requests the emulator's code answers in this process, without a server.

    Args:
        before: called with each operation before it runs.
        after: called after it ran, before the client has the answer.
    """
    client = boto3.client("dynamodb", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")

    def answer(request, event_name, **_):
        operation = event_name.rpartition(".")[2]
        before(operation)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        with _ONE_AT_A_TIME:
            handled = emulated.handle_request(request.method, "/", headers, request.body, {})
            status, answered, body = asyncio.run(handled)
        after(operation)
        return AWSResponse(request.url, status, answered, _Raw(body if isinstance(body, bytes) else body.encode()))

    client.meta.events.register("before-send.dynamodb", answer)
    return client


class _Raw(io.BytesIO):
    """An answer's body in urllib3's form."""

    def stream(self, **_):
        yield self.read()


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def _schema(keys):
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def _index(name, keys):
    return {"IndexName": name, "KeySchema": _schema(keys), "Projection": {"ProjectionType": "ALL"}}
