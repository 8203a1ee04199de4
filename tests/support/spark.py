"""Spark on this machine, for tests."""

import os
import signal
import sys

import pytest

# One JVM for all of them, in one worker of the tests.
ON_SPARK = [
    pytest.mark.long,
    pytest.mark.xdist_group("spark"),
    pytest.mark.timeout(300),
    # Spark's gateway leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]
"""Marks of a module with such tests."""


@pytest.fixture(scope="module")
def spark_session():
    """A session bound to loopback, with workers in this interpreter and with this process's path."""
    environment = {
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # Otherwise a worker would find this folder's datasets before those of the tests.
        "PYTHONSAFEPATH": "1",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    before = {name: os.environ.get(name) for name in environment}
    # Spark handles ctrl-C itself and keeps the handler after it has stopped.
    interrupt = signal.getsignal(signal.SIGINT)
    os.environ.update(environment)
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    yield session
    session.stop()
    signal.signal(signal.SIGINT, interrupt)
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
