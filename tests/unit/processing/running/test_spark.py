"""Where Spark can be started."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from processing.running import spark
from processing.running.spark import JARS, is_available


@pytest.fixture
def on_glue(monkeypatch):
    module = ModuleType("awsglue")
    module.__spec__ = ModuleSpec("awsglue", None)
    monkeypatch.setitem(sys.modules, "awsglue", module)


def test_spark_is_available_off_glue_if_its_jars_are_named(monkeypatch):
    monkeypatch.delenv(JARS, raising=False)
    assert not is_available()

    monkeypatch.setenv(JARS, "/jars/iceberg.jar")
    assert is_available()


@pytest.mark.usefixtures("on_glue")
def test_spark_is_available_on_glue(monkeypatch):
    monkeypatch.delenv(JARS, raising=False)
    assert is_available()


def test_spark_is_not_available_without_pyspark(monkeypatch):
    monkeypatch.setenv(JARS, "/jars/iceberg.jar")
    monkeypatch.setattr(spark, "find_spec", lambda name: None if name == "pyspark" else object())
    assert not is_available()
