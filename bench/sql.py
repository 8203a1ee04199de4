"""Extraction of a table of 1 M rows and 8 columns, compared with common alternatives: the client's CPU and memory.

Run by `make bench NAME=sql`; `--quick` takes fewer rows and one run. The server is the local stand-in in a process of
its own. Each contestant also has its own process, and only that process is measured: its CPU time according to the
operating system, including imports, and its peak resident memory. The extraction runs from its own entry point, with
ledger and upload, against the embedded AWS.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from bench.environments import ENVIRONMENTS, make_environment
from emulation.aws.emulator import Emulator
from emulation.processes import BackgroundProcess
from jobs.extract_from_sql.connection import Server, odbc_driver, trusting
from lake.parameters import Database, certificate_parameter, database_parameter, password_parameter
from ops.stack.target import EMULATOR_ACCESS_KEY, EMULATOR_SECRET_KEY, local_environment
from tests.support.emulators import free_port

ROOT: Final = Path(__file__).resolve().parent.parent
CONTESTANTS: Final = ROOT / "bench" / "sql_contestants.py"
OURS: Final = "extraction"
BY_PYODBC: Final = ("pyodbc_fetchmany", "pandas_read_sql", "polars_read_database", "dlt_sql_database")
# Code that users would write. pyodbc_fetchmany is the extraction itself without the Arrow reader.
RIVALS: Final = BY_PYODBC[1:]
REGION: Final = "eu-west-1"
HOST: Final = "127.0.0.1"
DATABASE: Final = "bench"
PASSWORD: Final = "Bench-Passw0rd"  # noqa: S105 - for a server on loopback that stops with the benchmark
PREFIX: Final = "/data-platform/bench"
FIRST_ROWS: Final = 15_625
INSERTED_AT_ONCE: Final = 625
MEBIBYTE: Final = 1024 * 1024
# In the order of a row's columns in `_row`.
COLUMNS: Final = (
    "order_id bigint not null primary key, customer_id int, amount decimal(12,2), quantity smallint, is_paid bit,"
    " ordered_on date, note nvarchar(60), updated_at datetime2(3)"
)


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources that one process used."""

    processor_seconds: float
    """User and system time of the whole process."""
    after_imports: float
    """The part of this time after the imports."""
    peak_mebibytes: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="62,500 and 250,000 rows, one run each")
    quick = parser.parse_args().quick
    doublings, runs = (2, 1) if quick else (6, 5)
    for requirements in ("extract", "bench"):
        make_environment(requirements)
    with tempfile.TemporaryDirectory(prefix="bench-sql-") as folder, _running(Path(folder)) as (server, environment):
        _fill(server, doublings)
        rows = FIRST_ROWS << doublings
        print(f"{rows:,} rows x 8 columns, median of {runs}\n{'':24}{'CPU s':>8}{'work s':>8}{'peak MiB':>10}")
        used = {name: _measure(name, environment, Path(folder), runs) for name in (OURS, *BY_PYODBC)}
        best = min(used[name].processor_seconds for name in RIVALS)
        best_work = min(used[name].after_imports for name in RIVALS)
        ratio, of_work = used[OURS].processor_seconds / best, used[OURS].after_imports / best_work
        print(f"the extraction takes {ratio:.2f} of the best by way of pyodbc; {of_work:.2f} without either's imports")
        reader = used[OURS].after_imports / used["pyodbc_fetchmany"].after_imports
        print(f"its Arrow reader with all around it takes {reader:.2f} of pyodbc's fetchmany alone")
        _double(server, 2)
        large = _measure(OURS, environment, Path(folder), 1, shown_as=f"{OURS}, {rows * 4:,} rows")
        print(
            f"peak memory: {used[OURS].peak_mebibytes:.0f} MiB, of four times the rows {large.peak_mebibytes:.0f} MiB"
        )


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[tuple[Server, dict[str, str]]]:
    """Run the stand-in and the embedded AWS. Yield the server and the contestants' environment."""
    certificate = _write_certificate(folder)
    (folder / "password").write_text(PASSWORD)
    source = BackgroundProcess("sql-source", folder)
    ready = folder / "port"
    command = [sys.executable, "-m", "emulation.sql_server", "--database-file", str(folder / "source.duckdb")]
    command += ["--password-file", str(folder / "password"), "--user", "bench", "--ready-file", str(ready)]
    command += ["--database", DATABASE]
    command += ["--certificate", str(folder / "certificate.pem"), "--private-key", str(folder / "key.pem")]
    emulator = Emulator(free_port(), REGION, folder)
    try:
        source.start(command, local_environment(os.environ), is_ready=ready.exists, within_seconds=30)
        emulator.start()
        database = Database(
            host=HOST,
            port=int(ready.read_text()),
            database=DATABASE,
            user="bench",
            password_parameter=password_parameter(PREFIX, "bench"),
            certificate_parameter=certificate_parameter(PREFIX, "bench"),
        )
        (folder / "none").mkdir()
        environment = {
            **local_environment(os.environ),
            **_deploy(emulator, database, certificate),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
            "SSL_CERT_FILE": str(folder / "certificate.pem"),
            "SSL_CERT_DIR": str(folder / "none"),
            "BENCH_CONNECTION_STRING": f"Driver={odbc_driver()};Server={HOST},{database.port};Database={DATABASE};"
            f"UID=bench;PWD={PASSWORD};Encrypt=yes;TrustServerCertificate=no",
        }
        with trusting(certificate):
            yield Server(database, PASSWORD), environment
    finally:
        emulator.process.stop()
        source.stop()


