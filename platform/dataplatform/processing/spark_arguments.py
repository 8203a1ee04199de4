"""The arguments of a Glue job that may use Spark."""

from collections.abc import Mapping

from processing.running.spark import static_options


def spark_arguments(above_gigabytes: int | None) -> Mapping[str, str]:
    """Return the arguments that provide Iceberg to the job's Spark, and the size above which the job uses Spark.

    Args:
        above_gigabytes: the limit, in gigabytes of 10^9 bytes. If None, the job never uses Spark and needs nothing.
    """
    if above_gigabytes is None:
        return {}
    return {
        "--datalake-formats": "iceberg",
        # One argument contains all options: "A=1 --conf B=2". repost.aws/knowledge-center/glue-spark-iceberg-tables
        "--conf": static_options(),
        "--spark-above-bytes": str(above_gigabytes * 1_000_000_000),
    }
