"""What the tests of the SFTP source and its collector share: an emulator, a source in a thread, a deployed dataset."""

import asyncio
import contextlib
import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lake.collection import (
    Collection,
    Connection,
    collection_parameter,
    connection_parameter,
    private_key_parameter,
)
from lake.ledger import Entry, Ledger
from local.sftp_source import ChrootedFiles, FilesFactory, SourceSettings, host_key_line, start
from tests.emulator.emulators import new_session

REGION = "eu-west-1"
USER = "dealer"
START_SECONDS = 60
_SESSION = new_session()


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
    """The real asyncssh source, in an event loop of its own thread."""
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
    """A bucket, a ledger, parameters and a collector's role, as the program deploys them."""

    def __init__(self, endpoint: str, datasets: tuple[str, ...] = ("vehicles",)) -> None:
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
        self.credentials = self._role_credentials(datasets)

    def _root(self, service: str):
        return _SESSION.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def _role_credentials(self, datasets: tuple[str, ...]) -> dict[str, str]:
        iam = self._root("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName=self._name, AssumeRolePolicyDocument=_policy([trust]))["Role"]
        iam.put_role_policy(
            RoleName=self._name, PolicyName="collect", PolicyDocument=_policy(self._permissions(datasets))
        )
        assumed = self._root("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="collector")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": assumed["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": assumed["SecretAccessKey"],
            "AWS_SESSION_TOKEN": assumed["SessionToken"],
        }

    def _permissions(self, datasets: tuple[str, ...]) -> list[dict[str, object]]:
        account = f"{REGION}:000000000000"
        return [
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                "Resource": [f"arn:aws:s3:::{self.bucket}/inbound/{dataset}/*" for dataset in datasets],
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucketMultipartUploads",
                "Resource": f"arn:aws:s3:::{self.bucket}",
            },
            {
                "Effect": "Allow",
                "Action": [
                    "dynamodb:GetItem",
                    "dynamodb:BatchGetItem",
                    "dynamodb:PutItem",
                    "dynamodb:UpdateItem",
                    "dynamodb:Query",
                ],
                "Resource": f"arn:aws:dynamodb:{account}:table/{self.table}",
            },
            {
                "Effect": "Allow",
                "Action": "ssm:GetParameter",
                "Resource": [
                    f"arn:aws:ssm:{account}:parameter{self.prefix}/connections/*",
                    f"arn:aws:ssm:{account}:parameter{self.prefix}/datasets/*",
                ],
            },
            {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": self.key_arn},
        ]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the function: its settings, and its role's credentials."""
        return {
            **self.credentials,
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
        """Every object of the lake, by key."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {
            entry["Key"]: self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read() for entry in listed
        }

    def open_uploads(self) -> list[str]:
        """Keys of multipart uploads that were neither completed nor aborted."""
        return [upload["Key"] for upload in self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])]

    def entries(self, dataset: str = "vehicles") -> list[Entry]:
        """The ledger's entries."""
        return list(Ledger(self.dynamodb, self.table).entries(dataset))


def _policy(statements: list[dict[str, object]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
