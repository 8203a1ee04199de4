"""A collection started by hand also collects files that were just uploaded."""

import io
import json
from types import SimpleNamespace

from ops.ingest import collect as collecting


def summary(*collected, too_fresh=0):
    return {"collected": list(collected), "unchanged": 0, "left_out": {"pattern": 1, "too_fresh": too_fresh}}


def collect_from(answers, monkeypatch):
    """Collect a dataset whose function returns these summaries. Return the command's summary and the waits."""
    waits: list[float] = []
    monkeypatch.setattr(collecting.time, "sleep", waits.append)
    given = iter(answers)
    scheduler = SimpleNamespace(get_schedule=lambda **_: {"Target": {"Arn": "function", "Input": "{}"}})
    function = SimpleNamespace(invoke=lambda **_: {"Payload": io.BytesIO(json.dumps(next(given)).encode())})
    target = SimpleNamespace(
        exports={"collectionSchedules": {"parcels": "group/name"}},
        client=lambda service: {"scheduler": scheduler, "lambda": function}[service],
    )
    return collecting.collect(target, "parcels"), waits  # pyright: ignore[reportArgumentType]  # what it needs of a target


def test_files_that_were_too_fresh_are_collected_a_moment_later(monkeypatch):
    # when
    found, waits = collect_from([summary("a", too_fresh=1), summary("b")], monkeypatch)

    # then
    assert (found["collected"], found["left_out"]["too_fresh"], waits) == (["a", "b"], 0, [2.0])


def test_without_fresh_files_there_is_one_run(monkeypatch):
    # when
    found, waits = collect_from([summary("a")], monkeypatch)

    # then
    assert (found["collected"], waits) == (["a"], [])
