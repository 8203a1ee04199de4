"""The arguments of a Glue job that may let Spark do its work."""

from collections.abc import Mapping

from processing.running.spark import static_options


def spark_arguments(above_gigabytes: int | None) -> Mapping[str, str]:
    """Arguments that bring Iceberg to the job's Spark, and say above which size the job uses it.

    Args:
        above_gigabytes: the limit, in gigabytes of 10^9 bytes. If None, Spark does nothing and needs nothing.
    """
    if above_gigabytes is None:
        return {}
    return {
        "--datalake-formats": "iceberg",
        # One argument has all options: "A=1 --conf B=2". repost.aws/knowledge-center/glue-spark-iceberg-tables
        "--conf": static_options(),
        "--spark-above-bytes": str(above_gigabytes * 1_000_000_000),
    }
