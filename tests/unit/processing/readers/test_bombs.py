"""Small objects that would be expensive are read or refused within limits of memory and unpacked bytes."""

import gzip
import io
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import dataframely as dy
import polars as pl
import pytest

from functions.event_receiver import request
from lake import events
from processing.checking.object_check import CheckedObject
from processing.declaring.dataset import Dataset
from processing.readers import compression, json_text, open_records
from processing.readers.columns import MOST_COLUMNS, agreed_columns
from processing.readers.compression import MEBIBYTE
from processing.readers.records import UnreadableObjectError
from tests.unit.processing.readers import test_compression

MOST_MEMORY: Final = 128 * MEBIBYTE
"""Memory that Python may use while it reads an object of a few MiB."""
LONGEST_REASON: Final = 200_000
"""Characters of a message, which goes into a log and into the quarantine."""
LONG: Final = MEBIBYTE
MANY: Final = 12_000


class Rows(test_compression.Rows):
    """A key, a text and a number."""

    n = dy.Int64(nullable=True)


DATASET = replace(test_compression.DATASET, schema=Rows)
EVOLVING = replace(DATASET, drift="evolve")


def line(member: str) -> bytes:
    """Return a valid object with an NDJSON line that has one more member."""
    return b'{"a":"before"}\n{"a":"x",' + member.encode() + b'}\n{"a":"after"}\n'


def members(names: list[str]) -> str:
    return ",".join(f'"{name}":1' for name in names)


def zip_of(content: bytes, name: str = "rows.csv", comment: bytes = b"") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr(name, content)
        written.comment = comment
    return archive.getvalue()


def directory_of(entries: int) -> bytes:
    """Return a zip archive whose directory names its only file the given number of times."""
    whole = zip_of(b"a,b,n\n")
    start, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    directory = whole[start:end] * entries
    counts = struct.pack("<HHII", entries, entries, len(directory), start)
    return whole[:start] + directory + whole[end : end + 8] + counts + bytes(2)


LINES: Final[dict[str, tuple[str, str | None]]] = {
    "deep": (f'"b":{"[" * MEBIBYTE}{"]" * MEBIBYTE}', "json"),
    "deep objects": ('"b":' + '{"a":' * MANY + "1" + "}" * MANY, "json"),
    "digits": (f'"n":{"1" * LONG}', None),
    "digits of a fraction": (f'"n":0.{"1" * LONG}', None),
    "digits of an exponent": (f'"n":1e{"9" * LONG}', None),
    "huge exponent": ('"n":1e999999999', None),
    "long name": (f'"{"x" * LONG}":1', "undeclared_member"),
    "resembles the declared name": (f'"b":"x"," {" " * LONG}n":1', "undeclared_member"),
    "many names": (members([f"m{number}" for number in range(MANY)]), "undeclared_member"),
    "many repeated names": (members([f"m{number // 2}" for number in range(MANY)]), "json"),
}
"""Members of a line, and the structural rule that the line breaks; None if only its number is refused."""


def records(content: bytes, dataset: Dataset = DATASET, name: str = "rows.ndjson") -> pl.DataFrame:
    return pl.concat([batch.frame for batch in open_records(name, io.BytesIO(content), dataset).batches])


