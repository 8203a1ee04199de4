"""Every record is clean, quarantined or a duplicate, and the reason is readable."""

import io
import re
import unicodedata
from collections import Counter
from datetime import date, timedelta

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import DATASETS
from processing.checking.check import Outcome, check
from processing.checking.conversion import UnsupportedTypeError, converted
from processing.checking.object_check import REASON, RULES, CheckedObject, RowAccountingError
from processing.cleansing.routines import ROUTINES, TRIM
from processing.declaring.dataset import Dataset, SftpSource
from processing.readers import open_records
from processing.readers.records import LINE, ORIGINAL, STRUCTURE_RULE

PARCELS = DATASETS["parcels"]
HEADER = "member_id,town,size,label\n"


def check_parcels(body: str) -> Outcome:
    return check(PARCELS, (HEADER + body).encode())


def clean_rows(outcome: Outcome) -> list[tuple[object, ...]]:
    return outcome.clean.select(PARCELS.schema.column_names()).rows()


def broken_rules(outcome: Outcome) -> dict[int, list[str]]:
    """Return the names of the broken rules by line."""
    return {line: sorted(rules) for line, rules in outcome.quarantined.select(LINE, RULES).iter_rows()}


# --- conversion ---


@pytest.mark.parametrize(
    ("data_type", "text", "value"),
    [
        (pl.Int64(), "007", 7),
        (pl.Int64(), "1.0", None),
        (pl.Int8(), "128", None),
        (pl.Date(), "2026-02-28", date(2026, 2, 28)),
        (pl.Date(), "2026-02-29", None),
        (pl.String(), "007", "007"),
        (pl.Float64(), "+1.5", 1.5),
        (pl.Float64(), "1e3", 1000.0),
        (pl.Float64(), "1,5", None),
        (pl.Float64(), "inf", None),
        (pl.Float32(), "NaN", None),
        (pl.Boolean(), "false", False),
        (pl.Boolean(), "yes", None),
    ],
)
def test_text_becomes_the_declared_type_or_is_missing(data_type, text, value):
    assert pl.DataFrame({"x": [text]}).select(converted("x", data_type)).item() == value


def test_type_that_text_cannot_become_is_refused_with_column():
    with pytest.raises(UnsupportedTypeError, match=r"column at has the type Time"):
        converted("at", pl.Time())


# --- the decision ---


def test_a_clean_row_is_cleansed_and_typed():
    # when
    outcome = check_parcels(" 007 ,bath  spa, extra LARGE ,ab12 cde\n")

    # then
    assert clean_rows(outcome) == [(7, "BATH SPA", "Extra Large", "AB12CDE")]
    assert outcome.clean[LINE].to_list() == [2]


@pytest.mark.parametrize(
    ("row", "rules", "reason"),
    [
        ("x1,York,Small,AB12CDE", ["member_id|type"], "member_id is not a whole number"),
        ("0,York,Small,AB12CDE", ["member_id|min"], "member_id is less than 1"),
        (" ,York,Small,AB12CDE", ["member_id|nullability"], "member_id is empty"),
        ("1, ,Small,AB12CDE", ["town|nullability"], "town is empty"),
        ("1,York,,AB12CDE", ["size|nullability"], "size is empty"),
        ("1,York,Small,", ["label|nullability"], "label is empty"),
        (
            "1,York,Small,A123BCD",
            ["label_is_well_formed"],
            "breaks the rule 'label is well formed'",
        ),
        ("1,York", ["field_count"], "the record has 2 fields, but the header has 4"),
    ],
)
def test_row_that_breaks_a_rule_is_quarantined_with_the_reason(row, rules, reason):
    # when
    outcome = check_parcels(f"2,Ripon,Medium,XY51ZZZ\n{row}\n")

    # then
    assert outcome.quarantined.rows(named=True) == [{LINE: 3, ORIGINAL: row, RULES: rules, REASON: reason}]
    assert outcome.by_rule == dict.fromkeys(rules, 1)
    assert outcome.clean.height == 1


def test_a_row_names_all_the_rules_that_it_broke():
    # when
    outcome = check_parcels("0,,Small,A1\n")

    # then
    assert broken_rules(outcome) == {
        2: ["label_is_well_formed", "member_id|min", "town|nullability"],
    }
    assert "; town is empty" in outcome.quarantined[REASON].item()


def test_one_key_with_different_contents_settles_neither_row():
    # when
    outcome = check_parcels("1,York,Small,AB12CDE\n2,York,Small,ab12 cde\n3,York,Small,XY51ZZZ\n")

    # then
    assert broken_rules(outcome) == {2: ["primary_key"], 3: ["primary_key"]}
    assert outcome.quarantined[REASON].to_list() == ["another row of this object has the same label but differs"] * 2
    assert clean_rows(outcome) == [(3, "YORK", "Small", "XY51ZZZ")]


def test_missing_keys_are_not_the_same_key():
    # when
    outcome = check_parcels("1,York,Small,\n2,York,Small,\n")

    # then
    assert outcome.by_rule == {"label|nullability": 2}


def test_rows_that_are_equal_after_cleansing_are_kept_once():
    # when
    outcome = check_parcels("1,York,Small,AB12CDE\n 01 ,york,SMALL,ab12 cde\n1,York,Small,AB12CDE\n")

    # then
    assert outcome.duplicates == 2
    assert outcome.clean[LINE].to_list() == [2]
    assert outcome.quarantined.is_empty()


