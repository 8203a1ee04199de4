"""The catalogue of the published tables: AWS Glue's, with the tables' files in the lake's bucket."""

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
"""Where the SDKs find the address of an S3 that is not of AWS: docs.aws.amazon.com/sdkref/latest/guide/."""


def open_catalogue() -> Catalog:
    """Glue's catalogue, with region, credentials and endpoints from the environment, as boto3 takes them.

    No credentials are in its properties: each client finds its own, so that they may be renewed during a run.
    """
    # A repeated change of a table meets its own first request, and Glue answers that another writer was there.
    properties: dict[str, Any] = {GLUE_MAX_RETRIES: 0, **_files()}
    return GlueCatalog("glue", **properties)


def published_tables(catalogue: Catalog, database: str, bucket: str, dataset: Dataset) -> Published:
    """Where a dataset's published tables are.

    Args:
        catalogue: of `open_catalogue`.
        database: the stack's database in Glue.
        bucket: the lake's.
        dataset: whose tables.
    """
    return Published(catalogue, database, f"s3://{bucket}/{TABLES}", dataset)


def _files() -> Mapping[str, str]:
    """Properties for the tables' files. Without the region, pyiceberg asks S3 for that of each bucket."""
    region = boto3.Session().region_name
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)
    return {name: value for name, value in ((S3_REGION, region), (S3_ENDPOINT, endpoint)) if value}
