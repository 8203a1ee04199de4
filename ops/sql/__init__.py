"""SQL on the lake under a reader's role: Athena on AWS, DuckDB on this machine."""