def peak_of(work: Callable[[], object]) -> int:
    """Return the most bytes that Python used."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", LINES)
def test_line_that_would_cost_much_is_refused_alone(name: str):
    # given
    member, rule = LINES[name]
    content = line(member)

    # when
    found = records(content)

    # then the others are read, and the reason is short
    assert found["a"].to_list() == ["before", None if rule else "x", "after"]
    assert found["_structure_rule"].to_list() == [None, rule, None]
    assert len(found["_structure_reason"][1] or "") < LONGEST_REASON
    assert peak_of(lambda: records(content)) < MOST_MEMORY


@pytest.mark.parametrize("name", [name for name, (_, rule) in LINES.items() if rule is None])
def test_number_that_is_too_long_is_refused_by_its_type(name: str, tmp_path: Path):
    # given
    stream = open_records("rows.ndjson", io.BytesIO(line(LINES[name][0])), DATASET)

    # when
    checked = CheckedObject(DATASET, stream, tmp_path)

    # then
    assert pl.concat(checked.clean())["a"].to_list() == ["before", "after"]
    assert pl.concat(checked.quarantined())["_rules"].to_list() == [["n|type"]]


def test_long_number_on_the_first_line_is_read():
    assert records(b'{"a":"x","n":' + b"1" * LONG + b'}\n{"a":"y"}\n')["a"].to_list() == ["x", "y"]


@pytest.mark.parametrize("name", ["long name", "many names"])
def test_names_that_drift_lets_in_are_bounded(name: str):
    # when
    found = records(line(LINES[name][0]), EVOLVING)

    # then no long name becomes a column, and at most a thousand names do
    assert max(map(len, found.columns)) <= 300
    assert len(found.columns) <= 1_010
    assert found["a"].to_list() == ["before", None, "after"]


@pytest.mark.parametrize("dataset", [DATASET, EVOLVING, replace(DATASET, drift="discard")], ids=lambda each: each.drift)
@pytest.mark.parametrize(
    "header",
    [
        ",".join(f"c{number}" for number in range(MANY)),
        "a,b,n," + "x" * LONG + ",a",
        ",".join(["a", "b", "n", *["n"] * MANY]),
    ],
    ids=["many", "long", "repeated"],
)
def test_header_that_would_cost_much_is_refused(header: str, dataset: Dataset):
    # given
    content = f"{header}\nx,y,1\n".encode()

    # when
    def read() -> None:
        with pytest.raises(UnreadableObjectError) as refusal:
            records(content, dataset, "rows.csv")
        assert len(str(refusal.value)) < LONGEST_REASON

    # then
    assert peak_of(read) < MOST_MEMORY


def test_zip_with_a_long_directory_is_refused():
    # given an archive of 1.4 MB, from whose directory zipfile would create 25,000 objects
    content = directory_of(25_000)

    # when
    def read() -> None:
        with pytest.raises(
            UnreadableObjectError, match=r"its directory has 1,350,000 bytes, but at most 1,048,576 are"
        ):
            records(content, name="rows.zip")

    # then
    assert peak_of(read) < 4 * MEBIBYTE


def test_long_names_of_a_zip_are_shortened():
    # given
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for name in "abc":
            written.writestr(name * 60_000, b"")

    # then
    with pytest.raises(UnreadableObjectError, match="holds 3 files") as refusal:
        records(archive.getvalue(), name="rows.zip")
    assert len(str(refusal.value)) < 1_000


@pytest.mark.parametrize("packed", ["rows.csv.gz", "rows.zip", "rows.csv.gz in rows.zip"])
def test_bomb_is_unpacked_up_to_its_limit_alone(packed: str, monkeypatch: pytest.MonkeyPatch):
    # given a bomb, and few bytes that any object may unpack
    monkeypatch.setattr(compression, "_HARMLESS", 50_000)
    inner, _, name = packed.rpartition(" in ")
    rows = b"a,b,n\n" + b"x,y,1\n" * (MEBIBYTE // 6)
    # Equal parts, so the archive around them is almost a bomb too.
    content = gzip.compress(rows, mtime=0) * 150 if "gz" in packed else zip_of(rows * 40)
    if inner:
        content = zip_of(content, inner, comment=bytes(1_000))
    unpacked: list[int] = []
    refuse = compression._refuse_bomb
    monkeypatch.setattr(compression, "_refuse_bomb", lambda *sizes: (unpacked.append(sizes[0]), refuse(*sizes)))

    # when
    with pytest.raises(UnreadableObjectError, match="more than 200 times as long as the object"):
        records(content, name=name)

    # then, however often it is packed, at most 200 times its size and one piece are unpacked
    assert max(unpacked) <= 200 * len(content) + 8 * MEBIBYTE


class _Counted(str):
    """A name that counts how often names are compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        _Counted.compared += 1
        return str.__eq__(self, other) is True

    __hash__ = str.__hash__


@pytest.mark.parametrize(
    "work",
    [
        lambda names: json_text._members([(name, 1) for name in names]),
        lambda names: events._each_member_once([(name, 1) for name in names]),
        lambda names: request._each_member_once([(name, 1) for name in names]),
        lambda names: agreed_columns(DATASET, names),
    ],
    ids=["line", "message", "body", "header"],
)
def test_repeated_names_are_found_in_linear_time(work: Callable[[list[str]], object]):
    # given many names, of which the last equals the one before
    names: list[str] = [_Counted(f"m{number}") for number in range(MOST_COLUMNS - 1)]
    names.append(_Counted(names[-1]))
    random.Random(1).shuffle(names)  # noqa: S311 - not for cryptography
    _Counted.compared = 0

    # when
    with pytest.raises(Exception, match=r"once|twice|repeated"):
        work(names)

    # then
    assert _Counted.compared < 40 * len(names)
