"""Files with damaged bytes, judged by Python's gzip, zipfile and json, and by pyarrow."""

import csv
import gzip
import io
import json
import random
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import polars as pl
import pyarrow.lib
import pyarrow.parquet

from processing.readers import open_records
from processing.readers.records import LINE, STRUCTURE_RULE, UnreadableObjectError
from tests.support.fuzz.csv_records import DATASET, HEADER

_Rows = list[list[str | None]]


def differences(made: random.Random, cases: int) -> list[str]:
    """Damage files of each format and read them.

    Returns:
        A sentence for each file that is read differently than by the independent reader, or that causes another error
        than a refusal. Whether a damaged file is refused may differ, because pyarrow refuses some damage of parquet's
        metadata that polars ignores.
    """
    found: list[str] = []
    for name, (write, judge) in _FORMATS.items():
        for _ in range(max(1, cases // len(_FORMATS))):
            content = _damaged(made, write(_rows(made)))
            problem = _problem(name, content, judge)
            found += [f"{name}: {problem}: {content!r}"] if problem else []
    return found


def _problem(name: str, content: bytes, judge: Callable[[bytes], _Rows | None]) -> str | None:
    try:
        read = _read(name, content)
    except (UnreadableObjectError, pl.exceptions.PanicException):
        return None
    except Exception as error:  # noqa: BLE001 - any other error is what is looked for
        return f"{type(error).__name__}: {error}"
    expected = judge(content)
    return None if expected is None or read == expected else f"{read}, expected {expected}"


def _read(name: str, content: bytes) -> _Rows:
    frames = [batch.frame for batch in open_records(name, io.BytesIO(content), DATASET).batches]
    rows = pl.concat(frames).filter(pl.col(STRUCTURE_RULE).is_null()).sort(LINE).select(HEADER) if frames else None
    return [] if rows is None else [[*row] for row in rows.rows()]


def _rows(made: random.Random) -> _Rows:
    words = ("x", "y z", "\u00e9", "1", "value")
    return [[made.choice(words) for _ in HEADER] for _ in range(made.randrange(1, 6))]


def _damaged(made: random.Random, whole: bytes) -> bytes:
    content = bytearray(whole)
    for _ in range(made.randrange(4)):
        content[made.randrange(len(content))] = made.randrange(256)
    if made.randrange(4) == 0:
        del content[made.randrange(len(content)) :]
    return bytes(content)


def _csv(rows: _Rows) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in [[*HEADER], *rows]).encode()


def _zip(rows: _Rows) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr(zipfile.ZipInfo("rows.csv"), _csv(rows), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _parquet(rows: _Rows) -> bytes:
    written = io.BytesIO()
    pl.DataFrame(rows, schema=dict.fromkeys(HEADER, pl.String), orient="row").write_parquet(written)
    return written.getvalue()


def _ndjson(rows: _Rows) -> bytes:
    return b"\n".join(json.dumps(dict(zip(HEADER, row, strict=True))).encode() for row in rows)


def _from_gzip(content: bytes) -> _Rows | None:
    try:
        return _from_csv(gzip.decompress(content))
    except (OSError, EOFError, zlib.error) as error:
        return [["broken", type(error).__name__]]


def _from_zip(content: bytes) -> _Rows | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            [member] = archive.namelist()
            return _from_csv(archive.read(member))
    except (zipfile.BadZipFile, EOFError, zlib.error, ValueError, NotImplementedError, RuntimeError) as error:
        return [["broken", type(error).__name__]]


def _from_csv(text: bytes) -> _Rows:
    rows = [*csv.reader(io.StringIO(text.decode(), newline=""), strict=True)]
    return [[*row] for row in rows[1:] if len(row) == len(HEADER)]


def _from_parquet(content: bytes) -> _Rows | None:
    try:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        rows = cast("list[dict[str, str | bytes | None]]", table.to_pylist())
        # If the type is damaged, pyarrow returns bytes. polars also reads its own copy of the schema.
        return [[value.decode() if isinstance(value, bytes) else value for value in row.values()] for row in rows]
    except (OSError, ValueError, pyarrow.lib.ArrowException):
        return None


def _from_ndjson(content: bytes) -> _Rows:
    rows = [_from_json(line) for line in content.splitlines() if line.strip()]
    return [[row.get(name) for name in HEADER] for row in rows if row is not None]


def _from_json(line: bytes) -> dict[str, str | None] | None:
    try:
        members = json.loads(line.decode(), object_pairs_hook=list)
    except ValueError:
        return None
    if not isinstance(members, list):
        return None
    names = [name for name, _ in cast("list[tuple[str, Any]]", members)]
    is_row = len(names) == len({*names}) and {*names} == {*HEADER}
    return dict(members) if is_row and all(isinstance(value, str) for _, value in members) else None


_FORMATS: Final[Mapping[str, tuple[Callable[[_Rows], bytes], Callable[[bytes], _Rows | None]]]] = {
    "rows.csv.gz": (lambda rows: gzip.compress(_csv(rows), mtime=0), _from_gzip),
    "rows.zip": (_zip, _from_zip),
    "rows.ndjson": (_ndjson, _from_ndjson),
    "rows.parquet": (_parquet, _from_parquet),
}
