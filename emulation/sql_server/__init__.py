"""The embedded SQL source: what a SQL Server with customers' data is to the platform, on this machine, in pure Python.

It speaks TDS, so that Microsoft's ODBC driver and `mssql-python` talk to it as to SQL Server, and runs a part of T-SQL
in DuckDB. One user with a password, TLS always, 127.0.0.1 alone. What it does not support is an error that names the
statement.
"""

from emulation.sql_server.server import LOOPBACK, RunningSource, SourceSettings, start

__all__ = ["LOOPBACK", "RunningSource", "SourceSettings", "start"]
