"""What narwhals does not have on Spark, without a JVM."""

import ast
import importlib
import inspect
import pkgutil
import sys

import narwhals._spark_like as spark_like
from narwhals._utils import not_implemented


def missing_on_spark():
    """Names of the methods that narwhals has on Spark neither for expressions nor for frames."""
    names = [each.name for each in pkgutil.iter_modules(spark_like.__path__)]
    modules = [importlib.import_module(f"{spark_like.__name__}.{name}") for name in names]
    defined = (each for module in modules for each in vars(module).values() if inspect.isclass(each))
    classes = [each for each in defined if each.__module__.startswith(spark_like.__name__)]
    members = [(name, inspect.getattr_static(each, name)) for each in classes for name in dir(each)]
    missing = {name for name, member in members if isinstance(member, not_implemented)}
    return missing - {name for name, member in members if not isinstance(member, not_implemented)}


def called_by(report):
    """Names of what a report's file calls on something."""
    source = inspect.getsource(sys.modules[report.query.__module__])
    calls = (each.func for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Call))
    return {called.attr for called in calls if isinstance(called, ast.Attribute)}
