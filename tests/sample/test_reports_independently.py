"""Every report equals DuckDB's result from the raw input, with cleansing and rules written again in SQL."""

import gzip
import io
import json
import random
import uuid
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pytest

from datasets import DATASETS
from jobs.warehouse.job import refine
from lake.keys import report_key
from ops.run_report.chart.figure import figure_of
from processing.storage.memory_store import MemoryStore, StoredObject
from reports import REPORTS
from tests.support.published_lake import PublishedLake

MODELS = ("Corsa", " corsa", "Astra", "Golf GTI", "Golf  GTI ")
COLOURS = ("red", "Blue", " GREEN")
PAGES = ("/offers", "/offers/corsa", " /imprint ")
CHANNELS = ("key:website", "key:kiosk", "callback:payments")
LANDED = datetime(2026, 11, 20, tzinfo=UTC)

# The declarations, written again in SQL. The last file of a key counts, as in the views.
CLEAN = r"""
CREATE VIEW vehicles AS
    SELECT * EXCLUDE (file) FROM (
        SELECT try_cast(trim(customer_id) AS BIGINT) AS customer_id,
               upper(trim(regexp_replace(model, '\s+', ' ', 'g'))) AS model,
               trim(colour) AS colour_text,
               regexp_replace(upper(registration_plate), '[\s-]', '', 'g') AS registration_plate,
               filename AS file
        FROM read_csv('{folder}/vehicles-*.csv', all_varchar = true, header = true, filename = true))
    WHERE customer_id >= 1 AND model <> '' AND colour_text <> ''
      AND regexp_full_match(registration_plate, '[A-Z]{{2}}[0-9]{{2}}[A-Z]{{3}}')
    QUALIFY row_number() OVER (PARTITION BY registration_plate ORDER BY file DESC) = 1;
CREATE VIEW person AS
    SELECT id, nullif(trim(email), '') AS email, nullif(trim(phone), '') AS phone
    FROM read_parquet('{folder}/person-*.parquet', filename = true)
    WHERE id >= 1 AND trim(first_name) <> '' AND trim(last_name) <> ''
      AND (nullif(trim(email), '') IS NULL OR regexp_full_match(trim(email), '[^@\s]+@[^@\s]+'))
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY filename DESC) = 1;
CREATE VIEW events AS
    SELECT DISTINCT ON (channel, event_id) coalesce(channel, 'unknown') AS channel, event_type, occurred_at, payload
    FROM read_json('{folder}/events-*.ndjson.gz', format = 'newline_delimited',
                   columns = {{channel: 'VARCHAR',
                               event_id: 'VARCHAR', event_type: 'VARCHAR', occurred_at: 'VARCHAR', payload: 'JSON'}});
CREATE VIEW payments AS
    SELECT try_cast(occurred_at[1:10] AS DATE) AS day,
           upper(trim(payload ->> 'currency')) AS currency,
           regexp_replace(upper(payload ->> 'registration_plate'), '[\s-]', '', 'g') AS plate,
           try_cast(payload ->> 'amount' AS DECIMAL(18, 2)) AS amount
    FROM events
    WHERE event_type = 'payment' AND channel IN ('key:website', 'callback:payments', 'unknown')
      AND try_cast(payload ->> 'amount' AS DECIMAL(18, 2)) > 0
      AND regexp_full_match(upper(trim(payload ->> 'currency')), '[A-Z]{{3}}')
      AND payload ->> 'registration_plate' <> '';
CREATE VIEW visits AS
    SELECT try_cast(payload ->> 'customer_id' AS BIGINT) AS customer_id, trim(payload ->> 'page') AS page
    FROM events
    WHERE event_type = 'visit' AND try_cast(payload ->> 'customer_id' AS BIGINT) >= 1
      AND trim(payload ->> 'page') <> '';
"""
INDEPENDENTLY = {
    "customers_by_fleet_size": """
        SELECT n, count(*) FROM (SELECT count(*) AS n FROM vehicles GROUP BY customer_id) GROUP BY n""",
    "customers_by_model_and_colour": """
        SELECT model, upper(colour_text[1]) || lower(colour_text[2:]), count(DISTINCT customer_id), count(*)
        FROM vehicles GROUP BY ALL""",
    "vehicles_by_plate_year": """
        SELECT CASE WHEN age = 0 THEN 2050 WHEN age > 50 THEN 1950 + age ELSE 2000 + age END AS year, count(*)
        FROM (SELECT registration_plate[3:4]::BIGINT AS age FROM vehicles) GROUP BY year""",
    "revenue_by_day_and_model": """
        SELECT day, coalesce(model, 'UNKNOWN'), currency, count(*), count(DISTINCT id), sum(amount)
        FROM payments LEFT JOIN vehicles ON plate = registration_plate LEFT JOIN person ON id = customer_id
        GROUP BY ALL""",
    "visits_by_page": """
        SELECT page, count(*), count(DISTINCT customer_id), count(DISTINCT id) FILTER (email IS NOT NULL)
        FROM visits LEFT JOIN person ON id = customer_id GROUP BY page""",
    "owners_by_model": """
        SELECT model, count(*), count(id), count(id) FILTER (phone IS NOT NULL OR email IS NOT NULL)
        FROM vehicles LEFT JOIN person ON id = customer_id GROUP BY model""",
}


def plate(number):
    return f"AB{number % 100:02d}{chr(65 + number // 100 % 26)}{chr(65 + number // 2600 % 26)}C"


