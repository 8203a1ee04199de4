"""The published tables in the catalogue: what readers see of them, and conflicts with an existing name."""

import dataclasses
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from pyiceberg.catalog.glue import GlueCatalog

from processing.publishing.merge import merge
from processing.publishing.tables import OtherTableError, Published
from tests.support.published import THINGS, land, published_in, things

DATABASE = "data_platform_dev_warehouse"


def comments(table: Any) -> dict[str, str | None]:
    return {field.name: field.doc for field in table.schema().fields if field.doc}


def test_class_of_a_column_is_its_comment(published, store, tmp_path):
    # given a table without classes, one of a dataset with some, and one whose class changes later
    merge(published, store, [land(store, THINGS, "a.csv", things(1))])
    assert comments(published.load(published.live)) == {}
    for classes in ({"note": "personal"}, {"note": "sensitive", "value": "identifier"}):
        changed = published_in(tmp_path, dataclasses.replace(THINGS, classes=classes))

        # when
        merge(changed, store, [])

        # then
        assert comments(changed.load(changed.live)) == comments(changed.load(changed.deleted)) == classes


def test_view_of_the_tables_name_is_left_and_explained():
    # given a view from an earlier version of the program, as returned by Glue
    glue = boto3.client("glue", "eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")
    view = {
        "Name": "things",
        "DatabaseName": DATABASE,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": "/* Presto View: e30= */",
    }
    with Stubber(glue) as stubber:
        stubber.add_response("get_table", {"Table": view}, {"DatabaseName": DATABASE, "Name": "things"})
        tables = Published(GlueCatalog("glue", glue), DATABASE, "s3://lake/tables", THINGS)

        # then one request was sent, and the error says what to do
        with pytest.raises(OtherTableError, match=f"{DATABASE}.things is in the catalogue.*`pulumi up`.*run publish"):
            tables.load("things")
        stubber.assert_no_pending_responses()
