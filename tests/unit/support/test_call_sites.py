"""The list of lines that call AWS is read from the source."""

import pytest

from tests.support.call_sites import sites_of

TABLE = "from mypy_boto3_dynamodb.service_resource import Table\n"
TRANSFER = "from boto3.s3.transfer import create_transfer_manager\n"


@pytest.mark.parametrize(
    ("source", "operation"),
    [
        ("def f(s3): s3.put_object(Bucket='b', Key='k')", "put_object"),
        ("def f(s3):\n  return s3.get_paginator('list_parts').paginate(Bucket='b')", "list_parts"),
        ("def f(s3):\n  return lambda: s3.head_object(Bucket='b')['Metadata']", "head_object"),
        ("def f(s3): s3.upload_file('file', 'b', 'k')", "upload_file"),
        (f"{TABLE}def f(table): return table.query(Limit=1)", "query"),
        (f"{TRANSFER}def f(manager): manager.upload('file', 'b', 'k')", "upload"),
    ],
)
def test_a_call_of_a_client_is_found_with_its_operation(source, operation):
    [site] = sites_of("functions/a.py", source)
    assert (site.operation, site.function) == (operation, "f")


@pytest.mark.parametrize(
    "source",
    [
        "ledger.query('pk', 'sk')",
        "s3.exceptions.NoSuchKey",
        "client.meta.events.register('a', f)",
        "from pyiceberg.catalog import Catalog\ndef f(catalog): catalog.create_table('t', schema)",
    ],
)
def test_a_call_of_something_else_is_not_found(source):
    assert [*sites_of("functions/a.py", source)] == []


def test_a_site_holds_every_line_of_its_call():
    # given a call over three lines
    [site] = sites_of("jobs/a.py", "\ns3.put_object(\n  Bucket='b',\n)\n")

    # then
    assert [line for line in range(1, 6) if site.holds("jobs/a.py", line)] == [2, 3, 4]
    assert not site.holds("jobs/b.py", 2)
