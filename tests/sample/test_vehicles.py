"""The sample file is the same every time, and the platform's result matches its summary."""

import pytest

from datasets import DATASETS
from processing.checking.check import check
from sample.vehicles import MINIMUM_ROWS, write_vehicles

VEHICLES = DATASETS["vehicles"]


@pytest.mark.parametrize(("rows", "seed"), [(10_000, 2026), (777, 1), (MINIMUM_ROWS, 3)])
def test_the_platform_makes_of_the_file_what_its_summary_says(tmp_path, rows, seed):
    # given
    path = tmp_path / "vehicles.csv"
    summary = write_vehicles(path, rows, seed)

    # when
    outcome = check(VEHICLES, path.read_bytes())

    # then
    assert summary.rows == outcome.rows_in == rows
    assert summary.warehouse == outcome.clean.height
    assert summary.quarantined == outcome.quarantined.height
    assert summary.duplicates == outcome.duplicates
    assert summary.by_rule == outcome.by_rule


def test_every_kind_of_dirt_occurs_in_about_three_per_cent(tmp_path):
    # when
    summary = write_vehicles(tmp_path / "vehicles.csv")

    # then
    kinds = [summary.padded, summary.duplicates, summary.wrong_types, summary.impossible_plates]
    assert all(count >= 40 for count in kinds)
    assert set(summary.empty_fields) == set(VEHICLES.schema.column_names())
    assert (summary.contested_plates, summary.torn_lines) == (2, 1)
    assert 0.028 <= 1 - summary.clean / summary.rows <= 0.032


def test_the_last_line_is_torn(tmp_path):
    # given
    path = tmp_path / "vehicles.csv"

    # when
    write_vehicles(path)

    # then
    assert not path.read_bytes().endswith(b"\n")


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    # given
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"

    # when
    write_vehicles(one, seed=5)
    write_vehicles(other, seed=5)

    # then
    assert one.read_bytes() == other.read_bytes()


def test_another_seed_gives_another_file(tmp_path):
    # given
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"

    # when
    write_vehicles(one, seed=5)
    write_vehicles(other, seed=6)

    # then
    assert one.read_bytes() != other.read_bytes()


def test_a_file_too_small_for_every_kind_of_dirt_is_refused(tmp_path):
    with pytest.raises(ValueError, match=f"ask for {MINIMUM_ROWS} or more"):
        write_vehicles(tmp_path / "vehicles.csv", rows=MINIMUM_ROWS - 1)
