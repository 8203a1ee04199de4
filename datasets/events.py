"""Posted payments and visits. A new kind of event needs a line in the rules below, and no change of a function."""

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
"""Channels whose payments are trusted. Holders of other keys cannot add to finance's revenue.

UNKNOWN_CHANNEL is in the list for payments that were stored before channels: docs/upgrade.md says when to remove it."""
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class Events(dy.Schema):
    """One event. The columns after `payload` are the values that its declared kinds have in their payload.

    An event is identified by its sender's id and by its channel. Only the receiver writes the channel, so a sender
    cannot replace an event of another channel.
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
        """Require a declared kind. A replay adds quarantined events after their kind is declared."""
        return cls.event_type.col.is_in([PAYMENT, VISIT])

    @dy.rule()
    def a_payment_says_amount_currency_and_plate(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require the values that finance's revenue report needs."""
        told = cls.amount.col.is_not_null() & cls.currency.col.is_not_null() & cls.registration_plate.col.is_not_null()
        return (cls.event_type.col != PAYMENT) | told

    @dy.rule()
    def a_payment_arrives_by_a_trusted_channel(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require a trusted channel. Other payments stay in quarantine until their channel is declared."""
        return (cls.event_type.col != PAYMENT) | cls.channel.col.is_in(PAYMENT_CHANNELS)

    @dy.rule()
    def a_visit_says_customer_and_page(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require the values that marketing's report on visits needs."""
        return (cls.event_type.col != VISIT) | (cls.customer_id.col.is_not_null() & cls.page.col.is_not_null())


_IN_PAYLOAD: Final = ("amount", "currency", "registration_plate", "customer_id", "page")

DATASET: Final = Dataset(
    name="events",
    schema=Events,
    source=StreamSource(
        pointers={column: f"/payload/{column}" for column in _IN_PAYLOAD},
        # A third party signs each attempt again, and `occurred_at` is the time of the signature.
        repeats_differ_in=("occurred_at", "received_at", "request_id"),
        # An id occurs at most once in a request, so two events with the same key differ in one of these.
        receipt_order=("received_at", "request_id"),
    ),
    # A third party that gets no answer repeats its call for a few days at most.
    clustered_by="occurred_at",
    owner="finance",
    freshness=timedelta(hours=1),
    # The payload is the whole body of the event, with any content that the provider includes.
    classes={"payload": "personal", "registration_plate": "identifier", "customer_id": "identifier"},
    cleansing={
        "currency": (REMOVE_INVISIBLE, TRIM, EMPTY_TO_NULL, CURRENCY_CODE),
        "registration_plate": (REMOVE_INVISIBLE, UNICODE_NFC, REGISTRATION_PLATE, EMPTY_TO_NULL),
        "page": (REMOVE_INVISIBLE, TRIM, EMPTY_TO_NULL),
    },
    json_columns=("payload",),
    absent={CHANNEL: UNKNOWN_CHANNEL},
)
