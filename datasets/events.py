"""What is posted: payments and visits. A new kind of event is a line in the rules below and no change of a function."""

from datetime import timedelta
from typing import Final

import dataframely as dy
import polars as pl

from lake.events import CHANNEL, CHANNEL_PATTERN, UNKNOWN_CHANNEL, callback_channel, key_channel
from processing.cleansing.routines import (
    CURRENCY_CODE,
    EMPTY_TO_NULL,
    REGISTRATION_PLATE,
    REMOVE_INVISIBLE,
    TRIM,
    UNICODE_NFC,
)
from processing.declaring.dataset import Dataset, StreamSource

PAYMENT: Final = "payment"
VISIT: Final = "visit"
PAYMENT_CHANNELS: Final = (callback_channel("payments"), key_channel("website"), UNKNOWN_CHANNEL)
"""Channels whose payments are trusted. Whoever has another key cannot add to finance's revenue.

UNKNOWN_CHANNEL is among them for payments that were stored before channels: docs/upgrade.md says when to remove it.
"""
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class Events(dy.Schema):
    """A clean row: one event. The columns after `payload` are what its declared kinds carry in it.

    An event is identified by its sender's id and by the channel that it arrived by, which only the receiver writes: so
    nobody can replace an event of another channel.
    """

    channel = dy.String(primary_key=True, regex=CHANNEL_PATTERN)
    event_id = dy.String(primary_key=True, regex=_UUID)
    event_type = dy.String()
    occurred_at = dy.Datetime(time_unit="us", time_zone="UTC")
    source = dy.String()
    received_at = dy.Datetime(time_unit="us", time_zone="UTC")
    request_id = dy.String()
    payload = dy.String()
    amount = dy.Decimal(18, 2, nullable=True, min_exclusive=0)
    currency = dy.String(nullable=True)
    registration_plate = dy.String(nullable=True)
    customer_id = dy.Int64(nullable=True, min=1)
    page = dy.String(nullable=True)

    @dy.rule()
    def event_type_is_known(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """An unknown kind waits in the quarantine until it is declared, and is replayed then."""
        return cls.event_type.col.is_in([PAYMENT, VISIT])

    @dy.rule()
    def a_payment_says_amount_currency_and_plate(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """What finance counts."""
        told = cls.amount.col.is_not_null() & cls.currency.col.is_not_null() & cls.registration_plate.col.is_not_null()
        return (cls.event_type.col != PAYMENT) | told

    @dy.rule()
    def a_payment_arrives_by_a_trusted_channel(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """A payment by any other channel stays in the quarantine until its channel is declared."""
        return (cls.event_type.col != PAYMENT) | cls.channel.col.is_in(PAYMENT_CHANNELS)

    @dy.rule()
    def a_visit_says_customer_and_page(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Who looked at what."""
        return (cls.event_type.col != VISIT) | (cls.customer_id.col.is_not_null() & cls.page.col.is_not_null())


_IN_PAYLOAD: Final = ("amount", "currency", "registration_plate", "customer_id", "page")

DATASET: Final = Dataset(
    name="events",
    schema=Events,
    source=StreamSource(
        pointers={column: f"/payload/{column}" for column in _IN_PAYLOAD},
        # A third party that calls again has signed again, and what it signed is when the event occurred.
        repeats_differ_in=("occurred_at", "received_at", "request_id"),
        # A request has each id once at most, so no two events of one key are equal in both.
        receipt_order=("received_at", "request_id"),
    ),
    # A third party that does not get an answer calls again for some days at most.
    clustered_by="occurred_at",
    owner="finance",
    freshness=timedelta(hours=1),
    # The payload is the whole body of the event, whatever a provider put into it.
    classes={"payload": "personal", "registration_plate": "identifier", "customer_id": "identifier"},
    cleansing={
        "currency": (REMOVE_INVISIBLE, TRIM, EMPTY_TO_NULL, CURRENCY_CODE),
        "registration_plate": (REMOVE_INVISIBLE, UNICODE_NFC, REGISTRATION_PLATE, EMPTY_TO_NULL),
        "page": (REMOVE_INVISIBLE, TRIM, EMPTY_TO_NULL),
    },
    json_columns=("payload",),
    absent={CHANNEL: UNKNOWN_CHANNEL},
)
