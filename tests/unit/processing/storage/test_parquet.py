"""Any reader sees the declared types in a written file."""

import duckdb
import polars as pl
import pyarrow.parquet
from polars.testing import assert_frame_equal

from processing.storage.parquet import sink_parquet


def test_constant_text_is_text_for_every_reader(tmp_path):
    # given a column of one text, and others
    file = tmp_path / "rows.parquet"
    text = pl.DataFrame({"number": [1, 2], "key": ["inbound/ä.csv"] * 2, "rules": [["a"], []]})
    constant = text.with_columns(pl.col("key").cast(pl.Enum(["inbound/ä.csv"])))

    # when
    sink_parquet(constant.lazy(), file)

    # then
    assert_frame_equal(pl.read_parquet(file), text)
    assert_frame_equal(pl.scan_parquet(file).filter(pl.col("key") == "inbound/ä.csv").collect(), text)
    assert pyarrow.parquet.read_table(file).to_pylist() == text.to_dicts()
    assert str(pyarrow.parquet.read_schema(file).field("key").type) in {"string", "large_string", "string_view"}
    found = duckdb.connect().execute("SELECT typeof(key), key FROM read_parquet(?)", [str(file)]).fetchall()
    assert found == [("VARCHAR", "inbound/ä.csv")] * 2


def test_file_says_the_same_types_as_one_of_plain_text(tmp_path):
    # given
    text = pl.DataFrame({"key": ["a"], "at": [1]}, schema={"key": pl.String(), "at": pl.Datetime("us", "UTC")})
    text.write_parquet(tmp_path / "plain.parquet")

    # when
    sink_parquet(text.with_columns(pl.col("key").cast(pl.Enum(["a"]))).lazy(), tmp_path / "rows.parquet")

    # then
    schemas = [pyarrow.parquet.read_schema(tmp_path / name) for name in ("plain.parquet", "rows.parquet")]
    assert schemas[0].equals(schemas[1], check_metadata=True)
