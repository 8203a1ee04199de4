"""The logs and metrics that all handlers share."""

import importlib
import io
import json
from pathlib import Path

import pytest

from functions.observability import Measure, logger, observed, publish
from lake.metrics import DATASET
from tests.support.invocations import invocation

FUNCTIONS = Path(__file__).parents[3] / "functions"


def test_each_line_of_an_invocation_has_its_request(monkeypatch):
    # given
    log = io.StringIO()
    for handler in logger.handlers:
        monkeypatch.setattr(handler, "stream", log)

    # when
    handler = observed(lambda event, _context: logger.warning("done", extra={"asked": event}) or "answer")
    assert handler({"a": 1}, invocation("request-1")) == "answer"

    # then
    line = json.loads(log.getvalue())
    assert (line["correlation_id"], line["function_request_id"]) == ("request-1", "request-1")
    assert (line["message"], line["asked"]) == ("done", {"a": 1})


def test_values_of_one_dimension_do_not_leak_into_the_next(capsys):
    # when
    publish(Measure("Age", 3.5), dimensions={DATASET: "parcels"})
    publish(Measure("Refused", 1), Measure("Accepted", 2))

    # then
    [first, second] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (first["Age"], first[DATASET]) == ([3.5], "parcels")
    assert (second["Refused"], second["Accepted"]) == ([1.0], [2.0])
    assert DATASET not in second


@pytest.mark.parametrize("folder", [each.parent.name for each in FUNCTIONS.glob("*/handler.py")])
def test_each_handler_is_observed(folder):
    handler = importlib.import_module(f"functions.{folder}.handler").handler
    assert handler.__wrapped__.__code__.co_name == "with_correlation_id"
