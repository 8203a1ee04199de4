"""What a person may give to the demo; the rest is refused before anything happens."""

import os

import pytest

from datasets import DATASETS
from local.demo.own_file import UnsuitableFileError, check_own_file

PARCELS = DATASETS["parcels"]
HEADER = b"size,town,member_id,label\n"
ROW = b"Small,Leeds,1,AB12CDE\n"


@pytest.mark.parametrize("name", ["parcels.csv", "mes colis.csv", "[red].csv"])
def test_a_file_of_parcels_is_taken_whatever_its_rows_hold(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(HEADER + ROW + b"x,,,\n")
    check_own_file(file, PARCELS, PARCELS.source)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("my.txt", HEADER + ROW, r"its name does not match \*\.csv, so it would never be collected"),
        ("my.CSV", HEADER + ROW, r"its name does not match \*\.csv"),
        ("a\\b.csv", HEADER + ROW, "is not valid in a key; rename"),
        ("my.csv", b"", "it is empty"),
        ("my.csv", b"\n\n", "the file is empty"),
        ("my.csv", HEADER, "it does not have rows"),
        ("my.csv", b"member,place\n1,Leeds\n", r"header with missing columns \['member_id', 'town'"),
        ("my.csv", HEADER + b"\xff\n", "line 2 is not UTF-8"),
    ],
)
def test_any_other_file_is_refused_with_what_is_wrong_and_what_was_expected(tmp_path, name, content, problem):
    # given
    file = tmp_path / name
    file.write_bytes(content)

    # then
    with pytest.raises(UnsuitableFileError, match=problem) as refusal:
        check_own_file(file, PARCELS, PARCELS.source)
    assert "member_id, town, size, label in any order" in str(refusal.value)


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path):
    # given a pipe that nobody writes to, a folder, and nothing
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()

    # then
    for name, problem in (("pipe", "not a regular"), ("folder", "not a regular"), ("nothing", "does not exist")):
        with pytest.raises(UnsuitableFileError, match=problem):
            check_own_file(tmp_path / f"{name}.csv", PARCELS, PARCELS.source)
