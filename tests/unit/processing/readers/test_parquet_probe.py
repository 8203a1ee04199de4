"""A parquet file that kills its reading process is refused, and the next file is read."""

from pathlib import Path

import polars as pl
import pytest

from processing.readers.parquet_probe import ParquetProbe
from processing.readers.records import UnreadableObjectError

# polars 2.1 requests 2 EiB for it and aborts. The campaign `files`, seed 4, damaged its pages.
ENDS_THE_PROCESS = Path(__file__).parent / "files" / "ends-the-process.parquet"


@pytest.fixture
def probe():
    probe = ParquetProbe(rows_of_a_batch=50_000)
    yield probe
    probe.close()


def test_file_that_ends_its_reader_is_refused(probe: ParquetProbe):
    with pytest.raises(UnreadableObjectError, match=r"ended a process that read it .*it is damaged"):
        probe.check(str(ENDS_THE_PROCESS))


def test_next_file_after_it_is_read(probe: ParquetProbe, tmp_path: Path):
    good = tmp_path / "good\u00e9.parquet"
    pl.DataFrame({"a": [1, 2, 3]}).write_parquet(good)
    with pytest.raises(UnreadableObjectError):
        probe.check(str(ENDS_THE_PROCESS))

    probe.check(str(good))


def test_file_that_cannot_be_read_is_left_to_its_reader(probe: ParquetProbe, tmp_path: Path):
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1")

    probe.check(str(broken))
    probe.check(str(tmp_path / "missing.parquet"))