def _deploy(emulator: Emulator, database: Database, certificate: str) -> dict[str, str]:
    """Create a bucket, a ledger and the parameters. Return the environment variables that name them."""
    credentials = {"aws_access_key_id": EMULATOR_ACCESS_KEY, "aws_secret_access_key": EMULATOR_SECRET_KEY}
    session = boto3.Session(**credentials, region_name=REGION)
    s3, dynamodb, ssm = (session.client(each, endpoint_url=emulator.endpoint) for each in ("s3", "dynamodb", "ssm"))
    s3.create_bucket(Bucket="bench", CreateBucketConfiguration={"LocationConstraint": REGION})
    dynamodb.create_table(
        TableName="bench",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    ssm.put_parameter(Name=database_parameter(PREFIX, "bench"), Value=database.to_json(), Type="String")
    ssm.put_parameter(Name=database.certificate_parameter, Value=certificate, Type="String")
    ssm.put_parameter(Name=database.password_parameter, Value=PASSWORD, Type="SecureString")
    return {
        **{name.upper(): value for name, value in credentials.items()},
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "BENCH_ARGUMENTS": f"--bucket bench --ledger-table bench --parameter-prefix {PREFIX}",
    }


def _write_certificate(folder: Path) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    certificate = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False).sign(
        key, hashes.SHA256()
    )
    pem = serialization.Encoding.PEM
    text = certificate.public_bytes(pem).decode()
    (folder / "certificate.pem").write_text(text)
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return text


def _fill(server: Server, doublings: int) -> None:
    with server.connect() as connection:
        connection.execute(f"CREATE TABLE dbo.sales ({COLUMNS})")
        for start in range(0, FIRST_ROWS, INSERTED_AT_ONCE):
            rows = ", ".join(_row(number) for number in range(start, start + INSERTED_AT_ONCE))
            connection.execute(f"INSERT INTO dbo.sales VALUES {rows}")  # noqa: S608 - made here
    _double(server, doublings)


def _row(number: int) -> str:
    day = 1 + number % 28
    return (
        f"({number}, {number * 7919 % 5000}, {number * 37 % 100_000}.{number % 100:02}, {number % 10}, {number % 2},"
        f" '2026-01-{day:02}', N'order {number}, left at the door', '2026-01-{day:02} 10:00:{number % 60:02}.123')"
    )


def _double(server: Server, times: int) -> None:
    with server.connect() as connection:
        for _ in range(times):
            (count,) = connection.execute("SELECT MAX(order_id) + 1 FROM dbo.sales").fetchall()[0]
            connection.execute(
                f"INSERT INTO dbo.sales SELECT order_id + {count}, customer_id, amount, quantity, is_paid, ordered_on,"  # noqa: S608 - a number
                " note, updated_at FROM dbo.sales"
            )


def _measure(name: str, environment: dict[str, str], folder: Path, runs: int, shown_as: str | None = None) -> Usage:
    usages = [_run(name, environment, folder) for _ in range(runs)]
    usage = Usage(
        processor_seconds=statistics.median(each.processor_seconds for each in usages),
        after_imports=statistics.median(each.after_imports for each in usages),
        peak_mebibytes=max(each.peak_mebibytes for each in usages),
    )
    label = shown_as or name
    print(f"{label:24}{usage.processor_seconds:8.2f}{usage.after_imports:8.2f}{usage.peak_mebibytes:10.0f}", flush=True)
    return usage


def _run(name: str, environment: dict[str, str], folder: Path) -> Usage:
    with tempfile.TemporaryDirectory(dir=folder) as target:
        # The extraction has only the packages of its image, because libraries import optional packages that they find.
        python = ENVIRONMENTS / ("extract" if name == OURS else "bench") / "bin/python"
        command: Sequence[str] = [str(python), str(CONTESTANTS), name, target]
        log = folder / f"{name}.log"
        with log.open("w") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
            # wait4 returns the usage of this process only.
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{name} failed:\n{log.read_text()[-3000:]}")
    (line,) = (line for line in log.read_text().splitlines() if line.startswith("processor seconds:"))
    return Usage(usage.ru_utime + usage.ru_stime, float(line.split(":")[1]), usage.ru_maxrss * 1024 / MEBIBYTE)


if __name__ == "__main__":
    main()
