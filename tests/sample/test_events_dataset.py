"""Which posted events count: payments from trusted channels, and visits from any."""

import io
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from datasets import DATASETS
from datasets.events import DATASET
from functions.event_receiver.wrapping import wrap
from jobs.warehouse.job import refine
from lake.callbacks import CallbackProvider
from lake.events import Receipt, callback_channel, key_channel, stored_event
from lake.keys import parse_inbound_key
from processing.reporting.computing import compute
from processing.storage.memory_store import MemoryStore, StoredObject
from processing.storage.views import published_view
from reports import REPORTS

KEY = "inbound/events/2026/11/23/batch.ndjson"
RECEIVED = datetime(2026, 11, 23, 9, tzinfo=UTC)
KIOSK = key_channel("kiosk")
REVENUE = REPORTS["revenue_by_day_and_model"]


def payment(amount, **members):
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": "payment",
        "occurred_at": "2026-11-23T08:15:30Z",
        "source": "website",
        "payload": {"amount": amount, "currency": "GBP", "registration_plate": "AB12CDE"},
        **members,
    }


def called_back(amount):
    """Return the line of a payment that the third party signed."""
    body = {"id": "pay_1", "type": "payment", **payment(amount)["payload"]}
    provider = CallbackProvider(event_id_pointer="/id", event_type_pointer="/type", secret_parameter="/secret")
    receipt = Receipt(RECEIVED, "request-0", callback_channel("payments"))
    return wrap("payments", provider, body, RECEIVED, receipt).line


def by_kiosk(event):
    return stored_event(event, Receipt(RECEIVED + timedelta(seconds=1), "request-1", KIOSK))


def lake_of(*lines):
    store = MemoryStore()
    store.objects[KEY] = StoredObject("".join(f"{line}\n" for line in lines).encode())
    refine(store, {"events": DATASET}, "run")
    return store


@pytest.mark.parametrize("source", ["website", "payments"])
def test_payment_by_an_untrusted_key_is_not_in_the_revenue(source):
    # given a genuine payment, and one from a key that may not post payments, whatever channel it claims
    store = lake_of(called_back("500.00"), by_kiosk(payment("1000000.00", source=source)))

    # when finance's report is computed
    report = compute(REVENUE, {name: published_view(store, DATASETS[name]).collect() for name in REVENUE.inputs})

    # then it counts only the genuine payment, and the other is quarantined with the reason
    assert (report["payments"].sum(), report["revenue"].sum()) == (1, Decimal("500.00"))
    [refused] = pl.read_parquet(io.BytesIO(store.read(parse_inbound_key(KEY).quarantine_key))).rows(named=True)
    assert refused["rules"] == ["a_payment_arrives_by_a_trusted_channel"]


def test_visit_by_any_key_is_accepted():
    visit = payment("1", event_type="visit", payload={"customer_id": 1, "page": "/"})
    view = published_view(lake_of(by_kiosk(visit)), DATASET).collect()
    assert view["channel"].to_list() == [KIOSK]
