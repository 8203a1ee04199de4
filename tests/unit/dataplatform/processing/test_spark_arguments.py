"""What a Glue job is given so that Spark may do its work."""

from dataplatform.processing.spark_arguments import spark_arguments


def test_limit_is_given_in_bytes() -> None:
    assert spark_arguments(20)["--spark-above-bytes"] == "20000000000"


def test_one_argument_has_all_options_of_spark() -> None:
    # given the value as Glue puts it on Spark's command line
    words = f"--conf {spark_arguments(1)['--conf']}".split(" ")

    # then
    flags, options = words[::2], words[1::2]
    assert set(flags) == {"--conf"}
    assert all(option.count("=") == 1 for option in options)
    assert "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions" in options


def test_job_that_never_uses_spark_is_given_nothing() -> None:
    assert spark_arguments(None) == {}
