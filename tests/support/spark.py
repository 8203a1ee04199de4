"""Spark on this machine, for tests."""

import os
import signal
import sys

import pytest

from processing.running.spark import JARS
from tests.support.iceberg_runtime import iceberg_jars

# One JVM for all of them, in one worker of the tests.
ON_SPARK = [
    pytest.mark.long,
    pytest.mark.xdist_group("spark"),
    pytest.mark.timeout(900),
    # Spark's gateway leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]
"""Marks of a module with such tests."""


def end_jvm():
    """End this process's session with its JVM, which keeps the jars and the environment that it was started with."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    if session := SparkSession._instantiatedSession:
        session.stop()
    if gateway := SparkContext._gateway:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()
        SparkContext._gateway = SparkContext._jvm = None


@pytest.fixture(scope="module")
def jvm_of_its_own():
    """No JVM before the module's tests and none after them. Spark's session is that of the jobs."""
    interrupt = signal.getsignal(signal.SIGINT)
    end_jvm()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(JARS, ",".join(map(str, iceberg_jars())))
        yield environment
        end_jvm()
    signal.signal(signal.SIGINT, interrupt)


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
    end_jvm()
    signal.signal(signal.SIGINT, interrupt)
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
