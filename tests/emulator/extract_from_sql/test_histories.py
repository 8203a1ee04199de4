"""Whatever happens to a table between runs, the latest extracted row of each key equals the table's row.

`make test` tries a few histories; `make campaign NAME=sql` tries five hundred.
"""

import os
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from jobs.extract_from_sql.connection import trusting
from tests.support.sql import SqlStack
from tests.support.sql_histories import KINDS, History, Kind

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("sql"), pytest.mark.timeout(3600)]

HISTORIES = int(os.environ.get("SQL_HISTORIES", "2"))


keys = st.integers(0, 4)
# How far the clock moves before a row is written, in ticks and in halves of the lag: mostly ties and neighbours.
steps = st.sampled_from([(0, 0), (0, 0), (0, 0), (1, 0), (1, 0), (5, 0), (0, 1), (0, 5)])
# A row's stated time of change: now, up to the lag ago as if it committed late, or missing.
stamps = st.sampled_from(["now", "now", "late", "latest", "null"])
writes = st.tuples(st.just("write"), keys, steps, stamps, st.sampled_from("abc"))
deletions = st.tuples(st.just("delete"), keys)
# Changes of the whole table: it is emptied, starts over, is restored from a copy, gets other types, or is renamed.
disasters = st.one_of(
    st.sampled_from([("empty",), ("start_over",), ("copy",), ("restore",), ("redeclare",)]),
    st.tuples(st.just("retype"), st.sampled_from(["id", "note"])),
)
runs = st.tuples(st.just("run"), st.sampled_from(["whole", "whole", "upload fails", "dies after it", "is overtaken"]))


def events_of(kind: Kind) -> st.SearchStrategy[list[tuple[object, ...]]]:
    # Only a snapshot detects deleted rows.
    seen = [deletions] if kind.mode == "snapshot" else []
    return st.lists(st.one_of(writes, writes, writes, *seen, runs, disasters), min_size=8, max_size=30)


histories = st.one_of(*(st.tuples(st.just(kind.name), events_of(kind)) for kind in KINDS))


@pytest.fixture
def stack(engine_emulator):
    return SqlStack(engine_emulator.endpoint, ("rows",))


@pytest.mark.long
def test_what_was_extracted_latest_by_key_is_the_table(sql_server, stack, tmp_path_factory):
    kinds: dict[str, int] = {}
    happened = count()

    @settings(
        max_examples=HISTORIES,
        deadline=None,
        # The same histories every time, unless a seed is given.
        derandomize="SQL_SEEDED" not in os.environ,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories)
    def holds(drawn):
        name, events = drawn
        note(f"{name}: {events}")
        kind = next(kind for kind in KINDS if kind.name == name)
        kinds[kind.name] = kinds.get(kind.name, 0) + 1
        with trusting(sql_server.address.certificate), sql_server.server.connect() as connection:
            history = History(sql_server, connection, stack, kind, tmp_path_factory.mktemp("lake"))
            for step, *arguments in events:
                getattr(history, step)(*arguments)
                next(happened)
            history.run("whole")
            history.check()

    holds()
    print(f"{sum(kinds.values())} histories, {next(happened)} events: {kinds}")
