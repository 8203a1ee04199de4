"""Shared parts of the SQL extraction's tests: a server, and a deployed bucket, ledger and task role."""

import contextlib
import io
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import dataframely as dy
import polars as pl
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulation.sql_server.server import SourceSettings, start
from jobs.extract_from_sql.connection import Server, trusting
from lake.parameters import Database, certificate_parameter, database_parameter, password_parameter
from processing.declaring.dataset import Dataset, SqlSource
from tests.support.deployed_roles import deployed_policy, places_of_lake, role_credentials
from tests.support.emulators import new_session

REGION = "eu-west-1"
CONNECTION = "office"
DATABASE = "society"
MSSQL_URL = "MSSQL_URL"
"""Environment variable with the URL of a real SQL Server for the tests."""
_SESSION = new_session()
COLUMNS = "id int not null primary key, note nvarchar(40), at datetime2(7)"


@dataclass(frozen=True)
class Address:
    """The credentials for a database."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    certificate: str


class SqlServer:
    """A running server and its tables. Each test creates its own tables."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.server = Server(
            Database(
                host=address.host,
                port=address.port,
                database=address.database,
                user=address.user,
                password_parameter="",
                certificate_parameter="",
            ),
            address.password,
        )

    def run(self, statement: str) -> None:
        """Run a statement without a result."""
        with trusting(self.address.certificate), self.server.connect() as connection:
            connection.execute(statement)

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Return a query's rows."""
        with trusting(self.address.certificate), self.server.connect() as connection:
            return [tuple(row) for row in connection.execute(statement).fetchall()]

    def create_table(self, columns: str) -> str:
        """Create a table in dbo, and return its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.run(f"create table dbo.{name} ({columns})")
        return name

    def insert(self, table: str, rows: str) -> None:
        """Insert rows, such as "(1, N'a'), (2, null)"."""
        self.run(f"insert into dbo.{table} values {rows}")  # noqa: S608 - a test's own

    def update(self, table: str, changes: str, condition: str) -> None:
        """Change rows."""
        self.run(f"update dbo.{table} set {changes} where {condition}")  # noqa: S608 - a test's own

    def delete(self, table: str, condition: str) -> None:
        """Delete rows."""
        self.run(f"delete from dbo.{table} where {condition}")  # noqa: S608 - a test's own


def real_sql_server() -> SqlServer | None:
    """Return the server at MSSQL_URL; None if the variable is not set."""
    return SqlServer(address_of(os.environ[MSSQL_URL])) if MSSQL_URL in os.environ else None


def address_of(url: str) -> Address:
    """Parse a URL such as mssql://user:password@host:1433/database?certificate=server.pem.

    Raises:
        ValueError: the URL has another form. The message contains nothing of it, because it may contain the password.
    """
    try:
        parts = urlsplit(url)
        (certificate,) = parse_qs(parts.query)["certificate"]
        host, port, database = parts.hostname, parts.port or 1433, parts.path.strip("/")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except (ValueError, KeyError):
        host = database = user = password = ""
    if not (host and database and user and password):
        raise ValueError(
            f"{MSSQL_URL} has another form than mssql://USER:PASSWORD@HOST:PORT/DATABASE?certificate=FILE; "
            "write special characters of the password as %40, for instance"
        )
    return Address(host, port, database, user, password, Path(certificate).read_text())


@contextlib.contextmanager
def running_sql_source(folder: Path) -> Iterator[SqlServer]:
    """The stand-in, in threads of this process, or the real server if there is one."""
    if (real := real_sql_server()) is not None:
        yield real
        return
    certificate, key = new_certificate()
    files = {"certificate.pem": certificate, "key.pem": key, "password": "p}w;d {Ü}"}
    for name, text in files.items():
        (folder / name).write_text(text)
    source = start(
        SourceSettings(
            database_file=folder / "source.duckdb",
            certificate=folder / "certificate.pem",
            private_key=folder / "key.pem",
            password_file=folder / "password",
            database=DATABASE,
            user="extraction",
        )
    )
    try:
        yield SqlServer(Address("127.0.0.1", source.port, DATABASE, "extraction", files["password"], certificate))
    finally:
        source.stop()


def new_certificate() -> tuple[str, str]:
    """Return a self-signed certificate for 127.0.0.1 and its key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("127.0.0.1")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem).decode(), private.decode()


