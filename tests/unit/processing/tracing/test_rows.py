"""A row is found by its key in clean, refused and raw files as the jobs read them, and in the reports' rows."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from datasets import DATASETS
from jobs.warehouse.job import refine
from lake.events import UNKNOWN_CHANNEL
from lake.keys import parse_inbound_key
from lake.object_metadata import SOURCE_MODIFIED
from processing.refining.selection import Replay
from processing.storage.memory_store import MemoryStore, StoredObject
from processing.storage.views import published_view
from processing.tracing.keys import NotAKeyError, key_of
from processing.tracing.reports import rows_that_depend
from processing.tracing.rows import (
    UnsearchableError,
    clean_rows,
    current_row,
    keys_in,
    objects_in_order,
    refused_rows,
)
from reports import REPORTS

PARCELS, MEMBERS, EVENTS = (DATASETS[name] for name in ("parcels", "members", "readings"))
HEADER = "member_id,town,size,label\n"
EVENT = "00000000-0000-4000-8000-000000000001"


def processed(*contents, dataset=PARCELS, extension="csv"):
    """A lake with some objects of a dataset, landed a day apart, and their keys."""
    store, keys = MemoryStore(), []
    for day, content in enumerate(contents, 1):
        keys.append(f"inbound/{dataset.name}/2026/01/{day:02}/a.{extension}")
        store.objects[keys[-1]] = StoredObject(content.encode(), landed_at=datetime(2026, 1, day, tzinfo=UTC))
    refine(store, {dataset.name: dataset}, "run-1")
    return store, [parse_inbound_key(key) for key in keys]


def clean(store, inbound, dataset, words, tmp_path):
    file = tmp_path / "file.parquet"
    file.write_bytes(store.read(inbound.warehouse_key))
    return clean_rows(file, dataset, key_of(dataset, words))


def refused(store, inbound, dataset, words):
    rows = pl.read_parquet(store.read(inbound.quarantine_key))
    return [(each.line, each.certain) for each in refused_rows(rows, dataset, key_of(dataset, words))]


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["AB12CDE", "ab12 cde", " AB12 CDE "])
def test_a_key_is_cleansed_as_a_rows_is(typed):
    assert key_of(PARCELS, [typed]) == {"label": "AB12CDE"}


def test_a_key_has_the_type_of_its_column():
    assert key_of(MEMBERS, ["12"]) == {"number": 12}


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "give 1 values"), (["1", "2"], "give 1 values"), (["x"], "a whole number"), ([""], "number")],
)
def test_what_can_be_no_key_is_refused_in_words(words, said):
    with pytest.raises(NotAKeyError, match=said):
        key_of(MEMBERS, words)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_clean_row_is_found_with_its_line_and_no_other(tmp_path):
    store, [inbound] = processed(f"{HEADER}1,Leeds,Small,AB12CDE\n2,Derby,Small,AB13CDE\n")
    rows = clean(store, inbound, PARCELS, ["ab13 cde"], tmp_path)
    assert rows.select("member_id", "_line", "_object").rows() == [(2, 3, inbound.key)]
    assert clean(store, inbound, PARCELS, ["AB14CDE"], tmp_path).is_empty()


def test_file_of_another_declaration_cannot_be_searched(tmp_path):
    pl.DataFrame({"label": [1]}).write_parquet(tmp_path / "file.parquet")
    with pytest.raises(UnsearchableError):
        clean_rows(tmp_path / "file.parquet", PARCELS, key_of(PARCELS, ["AB12CDE"]))


def test_of_a_keys_rows_the_view_has_the_one_that_landed_last(tmp_path):
    store, objects = processed(
        f"{HEADER}1,Leeds,Small,AB12CDE\n", f"{HEADER}9,Leeds,Small,AB99CDE\n2,Leeds,Small,AB12CDE\n"
    )
    rows = pl.concat([clean(store, each, PARCELS, ["AB12CDE"], tmp_path) for each in objects])
    assert current_row(rows, PARCELS) == (objects[1].key, 3, True)
    gone = rows.with_columns(_deleted=pl.col("_line") == 3)
    assert current_row(gone, PARCELS) == (objects[1].key, 3, False)


def test_objects_are_in_the_order_in_which_rows_supersede(tmp_path):
    # given a file that landed last but that its source changed first
    store, objects = processed(*[f"{HEADER}{owner},Leeds,Small,AB12CDE\n" for owner in (1, 2, 3)])
    late = store.objects[objects[2].key]
    store.objects[objects[2].key] = replace(late, metadata={SOURCE_MODIFIED: "2025-12-31T00:00:00+00:00"})
    refine(store, {"parcels": PARCELS}, "run-2", Replay([objects[2].key]))

    # when
    rows = pl.concat([clean(store, each, PARCELS, ["AB12CDE"], tmp_path) for each in objects])

    # then
    assert objects_in_order(rows, PARCELS) == [objects[2].key, objects[0].key, objects[1].key]
    assert current_row(rows, PARCELS) == (objects[1].key, 2, True)


def test_refused_row_is_found_by_its_key_in_any_form():
    content = f"{HEADER}x,Leeds,Small,AB12CDE\ny,Leeds,Small,ab12 cde\nz,AB12CDE,Small,AB13CDE\n"
    store, [inbound] = processed(content)
    assert refused(store, inbound, PARCELS, ["AB12CDE"]) == [(2, True), (3, True)]


def test_a_number_is_not_found_in_anothers_numbers():
    lines = [f'{{"number": {number}, "name": "", "street": "b"}}' for number in (12, 112, 1)]
    store, [inbound] = processed("\n".join(lines) + "\n", dataset=MEMBERS, extension="ndjson")
    assert pl.read_parquet(store.read(inbound.quarantine_key)).height == 3
    assert refused(store, inbound, MEMBERS, ["12"]) == [(1, True)]


def test_a_torn_row_that_holds_the_keys_letters_may_be_it():
    store, [inbound] = processed(f"{HEADER}1,Leeds,Small,AB12CDE,more\n1,Leeds,Small,AB13CDE,more\n")
    assert refused(store, inbound, PARCELS, ["AB12CDE"]) == [(2, False)]


def test_an_object_that_was_refused_whole_may_hold_it():
    store, [inbound] = processed("strange,header\n1,AB12CDE\n")
    assert refused(store, inbound, PARCELS, ["AB12CDE"]) == [(None, False)]
    assert refused(store, inbound, PARCELS, ["AB13CDE"]) == []


@pytest.mark.parametrize(
    ("channel", "words", "found"),
    [
        ({"channel": "key:scanner"}, ["key:scanner", EVENT], True),
        ({"channel": "key:scanner"}, ["callback:scales", EVENT], False),
        ({"channel": "key:scanner"}, [UNKNOWN_CHANNEL, EVENT], False),
        # Stored before the receiver recorded the channel.
        ({}, [UNKNOWN_CHANNEL, EVENT], True),
        ({}, ["key:scanner", EVENT], False),
    ],
)
def test_refused_event_is_found_by_channel_and_id(channel, words, found):
    store, [inbound] = processed(an_event("strange", **channel), dataset=EVENTS, extension="ndjson")
    assert refused(store, inbound, EVENTS, words) == ([(1, True)] if found else [])


def test_events_are_found_by_their_id_by_whatever_channel(tmp_path):
    # given one id from two channels, one of them stored before channels were recorded
    content = an_event("scan", channel="key:scanner") + an_event("scan")
    store, [inbound] = processed(content, dataset=EVENTS, extension="ndjson")

    # when
    file = tmp_path / "file.parquet"
    file.write_bytes(store.read(inbound.warehouse_key))
    rows = clean_rows(file, EVENTS, {"event_id": EVENT})

    # then
    assert [key["channel"] for key in keys_in(EVENTS, [rows])] == ["key:scanner", UNKNOWN_CHANNEL]


def an_event(kind, **members):
    event = {
        "event_id": EVENT,
        "event_type": kind,
        "occurred_at": "2026-01-02T10:00:00Z",
        "source": "scanner",
        "received_at": "2026-01-02T10:00:01Z",
        "request_id": "request",
        "payload": {"member_id": 1, "place": "/"},
        **members,
    }
    return json.dumps(event) + "\n"


# --- reports ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def views():
    store, _ = processed(f"{HEADER}1,Leeds,Small,AB12CDE\n1,Derby,Small,AB13CDE\n2,Leeds,Small,AB14CDE\n")
    return {"parcels": published_view(store, PARCELS), "members": published_view(store, MEMBERS)}


@pytest.mark.parametrize(
    ("report", "label", "rows"),
    [
        # Without it the member would have one parcel, so the rows of one and of two would differ.
        ("members_by_parcel_count", "AB12CDE", [{"parcel_count": 1}, {"parcel_count": 2}]),
        ("members_by_town_and_size", "AB13CDE", [{"town": "DERBY", "size": "Small"}]),
        ("members_by_town_and_size", "AB99CDE", []),
    ],
)
def test_report_rows_that_use_a_row_are_named_without_figures(views, report, label, rows):
    assert rows_that_depend(REPORTS[report], views, "parcels", key_of(PARCELS, [label])) == rows
