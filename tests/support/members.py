"""The table of members in the stand-in for the office's SQL Server."""

from datetime import UTC, datetime, timedelta
from typing import Final

from datasets import DATASETS
from local.platform_instance import PARAMETER_PREFIX, LocalPlatform
from ops.stack.target import find_target
from processing.declaring.dataset import SqlSource

ROWS: Final = 100
_FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_UNDATED_EVERY: Final = 50


def seed_members(platform: LocalPlatform) -> None:
    """Create the table that the dataset is extracted from, with members 1 to ROWS; some have no time of change."""
    source = DATASETS["members"].source
    assert isinstance(source, SqlSource)
    target = find_target("local", platform.state_directory)
    server = platform.sql_servers[source.connection]
    with server.connect(server.database(target, PARAMETER_PREFIX)) as connection:
        connection.execute(f"CREATE SCHEMA [{source.schema}]")
        connection.execute(
            f"CREATE TABLE [{source.schema}].[{source.table}] ([number] int NOT NULL PRIMARY KEY,"
            " [name] nvarchar(100), [street] nvarchar(100), [locker] nvarchar(20), [note] nvarchar(40),"
            " [changed_at] datetime2(7) NULL)"
        )
        rows = ", ".join(map(_row, range(1, ROWS + 1)))
        connection.execute(f"INSERT INTO [{source.schema}].[{source.table}] VALUES {rows}")  # noqa: S608 - declared names
        connection.commit()


def _row(number: int) -> str:
    at = f"CAST('{_FIRST + timedelta(hours=number):%Y-%m-%dT%H:%M:%S}.1234567' AS datetime2(7))"
    changed = at if number % _UNDATED_EVERY else "NULL"
    return f"({number}, N'Name {number}', N'Street {number}', N'A{number}', NULL, {changed})"
