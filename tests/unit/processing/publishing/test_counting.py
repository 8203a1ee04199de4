"""The newest landing date of a table's rows is read from few of its files."""

from datetime import date, timedelta

from processing.publishing import counting
from processing.publishing.counting import live_count, newest_landing_date
from processing.publishing.merge import merge
from processing.publishing.table_files import table_files
from tests.support.published import THINGS, land, things

DAY = 24 * 60
"""Minutes."""


def test_newest_landing_date_is_read_from_the_latest_file_alone(store, published, monkeypatch):
    # given files of three days, each too small to be joined with the earlier ones
    for day, numbers in enumerate((range(16), range(20, 26), range(30, 32))):
        merge(published, store, [land(store, THINGS, f"{day}", things(*numbers, start=min(numbers)), landed=day * DAY)])
    table = published.load(published.live)
    files = table_files(table)
    assert len(files) == 3
    read = []

    def live_rows(io, file, columns):
        read.append(file.path)
        return original(io, file, columns)

    original = counting.live_rows
    monkeypatch.setattr(counting, "live_rows", live_rows)

    # when
    newest = newest_landing_date(table, files)

    # then
    assert isinstance(newest, date)
    assert len(read) == 1
    assert live_count(table, files) == 24
    monkeypatch.undo()
    assert newest - min(newest_landing_date(table, [file]) for file in files) == timedelta(days=2)
