"""The original text of a row that is refused after its batch has gone comes from the object or from the disk."""

import codecs
import gzip
import io
from datetime import timedelta

import dataframely as dy
import polars as pl
import pytest

from processing.checking.object_check import CheckedObject
from processing.declaring.dataset import CsvFormat, Dataset, SftpSource
from processing.readers import open_records, text_blocks
from processing.readers.records import LINE, ORIGINAL


class Parts(dy.Schema):
    number = dy.Int64(primary_key=True)
    name = dy.String()


# Rows 1 and 40 have one key and differ; so do 2 and 41, whose names span two lines.
LINES = [
    "1,bolt",
    '2,"wing\nnut"',
    *(f'{number},"part ""{number}"""' for number in range(3, 40)),
    "1,Bolt",
    '2,"Wing\nnut"',
]
TEXT = "number,name\n" + "\n".join(LINES) + "\n"
CONTESTED = [(2, "1,bolt"), (3, '2,"wing\nnut"'), (42, "1,Bolt"), (43, '2,"Wing\nnut"')]
OBJECTS = {
    "plain": ("parts.csv", TEXT.encode()),
    "with a byte order mark": ("parts.csv", codecs.BOM_UTF8 + TEXT.encode()),
    "with carriage returns": ("parts.csv", TEXT.replace("\n", "\r\n").encode()),
    "compressed": ("parts.csv.gz", gzip.compress(TEXT.encode())),
    "of another encoding": ("parts.csv", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
}
NOT_AS_IT_IS = ("compressed", "of another encoding")


def parts(kind: str) -> Dataset:
    return Dataset(
        name="parts",
        schema=Parts,
        source=SftpSource("supplier", "out", "*.csv", schedule="rate(1 day)"),
        owner="stores",
        freshness=timedelta(days=1),
        csv=CsvFormat(encoding="utf-16-le" if kind == "of another encoding" else "utf-8"),
    )


@pytest.fixture(params=OBJECTS)
def kind(request):
    return request.param


@pytest.fixture
def checked(kind, tmp_path, monkeypatch):
    """The object, read in blocks of a few lines."""
    monkeypatch.setattr(text_blocks, "_BLOCK", 64)
    key, content = OBJECTS[kind]
    with io.BufferedReader(io.BytesIO(content)) as stream:  # type: ignore[arg-type]
        read = CheckedObject(parts(kind), open_records(key, stream, parts(kind)), tmp_path)
        for _ in read.clean():
            pass
        yield read


def test_a_contested_row_is_quarantined_with_its_text_as_it_came(checked, kind):
    # when
    refused = pl.concat(checked.quarantined())

    # then
    as_it_came = refused[ORIGINAL].to_list()
    assert refused[LINE].to_list() == [line for line, _ in CONTESTED]
    line_break = "\r\n" if kind == "with carriage returns" else "\n"
    assert as_it_came == [text.replace("\n", line_break) for _, text in CONTESTED]


@pytest.mark.usefixtures("checked")
def test_unchanged_object_is_not_written_to_disk_again(kind, tmp_path):
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("originals.pickle"))
    assert (b'part ""7""' in kept) == (kind in NOT_AS_IT_IS)
