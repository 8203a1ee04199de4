"""Runs lines of docs/read-tables.md: `python one_liner_program.py TASK.json OUT.json`, in whichever environment."""

import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any


def main() -> None:
    """Write what each line gives as JSON."""
    given, out = sys.argv[1:]
    task = json.loads(Path(given).read_text())
    results = by_sql(task) if task["language"] == "sql" else by_python(task)
    Path(out).write_text(json.dumps(results, default=str))


def by_python(task: dict[str, Any]) -> dict[str, Any]:
    """Each line is an expression of Python."""
    names = dict(task["names"])
    if "jar" in task:
        names["spark"] = new_spark(task["jar"])
    exec(task["setup"], names)  # noqa: S102 - the page's own lines
    return {task: rows_of(eval(line, names)) for task, line in task["lines"].items()}  # noqa: S307 - the page's own lines


def rows_of(result: Any) -> Any:
    """The rows of what a library calls a table, as objects."""
    if isinstance(result, int):
        return [{"count": result}]
    if hasattr(result, "to_dicts"):
        return result.to_dicts()
    if hasattr(result, "toPandas"):
        return [row.asDict() for row in result.collect()]
    if hasattr(result, "reset_index"):
        return result.reset_index().to_dict("records")
    return None


def by_sql(task: dict[str, Any]) -> dict[str, Any]:
    """Each line is a statement of DuckDB's, whose extensions are packages here: nothing is fetched."""
    import duckdb

    def with_names(line: str) -> str:
        for name, value in task["names"].items():
            line = line.replace(name, str(value).removeprefix("file://"))
        return line

    with duckdb.connect() as database:
        for extension in ("avro", "iceberg"):
            (file,) = Path(sysconfig.get_path("purelib")).glob(f"duckdb_extension_{extension}/**/*.duckdb_extension")
            database.execute(f"LOAD '{file}'")
        for line in task["setup"].splitlines():
            if line.startswith("CREATE VIEW"):
                database.execute(with_names(line))
        lines = task["lines"].items()
        # By pandas, which needs no other package for times with a zone.
        return {name: database.execute(with_names(line)).df().to_dict("records") for name, line in lines}


def new_spark(jar: str) -> Any:
    """A session that has Iceberg's runtime."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    options = {
        "spark.jars": jar,
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
    }
    made: Any = SparkSession.builder
    builder = made.master("local[1]")
    for name, value in options.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


if __name__ == "__main__":
    main()
