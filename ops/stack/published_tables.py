"""The published tables of a stack, read with the rights of the person who typed the command."""

from collections.abc import Mapping
from typing import Any, Final

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io import S3_ACCESS_KEY_ID, S3_ENDPOINT, S3_REGION, S3_SECRET_ACCESS_KEY, S3_SESSION_TOKEN
from pyiceberg.table import Table

from ops.stack.target import Target, TargetError
from processing.declaring.dataset import Dataset
from processing.reporting.inputs import OpenTable

TABLES: Final = "publishedTables"
"""Export: the table of each dataset's live rows, as database.table."""


def opener_of(target: Target) -> OpenTable:
    """Opens the published tables of a stack; None for a dataset of which nothing was published yet."""
    catalogue: list[GlueCatalog] = []

    def open_table(dataset: Dataset) -> Table | None:
        name: str | None = target.exports[TABLES].get(dataset.name)
        if name is None:
            return None
        if not catalogue:
            catalogue.append(GlueCatalog("glue", target.client("glue"), **_files(target)))
        try:
            return catalogue[0].load_table(name)
        except NoSuchTableError:
            return None

    return open_table


def _files(target: Target) -> Mapping[str, Any]:
    """Properties for the tables' files: the person's credentials, the stack's region and endpoint."""
    credentials = target.session.get_credentials()
    if credentials is None:
        raise TargetError("AWS credentials were not found; sign in, or name a profile in AWS_PROFILE")
    frozen = credentials.get_frozen_credentials()
    properties = {
        S3_REGION: target.session.region_name,
        S3_ENDPOINT: target.endpoint,
        S3_ACCESS_KEY_ID: frozen.access_key,
        S3_SECRET_ACCESS_KEY: frozen.secret_key,
        S3_SESSION_TOKEN: frozen.token,
    }
    return {name: value for name, value in properties.items() if value}
