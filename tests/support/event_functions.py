"""Shared parts of the tests of the stream's and the index's functions: their own resources, and the deployed roles."""

import json
import time
import uuid

import boto3
import pytest

from emulation.aws.emulator import EMULATOR_ACCESS_KEY, EMULATOR_SECRET_KEY
from functions.event_batcher import handler as batcher
from functions.event_receiver import handler as receiver
from functions.object_index import handler as recorder
from lake.callbacks import callback_parameter, callback_secret_parameter
from lake.object_index.index import ObjectIndex
from lake.object_index.totals import TotalsTable
from tests.support.deployed_roles import ACCOUNT, arn_of, deployed_policy, parameters_below, role_credentials
from tests.support.emulators import REGION, new_session
from tests.support.index_tables import create_index_tables

PREFIX, SECRET = "/event-functions", "what is shared"
KEY_ID = "key-of-the-scanner"
FUNCTIONS = {"stream-receiver": receiver, "stream-batcher": batcher, "attributes-recorder": recorder}
"""The functions' modules, by role."""


class EventsStack:
    """The functions' resources, newly created."""

    def __init__(self):
        name = f"events-{uuid.uuid4().hex[:12]}"
        self.s3, self.sqs, self.bucket = boto3.client("s3"), boto3.client("sqs"), name
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.queue, self.dead_letters = (
            self.sqs.create_queue(QueueName=f"{name}-{each}")["QueueUrl"] for each in ("queue", "dead")
        )
        dynamodb = boto3.resource("dynamodb")
        self.signatures = dynamodb.create_table(
            TableName=f"{name}-signatures",
            KeySchema=[{"AttributeName": "signature", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "signature", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.index_tables = create_index_tables(boto3.client("dynamodb"), name)
        self.index = ObjectIndex(boto3.client("dynamodb"), self.index_tables.index)
        self.totals = TotalsTable(boto3.client("dynamodb"), self.index_tables.totals)
        ssm, secret = boto3.client("ssm"), callback_secret_parameter(PREFIX, "scales")
        configuration = json.dumps({"event_id_pointer": "/id", "secret_parameter": secret})
        ssm.put_parameter(Name=callback_parameter(PREFIX, "scales"), Value=configuration, Type="String", Overwrite=True)
        ssm.put_parameter(Name=secret, Value=SECRET, Type="SecureString", Overwrite=True)
        self._name = name

    @property
    def environment(self):
        return {
            "EVENTS_QUEUE_URL": self.queue,
            "PARAMETER_PREFIX": PREFIX,
            "SIGNATURES_TABLE": self.signatures.name,
            "API_KEY_PROVIDERS": json.dumps({KEY_ID: "scanner"}),
            "CALLBACK_PROVIDERS": "scales",
            "LAKE_BUCKET": self.bucket,
            "EVENTS_DATASET": "readings",
            "EVENTS_DEAD_LETTER_QUEUE_URL": self.dead_letters,
            "ATTRIBUTES_TABLE": self.index_tables.index,
            "TOTALS_TABLE": self.index_tables.totals,
        }

    def session_of(self, role):
        """Return a session under a function's role with the policy that the program deploys."""
        queue, dead_letters = (
            f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}" for url in (self.queue, self.dead_letters)
        )
        lake = {arn_of("bucket"): f"arn:aws:s3:::{self.bucket}"}
        places = {
            "stream-receiver": {
                arn_of("stream-events"): queue,
                arn_of("stream-signatures"): self.signatures.table_arn,
                **parameters_below(PREFIX),
            },
            "stream-batcher": {**lake, arn_of("stream-dead-letters"): dead_letters},
            "attributes-recorder": {
                **lake,
                arn_of("attributes-table"): table_arn(self.index_tables.index),
                arn_of("attributes-totals"): table_arn(self.index_tables.totals),
                arn_of("attributes-objects"): queue,
            },
        }
        policy = deployed_policy(role, places[role])
        return new_session(role_credentials(boto3.client, f"{self._name}-{role}", policy))

    def messages(self, queue, count, *, seconds=20):
        """Take so many messages from a queue; fewer if no more arrive for some seconds."""
        taken, until = [], time.monotonic() + seconds
        while len(taken) < count:
            answer = self.sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
            )
            if not (received := answer.get("Messages", ())) and time.monotonic() >= until:
                break
            for message in received:
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                taken.append(message)
        return taken


@pytest.fixture
def events_stack(engine_emulator, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", engine_emulator.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", EMULATOR_ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", EMULATOR_SECRET_KEY)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    # The default session keeps the first credentials that it finds, and each function keeps its clients.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", new_session())
    stack = EventsStack()
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    for role, module in FUNCTIONS.items():
        monkeypatch.setattr(module, "boto3", stack.session_of(role))
    forget_environment()
    yield stack
    forget_environment()


def table_arn(name):
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def forget_environment():
    """Let the functions read their environment again and create their clients from it."""
    for cached in (receiver.settings, receiver.receiver, batcher._batcher, recorder._recorder):
        cached.cache_clear()
