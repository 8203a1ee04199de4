"""Opens the catalogue of the published tables: AWS Glue, with the tables' files in the lake's bucket."""

import os
from collections.abc import Mapping
from typing import Any, Final

import boto3
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.glue import GLUE_MAX_RETRIES, GlueCatalog
from pyiceberg.io import S3_ENDPOINT, S3_REGION

from lake.keys import TABLES
from processing.declaring.dataset import Dataset
from processing.publishing.tables import Published

_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""Where the SDKs find the endpoint of an S3 outside AWS: docs.aws.amazon.com/sdkref/latest/guide/."""


def open_catalogue() -> Catalog:
    """Open Glue's catalogue, with region, credentials and endpoints from the environment, as boto3 does.

    Its properties contain no credentials: each client finds its own, so credentials can be renewed during a run.
    """
    # A repeated change of a table would meet its own first request, and Glue would report another writer.
    properties: dict[str, Any] = {GLUE_MAX_RETRIES: 0, **_files()}
    return GlueCatalog("glue", **properties)


def published_tables(catalogue: Catalog, database: str, bucket: str, dataset: Dataset) -> Published:
    """Return a dataset's published tables.

    Args:
        catalogue: from `open_catalogue`.
        database: the stack's database in Glue.
        bucket: the lake's bucket.
        dataset: the dataset of the tables.
    """
    return Published(catalogue, database, f"s3://{bucket}/{TABLES}", dataset)


def _files() -> Mapping[str, str]:
    """Return properties for the tables' files. Without the region, pyiceberg asks S3 for each bucket's region."""
    region = boto3.Session().region_name
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)
    return {name: value for name, value in ((S3_REGION, region), (S3_ENDPOINT, endpoint)) if value}