def vehicles_file(chance, first, count):
    """Vehicles, of which some break a rule; plates are unique within a file."""
    lines = ["customer_id,model,colour,registration_plate"]
    for number in range(first, first + count):
        customer = chance.choice([str(chance.randint(1, 300)), "0", "x", f" {chance.randint(1, 300)} "])
        spelled = chance.choice(
            [plate(number), plate(number).lower(), f"{plate(number)[:4]} {plate(number)[4:]}", f"?{number}"]
        )
        lines.append(f"{customer},{chance.choice(MODELS)},{chance.choice((*COLOURS, ' '))},{spelled}")
    return "\n".join(lines).encode()


def person_file(chance, first, count):
    people = [
        {
            "id": number,
            "first_name": chance.choice(["Ada", " Grace ", " "]),
            "last_name": "Lovelace",
            "email": chance.choice([f"p{number}@example.com", " ", None, "no address"]),
            "phone": chance.choice(["+441234567890", None]),
            "updated_at": datetime(2026, 11, 1),  # noqa: DTZ001 - SQL Server's datetime2 has no zone
        }
        for number in range(first, first + count)
    ]
    body = io.BytesIO()
    pl.DataFrame(people, schema_overrides={"id": pl.Int64, "updated_at": pl.Datetime("ns")}).write_parquet(body)
    return body.getvalue()


def event(chance):
    kind = chance.choice(["payment", "payment", "visit", "visit", "unheard_of"])
    payment = {
        "amount": chance.choice(
            [f"{chance.randint(1, 99999) / 100:.2f}", chance.randint(1, 500), "-1.00", "much", None]
        ),
        "currency": chance.choice(["GBP", "eur ", "pounds"]),
        "registration_plate": chance.choice([plate(chance.randint(0, 900)), plate(chance.randint(0, 900)).lower(), ""]),
    }
    visit = {
        "customer_id": chance.choice([chance.randint(1, 400), "17", None, 0]),
        "page": chance.choice((*PAGES, " ")),
    }
    return {
        "event_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "event_type": kind,
        "occurred_at": f"2026-11-{chance.randint(1, 9):02d}T12:00:00Z",
        "source": "test",
        "payload": {"payment": payment, "visit": visit}.get(kind, {}),
        "received_at": "2026-11-20T00:00:00.000Z",
        "request_id": "request",
        # Events from before channels have none.
        **chance.choice([{"channel": channel} for channel in CHANNELS] + [{}]),
    }


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Three files of each dataset, later ones with keys of earlier ones: as objects and as a folder."""
    chance = random.Random(20261123)  # noqa: S311 - data of a test
    events = [event(chance) for _ in range(900)]
    files = {}
    for index in range(3):
        files[f"vehicles-{index}.csv"] = vehicles_file(chance, 300 * index - 50 * bool(index), 350)
        files[f"person-{index}.parquet"] = person_file(chance, 1 + 90 * index, 120)
        # some events land twice, in different objects
        lines = events[300 * index : 300 * index + 300] + chance.sample(events[: 300 * index + 300], 40)
        unique = {each["event_id"]: each for each in lines}.values()
        content = "".join(json.dumps(each) + "\n" for each in unique).encode()
        files[f"events-{index}.ndjson.gz"] = gzip.compress(content)
    folder = tmp_path_factory.mktemp("raw")
    store = MemoryStore()
    for number, (name, content) in enumerate(sorted(files.items())):
        (folder / name).write_bytes(content)
        dataset = name.split("-")[0]
        store.objects[f"inbound/{dataset}/2026/11/20/{name}"] = StoredObject(
            content, landed_at=LANDED + timedelta(seconds=number)
        )
    return store, folder


@pytest.fixture(scope="module")
def reports(raw, tmp_path_factory):
    store, _ = raw
    refine(store, DATASETS, "run")
    lake = PublishedLake(tmp_path_factory.mktemp("tables"), store)
    lake.merge()
    lake.mart()
    return {
        name: pl.read_parquet(io.BytesIO(store.read(report_key(report.team, name, "parquet"))))
        for name, report in REPORTS.items()
    }


def test_every_chart_shows_the_very_numbers_of_its_report(reports):
    for name, report in REPORTS.items():
        # when
        figure = figure_of(report, reports[name])

        # then a measure that adds up does so, and of the others every drawn number is one of the report's
        values = [value for panel in figure.panels for one in panel.values for value in one if value is not None]
        measured = reports[name][report.chart.y.column].to_list()
        assert values
        if report.chart.adds_up:
            assert sum(values) == sum(measured)
        else:
            assert set(values) <= set(measured)


def test_every_report_has_an_independent_computation():
    assert set(INDEPENDENTLY) == set(REPORTS)


def test_every_team_has_two_reports():
    teams = [report.team for report in REPORTS.values()]
    assert {team: teams.count(team) for team in teams} == {"finance": 2, "marketing": 2, "operations": 2}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_what_sql_makes_of_the_raw_input(raw, reports, name):
    # given the raw files
    _, folder = raw

    # when independent SQL cleans, checks and counts them
    with duckdb.connect() as database:
        database.execute(CLEAN.format(folder=folder))
        expected = database.execute(INDEPENDENTLY[name]).fetchall()

    # then the report has exactly the same rows
    assert len(expected) > 1
    assert sorted(reports[name].rows()) == sorted(expected)
