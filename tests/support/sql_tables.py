"""SQL Server tables as described by the catalogue, for tests without a server."""

from jobs.extract_from_sql.catalogue import Column, Table


def column(name: str, data_type: str, *, length=None, precision=None, scale=None, is_nullable=True) -> Column:
    return Column(name, data_type, length, precision, scale, is_nullable)


def table(*columns: Column, name: str = "members") -> Table:
    return Table("club", name, columns)


MEMBERS = (
    column("number", "int"),
    column("name", "nvarchar", length=50),
    column("street", "nvarchar", length=50),
    column("locker", "varchar", length=100),
    column("note", "varchar", length=20),
    column("changed_at", "datetime2", scale=7),
)
