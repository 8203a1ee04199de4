"""The embedded SQL source: replaces a SQL Server with customers' data on this machine, in pure Python.

It speaks TDS, so that Microsoft's ODBC driver and `mssql-python` treat it as SQL Server, and runs a part of T-SQL in
DuckDB. One user with a password, always TLS, only on 127.0.0.1. Unsupported T-SQL is an error that names the statement.
"""

from emulation.sql_server.server import LOOPBACK, RunningSource, SourceSettings, start

__all__ = ["LOOPBACK", "RunningSource", "SourceSettings", "start"]