def test_unconvertible_rows_are_equal_only_if_their_texts_are():
    # when
    outcome = check_parcels("x,York,Small,AB12CDE\ny,York,Small,AB12CDE\nx,York,Small,AB12CDE\n")

    # then
    assert outcome.duplicates == 1
    assert outcome.quarantined[LINE].to_list() == [2, 3]


def test_wrong_type_is_refused_even_if_missing_is_allowed():
    # given
    class Visits(dy.Schema):
        key = dy.String(primary_key=True)
        on = dy.Date(nullable=True)

    dataset = Dataset(
        name="visits",
        schema=Visits,
        source=SftpSource("carrier", "outgoing", "*.csv", schedule="rate(1 day)"),
        owner="logistics",
        freshness=timedelta(hours=1),
        cleansing={"on": (TRIM, ROUTINES["empty_to_null"])},
    )

    # when
    outcome = check(dataset, b"key,on\na,2026-01-02\nb,\nc,yesterday\n")

    # then
    assert outcome.clean["on"].to_list() == [date(2026, 1, 2), None]
    assert outcome.quarantined.select(RULES, REASON).rows() == [(["on|type"], "on is not a date as YYYY-MM-DD")]


def test_object_without_rows_gives_empty_files_with_all_columns():
    # when
    outcome = check_parcels("")

    # then
    assert outcome.rows_in == outcome.duplicates == outcome.clean.height == outcome.quarantined.height == 0
    assert outcome.clean.columns == [*PARCELS.schema.column_names(), LINE]
    assert outcome.by_rule == {}


def test_rows_that_do_not_add_up_are_refused(tmp_path):
    # given an object of which only the clean rows were read
    content = (HEADER + "1,York,Small,AB12CDE\nx,York,Small,XY51ZZZ\n").encode()
    checked = CheckedObject(PARCELS, open_records("object.csv", io.BytesIO(content), PARCELS), tmp_path)
    assert len(list(checked.clean())) == 1

    # when, then
    with pytest.raises(RowAccountingError, match=r"2 rows came in, but 1 went out: 1 clean, 0 quarantined"):
        checked.check_accounting()


# --- generated files ---

_CELLS = {
    "member_id": st.sampled_from(["1", " 2", "03", "0", "-4", "x", "", "1.5"]),
    "town": st.sampled_from(["York", "york ", "Citroe\u0308n", "", '"two\nlines"', '"a,b"']),
    "size": st.sampled_from(["Small", " small", "SMALL", "", "large"]),
    "label": st.sampled_from(["AB12CDE", "ab12 cde", "XY51ZZZ", "XY51-zzz", "A1", "", "QQ99QQQ"]),
}
ROWS = st.tuples(*_CELLS.values()).map(",".join)
DIRT = st.one_of(
    st.sampled_from(["1,York,Small", "1,2,3,4,5", '"1"x,York,Small,AB12CDE', ""]),
    st.text(alphabet=st.sampled_from('",\r\n a1é'), max_size=20),
)
BODIES = st.lists(st.one_of(ROWS, ROWS, ROWS, DIRT), max_size=25).map("\n".join)


def plain_cleanse(cells: list[str]) -> tuple[str, ...]:
    """Apply the declared cleansing again, without polars."""
    member, town, size, label = (unicodedata.normalize("NFC", cell) for cell in cells)
    return (
        member.strip(),
        " ".join(town.split()).upper(),
        " ".join(size.split()).title(),
        re.sub(r"[\s-]", "", label).upper(),
    )


def plain_outcome(records: list[list[str]]) -> tuple[set[tuple[object, ...]], int]:
    """Return the clean rows and the number of duplicate records, computed without polars and dataframely."""
    rows: Counter[tuple[object, ...]] = Counter()
    for cells in records:
        member, *others = plain_cleanse(cells)
        typed = int(member) if re.fullmatch(r"[+-]?[0-9]+", member) else member
        rows[typed, *others] += 1
    owners_of_label = Counter(row[3] for row in rows)
    clean = {
        row
        for row in rows
        if isinstance(row[0], int)
        and row[0] >= 1
        and all(row[1:])
        and re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z]{3}", str(row[3]))
        and owners_of_label[row[3]] == 1
    }
    return clean, rows.total() - len(rows)


@settings(max_examples=30, deadline=None)
@given(body=BODIES)
def test_every_record_is_clean_quarantined_or_a_duplicate(body):
    # given
    stream = open_records("object.csv", io.BytesIO((HEADER + body).encode()), PARCELS)
    empty = {LINE: pl.Int64, STRUCTURE_RULE: pl.String, **dict.fromkeys(stream.columns, pl.String)}
    records = pl.concat([pl.DataFrame(schema=empty), *(batch.frame.select(*empty) for batch in stream.batches)])
    whole = records.filter(pl.col(STRUCTURE_RULE).is_null())

    # when
    outcome = check_parcels(body)

    # then
    clean, duplicates = plain_outcome([list(row) for row in whole.select(PARCELS.schema.column_names()).iter_rows()])
    assert set(clean_rows(outcome)) == clean
    assert outcome.duplicates == duplicates
    assert records.height == outcome.clean.height + outcome.quarantined.height + outcome.duplicates
    lines = [*outcome.clean[LINE], *outcome.quarantined[LINE]]
    assert len(set(lines)) == len(lines)
    assert set(lines) <= set(records[LINE])
    assert all(rules for rules in outcome.quarantined[RULES].to_list())
