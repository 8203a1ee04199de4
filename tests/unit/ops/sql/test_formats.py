"""A result as a table, as CSV and as JSON."""

import csv
import io
import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import polars as pl
import pytest

from ops.sql import formats
from ops.sql.results import Result, named
from processing.reporting.files import for_spreadsheets

VALUES = {
    "whole": 2**63 - 1,
    "decimal": Decimal("12345678901234567890.10"),
    "instant": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=1))),
    "local": datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - local
    "day": date(2026, 1, 2),
    "hour": time(3, 4),
    "raw": b"\x00\xff",
    "yes": True,
    "missing": None,
    "empty": "",
    "ratio": 0.1,
    "not_finite": float("nan"),
    "words": ["a", None],
    "nested": {"price": Decimal("1.50")},
    "text": "a",
}


def result_of(*rows, names=("a", "b")):
    return Result(named(names, ["VARCHAR"] * len(names)), iter(rows), lambda: "")


def test_json_keeps_types_and_every_digit(capsys):
    # when
    formats.print_result_json(result_of(tuple(VALUES.values()), names=tuple(VALUES)))
    document = json.loads(capsys.readouterr().out)

    # then
    assert document["rows"] == [
        {
            "whole": 9223372036854775807,
            "decimal": "12345678901234567890.10",
            "instant": "2026-01-02T02:04:05.000006+00:00",
            "local": "2026-01-02T03:04:05",
            "day": "2026-01-02",
            "hour": "03:04:00",
            "raw": "00ff",
            "yes": True,
            "missing": None,
            "empty": "",
            "ratio": 0.1,
            "not_finite": "nan",
            "words": ["a", None],
            "nested": {"price": "1.50"},
            "text": "a",
        }
    ]
    assert document["columns"][0] == {"name": "whole", "type": "VARCHAR"}
    assert document["row_count"] == 1


def test_json_has_all_values_of_columns_with_one_name(capsys):
    formats.print_result_json(result_of((1, 2, 3), names=("a", "a", "a_2")))
    [row] = json.loads(capsys.readouterr().out)["rows"]
    assert sorted(row.values()) == [1, 2, 3]


def test_json_prints_nothing_if_the_result_fails(capsys):
    def rows():
        yield (1, 2)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        formats.print_result_json(Result(named("ab", "ii"), rows(), lambda: ""))
    assert capsys.readouterr().out == ""


def test_csv_separates_missing_and_empty_and_is_parsed(capsys):
    formats.print_result_csv(result_of((None, ""), ('a,"b"', "two\nlines"), (True, 1.5)))
    printed = capsys.readouterr().out
    assert printed.splitlines()[1] == ',""'
    assert [*csv.reader(io.StringIO(printed))] == [["a", "b"], ["", ""], ['a,"b"', "two\nlines"], ["true", "1.5"]]


@pytest.mark.parametrize("text", ["=1+1", "-2", "+3", "@a", "\t=1", "\uff1d1", "a\x1b[31m", "b\x9b1m", "c\td", "plain"])
def test_csv_defuses_text_exactly_as_reports_do(capsys, text):
    formats.print_result_csv(result_of((text,), names=("a",)))
    assert capsys.readouterr().out == for_spreadsheets(pl.DataFrame({"a": [text]})).decode()


def test_text_of_a_row_does_not_control_the_terminal(capsys):
    formats.print_result_table(result_of(("\x1b]0;title\x07", "[red]x[/]"), names=("\x1b[2J", "b")), 5)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "[red]x[/]" in printed


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (1, "1 row"),
        (3, "3 rows"),
        (9, "5 of 9 rows shown"),
        (5 + formats.COUNTED, "5 of more than 10,005 rows shown"),
        (9 + formats.COUNTED, "5 of more than 10,005 rows shown"),
    ],
)
def test_table_states_how_many_rows_are_shown(capsys, rows, words):
    read = []

    def all_rows():
        for number in range(rows):
            read.append(number)
            yield (number, "x")

    assert formats.print_result_table(Result(named("ab", "ii"), all_rows(), lambda: ""), 5) == words
    assert len(read) <= 5 + formats.COUNTED
    assert "x" in capsys.readouterr().out


def test_table_wider_than_the_terminal_states_hidden_columns(capsys, monkeypatch):
    # given a terminal of 40 columns
    monkeypatch.setattr(formats.console, "_width", 40)
    names = tuple(f"column_{number}" for number in range(9))

    # when
    words = formats.print_result_table(result_of(tuple("x" * 30 for _ in names), names=names), 5)

    # then
    assert words == "1 row, 3 of 9 columns shown: select fewer, or use --csv"
    printed = capsys.readouterr().out
    assert all(len(line) <= 40 for line in printed.splitlines())
    assert printed.count("x") == 3 * 30
