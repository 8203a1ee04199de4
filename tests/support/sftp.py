"""Shared parts of the tests of the SFTP source and the collector: an emulator, a source in a thread, a dataset."""

import asyncio
import contextlib
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import asyncssh
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulation.sftp_server.server import ChrootedFiles, FilesFactory, SourceSettings, host_key_line, start
from lake.ledger.ledger import Entry, Ledger
from lake.parameters import (
    Collection,
    Connection,
    collection_parameter,
    connection_parameter,
    private_key_parameter,
)
from tests.support.deployed_roles import deployed_policy, places_of_lake, role_credentials
from tests.support.emulators import new_session

REGION = "eu-west-1"
USER = "carrier"
START_SECONDS = 60
_SESSION = new_session()

# The tests generate the key, and checking it takes 0.1 s at each of its many readings.
asyncssh.set_default_skip_rsa_key_validation(True)


@dataclass(frozen=True)
class ClientKey:
    """An RSA key pair of a client."""

    pem: str
    public_line: str


def new_client_key() -> ClientKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return ClientKey(pem.decode(), line.decode())


@dataclass(frozen=True)
class Source:
    """A running SFTP source."""

    port: int
    root: Path
    host_key: str


@contextlib.contextmanager
def running_source(settings: SourceSettings, files: FilesFactory = ChrootedFiles) -> Iterator[Source]:
    """The real asyncssh source, in an event loop in its own thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        source = asyncio.run_coroutine_threadsafe(start(settings, files), loop).result(START_SECONDS)
        try:
            yield Source(source.port, settings.root, host_key_line(settings.host_key))
        finally:
            asyncio.run_coroutine_threadsafe(source.stop(), loop).result(START_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_SECONDS)
        loop.close()


class Stack:
    """A bucket, a ledger and parameters, and the collector's role with the policy that the program deploys."""

    def __init__(self, endpoint: str, datasets: tuple[str, ...] = ("parcels",)) -> None:
        self.endpoint = endpoint
        self._name = f"collector-{uuid.uuid4().hex[:12]}"
        self.bucket = self.table = self._name
        self.prefix = f"/data-platform/{self._name}"
        self.s3 = self._root("s3")
        self.dynamodb = self._root("dynamodb")
        self.ssm = self._root("ssm")
        kms = self._root("kms")
        self.key_arn = kms.create_key()["KeyMetadata"]["Arn"]
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.dynamodb.create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        places = places_of_lake(self.bucket, self.key_arn, self.table, self.prefix)
        policy = deployed_policy("collector-sftp", places, datasets)
        self._credentials = role_credentials(self._root, self._name, policy)

    def _root(self, service: str):
        return _SESSION.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @cached_property
    def role_dynamodb(self):
        """A DynamoDB client under the collector's role."""
        return new_session(self._credentials).client("dynamodb", endpoint_url=self.endpoint, region_name=REGION)

    @property
    def environment(self) -> dict[str, str]:
        """Return the function's environment: its settings, and its role's credentials."""
        return {
            **self._credentials,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "LAKE_BUCKET": self.bucket,
            "LEDGER_TABLE": self.table,
            "PARAMETER_PREFIX": self.prefix,
        }

    def deploy(self, connection: Connection, key: ClientKey, collection: Collection) -> None:
        """Write a dataset's parameters."""
        self._put(connection_parameter(self.prefix, collection.connection), connection.to_json())
        self._put(collection_parameter(self.prefix, collection.dataset), collection.to_json())
        self.ssm.put_parameter(
            Name=private_key_parameter(self.prefix, collection.connection),
            Value=key.pem,
            Type="SecureString",
            KeyId=self.key_arn,
            Overwrite=True,
        )

    def _put(self, name: str, value: str) -> None:
        self.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def objects(self) -> dict[str, bytes]:
        """Return every object of the lake, by key."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {
            entry["Key"]: self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read() for entry in listed
        }

    def open_uploads(self) -> list[str]:
        """Return the keys of multipart uploads that were neither completed nor aborted."""
        return [upload["Key"] for upload in self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])]

    def entries(self, dataset: str = "parcels") -> list[Entry]:
        """Return the ledger's entries."""
        return list(Ledger(self.dynamodb, self.table).entries(dataset))
