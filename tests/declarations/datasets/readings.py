"""Readings from the stream: scans, which anybody may post, and weighings, which count only from trusted channels."""

from datetime import timedelta
from typing import Final

import dataframely as dy
import polars as pl

from lake.events import CHANNEL, CHANNEL_PATTERN, UNKNOWN_CHANNEL, callback_channel, key_channel
from processing.cleansing.routines import EMPTY_TO_NULL, REGISTRATION_PLATE, TRIM, UNICODE_NFC, UPPER_CASE
from processing.declaring.dataset import Dataset, StreamSource
from processing.declaring.retention import Retention

WEIGHING: Final = "weighing"
SCAN: Final = "scan"
WEIGHING_CHANNELS: Final = (callback_channel("scales"), key_channel("scanner"), UNKNOWN_CHANNEL)
"""Channels whose weighings are trusted; UNKNOWN_CHANNEL is for events that were stored before channels."""
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class Readings(dy.Schema):
    """One event, identified by its channel and its sender's id. The columns after `payload` come from the payload."""

    channel = dy.String(primary_key=True, regex=CHANNEL_PATTERN)
    event_id = dy.String(primary_key=True, regex=_UUID)
    event_type = dy.String()
    occurred_at = dy.Datetime(time_unit="us", time_zone="UTC")
    source = dy.String()
    received_at = dy.Datetime(time_unit="us", time_zone="UTC")
    request_id = dy.String()
    payload = dy.String()
    weight = dy.Decimal(18, 2, nullable=True, min_exclusive=0)
    unit = dy.String(nullable=True, regex=r"^[A-Z]{3}$")
    label = dy.String(nullable=True)
    member_id = dy.Int64(nullable=True, min=1)
    place = dy.String(nullable=True)

    @dy.rule()
    def event_type_is_known(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require a known kind."""
        return cls.event_type.col.is_in([WEIGHING, SCAN])

    @dy.rule()
    def a_weighing_has_weight_unit_and_label(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require the three values that the report needs."""
        complete = cls.weight.col.is_not_null() & cls.unit.col.is_not_null() & cls.label.col.is_not_null()
        return (cls.event_type.col != WEIGHING) | complete

    @dy.rule()
    def a_weighing_arrives_by_a_trusted_channel(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require a trusted channel for weighings."""
        return (cls.event_type.col != WEIGHING) | cls.channel.col.is_in(WEIGHING_CHANNELS)

    @dy.rule()
    def a_scan_has_member_and_place(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require both values."""
        return (cls.event_type.col != SCAN) | (cls.member_id.col.is_not_null() & cls.place.col.is_not_null())


_IN_PAYLOAD: Final = ("weight", "unit", "label", "member_id", "place")

DATASET: Final = Dataset(
    name="readings",
    schema=Readings,
    source=StreamSource(
        pointers={column: f"/payload/{column}" for column in _IN_PAYLOAD},
        repeats_differ_in=("occurred_at", "received_at", "request_id"),
        receipt_order=("received_at", "request_id"),
    ),
    owner="accounts",
    freshness=timedelta(hours=1),
    # The payload is the whole body of the event, whatever the provider put into it.
    classes={"payload": "personal", "member_id": "identifier"},
    retention=Retention(inbound=30, warehouse=400),
    cleansing={
        "unit": (TRIM, UPPER_CASE, EMPTY_TO_NULL),
        "label": (UNICODE_NFC, REGISTRATION_PLATE, EMPTY_TO_NULL),
        "place": (TRIM, EMPTY_TO_NULL),
    },
    json_columns=("payload",),
    absent={CHANNEL: UNKNOWN_CHANNEL},
)
