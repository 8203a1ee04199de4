"""The people in the stand-in for a SQL Server."""

import pytest

from sample.people import SCHEMA, change_people, create_schema, seed_people

pytestmark = pytest.mark.emulator


def test_seeded_people_change_so_that_an_increment_shows(tds_connect, tds_connection):
    # given a table of people, some without a time of change
    tds_connection.execute("DROP TABLE IF EXISTS customer.person")
    with tds_connect(autocommit=False) as own:
        if own.execute(f"SELECT SCHEMA_ID('{SCHEMA}')").fetchval() is None:
            create_schema(own)
        seed_people(own, rows=400)
        # when some are changed and some are added
        start_of_change = change_people(own, updated=7, inserted=5)
    own.close()

    # then exactly these are later than all before
    changed = tds_connection.execute(
        "SELECT COUNT(*), COUNT(CASE WHEN id > 400 THEN 1 END) FROM customer.person"
        " WHERE updated_at >= CAST(? AS datetime2(7))",
        start_of_change.strftime("%Y-%m-%dT%H:%M:%S"),
    ).fetchone()
    undated = tds_connection.execute("SELECT COUNT(*) FROM customer.person WHERE updated_at IS NULL").fetchval()
    tds_connection.execute("DROP TABLE customer.person")
    assert tuple(changed) == (12, 5)
    assert undated > 0
