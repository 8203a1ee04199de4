"""Decides with Spark which rows enter and leave a dataset's tables, by the rules of `processing.publishing.merge`."""

from dataclasses import dataclass
from typing import Final, Self

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as f

from processing.publishing.columns import published_columns, stored_columns
from processing.publishing.files import FILE, POSITION
from processing.publishing.staging import IS_DELETED
from processing.publishing.tables import Published
from processing.readers.records import LINE
from processing.storage.columns import AS_OF, LANDED_AT, OBJECT

TO: Final = "_published_to"
"""Column of a decision: the table that the row enters or leaves."""
LIVE: Final = "live"
GONE: Final = "gone"
DOES: Final = "_published_does"
"""Column of a decision: what the row does."""
ENTERS: Final = "enters"
LEAVES: Final = "leaves"
WAITS: Final = "waits"
"""The row leaves the table of deleted rows when the live row with its key is in the other table."""
_IS_STALE: Final = "_published_is_stale"
_RANK: Final = "_published_rank"
_IS_SHOWN: Final = "_published_is_shown"
_OTHER: Final = "_published_other"


@dataclass(frozen=True)
class Order:
    """Which of the rows with one key counts."""

    key: list[str]
    """Stored columns of the key."""
    deciding: list[str]
    """The key and the deciding columns. No two rows of a table are equal in them."""
    receipt: list[str]
    """Stored columns that make the first received row count; none if the last row counts."""

    @classmethod
    def of(cls, published: Published) -> Self:
        """Return the order of a dataset's rows."""
        columns = published_columns(published.dataset)
        receipt = [*stored_columns({name: columns[name] for name in published.dataset.receipt_order})]
        key = [*published.key]
        deciding = [*dict.fromkeys((*key, *receipt, AS_OF, LANDED_AT, OBJECT, LINE))]
        return cls(key, deciding, receipt)

    def counts_first(self) -> list[Column]:
        """Return the sort order in which a key's first row is the one that counts."""
        # As in `processing.storage.views.in_order`.
        columns = [*map(f.col, self.receipt), f.coalesce(AS_OF, LANDED_AT), *map(f.col, (LANDED_AT, OBJECT, LINE))]
        return [each.asc_nulls_last() if self.receipt else each.desc_nulls_last() for each in columns]


def in_table(rows: DataFrame, name: str, columns: list[str]) -> DataFrame:
    """Return some columns of the rows of one table, with the place of each row.

    Args:
        rows: the table as Spark reads it.
        name: LIVE or GONE.
        columns: stored columns. Columns that the table lacks are omitted.
    """
    place = [f.col("_file").alias(FILE), f.col("_pos").alias(POSITION)]
    known = [column for column in columns if column in rows.columns]
    return rows.select(*known, *place, f.lit(name).alias(TO), f.lit(name == GONE).alias(IS_DELETED))


def stale_rows(order: Order, found: DataFrame, arriving: DataFrame) -> DataFrame:
    """Return those rows of the tables that do not arrive again unchanged.

    Args:
        order: order of the rows.
        found: rows of replaced objects in the tables, with all columns and their place.
        arriving: rows of these objects' new files.
    """
    same = [OBJECT, LINE, *order.key]
    own = arriving.select([f.col(name).alias(f"{name}{_OTHER}") for name in arriving.columns])
    pairs = found.join(own, on=[found[name].eqNullSafe(own[f"{name}{_OTHER}"]) for name in same], how="left")
    equal = f.lit(col=True)
    for name in arriving.columns:
        equal &= f.col(name).eqNullSafe(f.col(f"{name}{_OTHER}"))
    return pairs.filter(~equal).select(*order.deciding, FILE, POSITION, TO, IS_DELETED)


def decisions(order: Order, arriving: DataFrame, known: DataFrame, stale: DataFrame | None) -> DataFrame:
    """Return what each row does that enters or leaves a table.

    Args:
        order: order of the rows.
        arriving: rows of history files, with their stored columns and IS_DELETED.
        known: rows of the tables, with the deciding columns and their place. Rows whose key does not arrive stay.
        stale: rows of the tables that leave in any case.

    Returns:
        The arriving rows' columns, FILE and POSITION of leaving rows, TO and DOES.
    """
    candidates = known.join(arriving.select(*order.key).distinct(), on=order.key, how="left_semi")
    if stale is not None:
        candidates = candidates.join(stale.select(FILE, POSITION), on=[FILE, POSITION], how="left_anti")
        candidates = candidates.withColumn(_IS_STALE, f.lit(col=False))
        candidates = candidates.unionByName(stale.withColumn(_IS_STALE, f.lit(col=True)))
    else:
        candidates = candidates.withColumn(_IS_STALE, f.lit(col=False))
    new = arriving.withColumn(_IS_STALE, f.lit(col=False))
    every = new.unionByName(candidates, allowMissingColumns=True)
    # Of two equal rows, the one that is already in a table counts.
    by_rank = [f.col(_IS_STALE), *order.counts_first(), f.col(FILE).isNull()]
    of_key = Window.partitionBy(*order.key).orderBy(*by_rank)
    ranked = every.select(
        "*",
        f.row_number().over(of_key).alias(_RANK),
        (~(f.first(IS_DELETED).over(of_key) | f.first(_IS_STALE).over(of_key))).alias(_IS_SHOWN),
    )
    arrives, counts = f.col(FILE).isNull(), (f.col(_RANK) == 1) & ~f.col(_IS_STALE)
    waits = f.col(_IS_SHOWN) & (f.col(TO) == GONE)
    return (
        ranked.filter(arrives == counts)
        .withColumn(DOES, f.when(arrives, ENTERS).when(waits, WAITS).otherwise(LEAVES))
        .withColumn(TO, f.when(arrives, f.when(f.col(IS_DELETED), GONE).otherwise(LIVE)).otherwise(f.col(TO)))
        .drop(_RANK, _IS_SHOWN, _IS_STALE, IS_DELETED)
    )


def current(order: Order, rows: DataFrame) -> DataFrame:
    """Return the row that counts for each key."""
    of_key = Window.partitionBy(*order.key).orderBy(*order.counts_first())
    return rows.select("*", f.row_number().over(of_key).alias(_RANK)).filter(f.col(_RANK) == 1).drop(_RANK)
