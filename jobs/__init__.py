"""The polars jobs and the declarations of datasets and reports that they work from."""
