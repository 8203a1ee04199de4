"""Which files a merge rewrites: few while few rows changed, all of them at a ratio."""

from pyiceberg.manifest import DataFile, DataFileContent, ManifestEntry, ManifestEntryStatus

from bench.layout import FACTOR, rows_written
from processing.publishing.layout import to_rewrite
from processing.publishing.table_files import TableFile


def file(path: str, rows: int, run: int) -> TableFile:
    data = DataFile.from_args(content=DataFileContent.DATA, file_path=path, record_count=rows)
    return TableFile(ManifestEntry.from_args(status=ManifestEntryStatus.EXISTING, sequence_number=run, data_file=data))


def rewritten(files: list[TableFile], deleted: dict[str, int], new: int) -> list[str]:
    return [each.path for each in to_rewrite(files, deleted, new)]


def test_a_large_file_stays_while_a_quarter_is_deleted():
    assert rewritten([file("base", 1000, 1)], {"base": 250}, 10) == []


def test_a_file_with_more_than_a_quarter_deleted_is_rewritten():
    assert rewritten([file("base", 1000, 1)], {"base": 251}, 10) == ["base"]


def test_runs_join_until_one_is_larger_than_what_is_written():
    files = [file("a", 10, 1), file("b", 20, 2), file("c", 45, 3), file("d", 1000, 4)]
    assert rewritten(files, {}, 10) == ["a", "b"]


def test_files_of_one_run_join_together():
    # given two files of one commit, which are together larger than the written rows
    assert rewritten([file("a", 8, 1), file("b", 8, 1)], {}, 10) == []
    assert rewritten([file("a", 8, 1), file("b", 8, 1)], {}, 16) == ["a", "b"]


def test_rows_written_per_changed_row_hold_as_the_table_grows():
    assert rows_written(1_000_000, 1000)[0] < FACTOR * rows_written(100_000, 1000)[0] < FACTOR * 7


def test_a_long_run_of_a_clustered_table_stays_as_it_is():
    files = [file("a", 10, 1), file("b", 20, 2)]
    assert [each.path for each in to_rewrite(files, {}, 100, join_up_to=10)] == ["a"]
