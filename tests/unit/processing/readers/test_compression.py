"""Archives are read or refused: no damage causes another error, and no bomb is unpacked."""

import gzip
import io
import random
import struct
import zipfile
import zlib
from datetime import timedelta
from typing import Final

import dataframely as dy
import polars as pl
import pytest

from processing.declaring.dataset import Dataset, SftpSource
from processing.readers import compression, open_records
from processing.readers.records import UnreadableObjectError

_DAMAGED: Final = 300


class Rows(dy.Schema):
    """A key and a value."""

    a = dy.String(primary_key=True)
    b = dy.String(nullable=True)


DATASET = Dataset(
    name="rows",
    schema=Rows,
    source=SftpSource("dealer", "outgoing", "*", schedule="rate(1 day)"),
    owner="operations",
    freshness=timedelta(1),
)
CONTENT: Final = b"a,b\n" + b"".join(b"%d,value %d\n" % (number, number * number) for number in range(200))


def _read(name: str, content: bytes) -> int:
    """Return the number of records in an object."""
    return sum(batch.frame.height for batch in open_records(name, io.BytesIO(content), DATASET).batches)


def _zipped(method: int = zipfile.ZIP_DEFLATED, content: bytes = CONTENT) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as members:
        members.writestr("rows.csv", content)
    return archive.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated_archives_are_read(method: int):
    assert _read("rows.zip", _zipped(method)) == 200


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 9, 93, 98])
def test_archive_of_another_method_is_refused(method: int):
    content = _zipped().replace(struct.pack("<H", zipfile.ZIP_DEFLATED), struct.pack("<H", method))

    with pytest.raises(UnreadableObjectError, match=f"compression method {method}; ask the sender to use deflate"):
        _read("rows.zip", content)


@pytest.mark.parametrize("cut", [1, 2, 12, 40, 400])
def test_archive_without_its_front_is_refused(cut: int):
    with pytest.raises(UnreadableObjectError, match="the zip archive is damaged"):
        _read("rows.zip", _zipped()[cut:])


def _without_name(archive: bytes) -> bytes:
    """The same archive, with a directory entry whose name has no bytes."""
    start, end = archive.index(b"PK\x01\x02"), archive.index(b"PK\x05\x06")
    entry = archive[start : start + 28] + struct.pack("<H", 0) + archive[start + 30 : start + 46]
    return archive[:start] + entry + archive[end : end + 12] + struct.pack("<I", len(entry)) + archive[end + 16 :]


@pytest.mark.parametrize(
    "content", [_without_name(_zipped()), _zipped().replace(b"rows.csv", b"\0ows.csv")], ids=["no bytes", "a zero byte"]
)
def test_archive_whose_file_has_no_name_is_refused(content: bytes):
    with pytest.raises(UnreadableObjectError, match="the zip archive is damaged: its file has no name; ask the sender"):
        _read("rows.zip", content)


def test_archive_that_wants_a_newer_reader_is_refused():
    content = _zipped().replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\x63")

    with pytest.raises(UnreadableObjectError, match=r"zip file version 9\.9"):
        _read("rows.zip", content)


@pytest.mark.parametrize("name", ["rows.zip", "rows.csv.gz"])
def test_damaged_archive_is_read_or_refused_but_never_fails(name: str):
    # given an archive with one to three bytes replaced, or without its end or start
    made = random.Random(20_261_128)  # noqa: S311 - not for cryptography
    whole = _zipped() if name.endswith(".zip") else gzip.compress(CONTENT, mtime=0)
    refused = 0
    for _ in range(_DAMAGED):
        damaged = bytearray(whole)
        for _ in range(made.randint(0, 3)):
            damaged[made.randrange(len(damaged))] = made.randrange(256)
        first, last = made.choice([(0, len(damaged)), (made.randrange(30), len(damaged)), (0, made.randrange(900))])

        # when, then
        try:
            assert _read(name, bytes(damaged[first:last])) == 200
        except UnreadableObjectError:
            refused += 1
    assert refused > _DAMAGED // 2


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.zip"])
def test_bomb_is_refused_by_the_bytes_that_it_unpacks(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compression, "_HARMLESS", 10_000)
    text = b"a,b\n" + b"x" * 3_000_000
    content = _zipped(content=text) if name.endswith(".zip") else gzip.compress(text)

    with pytest.raises(UnreadableObjectError, match="more than 200 times as long as the object"):
        _read(name, content)


def test_length_in_the_directory_of_an_archive_does_not_matter(monkeypatch: pytest.MonkeyPatch):
    # given a bomb whose directory claims a short content
    monkeypatch.setattr(compression, "_HARMLESS", 10_000)
    text = b"a,b\n" + b"x" * 3_000_000
    content = _zipped(content=text).replace(struct.pack("<I", len(text)), struct.pack("<I", 100))

    with pytest.raises(UnreadableObjectError):
        _read("rows.zip", content)


class _CountedPart:
    """zlib's decompressor, counting the bytes that it receives."""

    given = 0

    def __init__(self, wbits: int) -> None:
        self._part = _DECOMPRESSOR(wbits=wbits)

    def decompress(self, piece: bytes, size: int) -> bytes:
        _CountedPart.given += len(piece)
        return self._part.decompress(piece, size)

    def __getattr__(self, name: str) -> object:
        return getattr(self._part, name)


_DECOMPRESSOR = zlib.decompressobj


def test_empty_parts_of_a_gzip_object_cost_linear_time(monkeypatch: pytest.MonkeyPatch):
    # given 20,000 empty members of 20 bytes; each would be passed on with everything after it in its piece of 1 MiB
    parts = 20_000
    content = gzip.compress(b"", mtime=0) * parts + gzip.compress(CONTENT)
    monkeypatch.setattr(compression.zlib, "decompressobj", _CountedPart)
    monkeypatch.setattr(_CountedPart, "given", 0)

    # when
    assert _read("rows.csv.gz", content) == 200

    # then
    assert _CountedPart.given < parts * 600


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(CONTENT), "gzip; ask the sender to add .gz"),
        (_zipped(), "a zip archive or an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an Excel workbook; ask the sender to save it as CSV"),
        (b"BZh91AY&SY" + bytes(100), "bzip2"),
        (b"\xfd7zXZ\x00" + bytes(100), "xz"),
        (b"%PDF-1.7\n", "a PDF"),
    ],
    ids=["gzip", "zip", "workbook", "bzip2", "xz", "PDF"],
)
@pytest.mark.parametrize("name", ["rows.csv", "rows.ndjson", "rows.TXT"])
def test_file_of_another_kind_is_named(name: str, content: bytes, kind: str):
    with pytest.raises(UnreadableObjectError, match=f"the file is named like a text file, but is {kind}"):
        _read(name, content)


def test_parquet_under_a_name_of_text_is_named():
    content = io.BytesIO()
    pl.DataFrame({"a": ["x"]}).write_parquet(content)

    with pytest.raises(UnreadableObjectError, match=r"but is parquet; ask the sender to name it \.parquet"):
        _read("rows.csv", content.getvalue())


@pytest.mark.parametrize(
    ("name", "message"),
    [("rows.csv.gz", "the file is not gzip but begins with b'a,b"), ("rows.parquet", "is not parquet")],
)
def test_text_under_another_name_is_named(name: str, message: str):
    with pytest.raises(UnreadableObjectError, match=message):
        _read(name, CONTENT)