class SqlStack:
    """A bucket, a ledger, a database's parameters, and the task's role with the policy that the program deploys."""

    def __init__(self, endpoint: str, datasets: tuple[str, ...], connection: str = CONNECTION) -> None:
        self.endpoint, self._connection = endpoint, connection
        self._name = f"extraction-{uuid.uuid4().hex[:12]}"
        self.bucket = self.table = self._name
        self.prefix = f"/data-platform/{self._name}"
        self.s3, self.dynamodb, self.ssm = (self.client(service) for service in ("s3", "dynamodb", "ssm"))
        self.key_arn = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.dynamodb.create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        places = places_of_lake(self.bucket, self.key_arn, self.table, self.prefix)
        policy = deployed_policy("extraction-task", places, datasets)
        self._credentials = role_credentials(self.client, self._name, policy)

    def client(self, service: str) -> Any:
        """Return a client of the account's root user."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return _SESSION.client(service, endpoint_url=self.endpoint, region_name=REGION, **keys)

    @cached_property
    def role_dynamodb(self) -> Any:
        """A DynamoDB client under the task's role."""
        return new_session(self._credentials).client("dynamodb", endpoint_url=self.endpoint, region_name=REGION)

    @property
    def environment(self) -> dict[str, str]:
        """Return the task's environment: its role's credentials."""
        return {**self._credentials, "AWS_ENDPOINT_URL": self.endpoint, "AWS_DEFAULT_REGION": REGION}

    @property
    def arguments(self) -> list[str]:
        """Return the task's arguments."""
        return ["--bucket", self.bucket, "--ledger-table", self.table, "--parameter-prefix", self.prefix]

    def deploy(self, address: Address, *, certificate: str | None = None, password: str | None = None) -> None:
        """Write the database's parameters as the program does, or one of them wrong."""
        database = Database(
            host=address.host,
            port=address.port,
            database=address.database,
            user=address.user,
            password_parameter=password_parameter(self.prefix, self._connection),
            certificate_parameter=certificate_parameter(self.prefix, self._connection),
        )
        self._put(database_parameter(self.prefix, self._connection), database.to_json())
        self._put(database.certificate_parameter, certificate or address.certificate)
        self.ssm.put_parameter(
            Name=database.password_parameter,
            Value=password or address.password,
            Type="SecureString",
            KeyId=self.key_arn,
            Overwrite=True,
        )

    def end_lease(self, dataset: str) -> None:
        """End the lease of a dataset's claim, as waiting would."""
        self.dynamodb.update_item(
            TableName=self.table,
            Key={"pk": {"S": f"dataset#{dataset}"}, "sk": {"S": "watermark"}},
            UpdateExpression="SET lease_until = :past",
            ExpressionAttributeValues={":past": {"S": "2020-01-01T00:00:00.000000+00:00"}},
        )

    def keys(self, dataset: str) -> list[str]:
        """Return the keys of the extracted objects."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"inbound/{dataset}/").get("Contents", [])
        return [entry["Key"] for entry in listed]

    def read(self, key: str) -> pl.DataFrame:
        """Return an object's rows."""
        return pl.read_parquet(io.BytesIO(self.read_bytes(key)))

    def read_bytes(self, key: str) -> bytes:
        """Return an object's bytes."""
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def metadata(self, key: str) -> dict[str, str]:
        """Return an object's metadata."""
        return self.s3.head_object(Bucket=self.bucket, Key=key)["Metadata"]

    def _put(self, name: str, value: str) -> None:
        self.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


class Items(dy.Schema):
    """COLUMNS."""

    id = dy.Int64(primary_key=True)
    note = dy.String(nullable=True)
    at = dy.Datetime(nullable=True, time_unit="ns")


def dataset(table: str, name: str = "items", schema: type[dy.Schema] = Items, **source) -> Dataset:
    """Return a dataset from a table, incremental by `at` by default."""
    declared = {"mode": "incremental", "watermark": "at", "schedule": "rate(1 hour)"} | source
    return Dataset(
        name=name,
        schema=schema,
        source=SqlSource(CONNECTION, "dbo", table, **declared),
        owner="logistics",
        freshness=timedelta(days=1),
    )


def only_rows(stack: SqlStack, logged: list[dict[str, object]]) -> list[tuple[object, ...]]:
    """Return the rows of the one object that a run wrote, by key."""
    (line,) = logged
    return stack.read(str(line["object"])).sort("id").rows()


def at(text: str) -> str:
    """Return a time of the tests' day, as a literal."""
    return f"'2021-11-22 {text}'"
