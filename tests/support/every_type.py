"""A dataset with a column of every type that a published table stores, and rows with the ends of their ranges."""

from datetime import UTC, date, datetime
from decimal import Decimal

import dataframely as dy

from tests.support.published import declared_with

BEFORE = declared_with(
    tiny=dy.Int8(nullable=True),
    small=dy.Int16(nullable=True),
    octet=dy.UInt8(nullable=True),
    pair=dy.UInt16(nullable=True),
    quad=dy.UInt32(nullable=True),
    large=dy.Int64(nullable=True),
    ratio=dy.Float32(nullable=True),
    exact=dy.Float64(nullable=True),
    yes=dy.Bool(nullable=True),
    raw=dy.Binary(nullable=True),
    day=dy.Date(nullable=True),
    local=dy.Datetime(time_unit="us", nullable=True),
    instant=dy.Datetime(time_unit="ms", time_zone="Europe/Berlin", nullable=True),
    precise=dy.Datetime(time_unit="ns", nullable=True),
    price=dy.Decimal(18, 2, nullable=True),
    words=dy.List(dy.String(nullable=True), nullable=True),
    numbers=dy.List(dy.Int16(nullable=True), nullable=True),
)
AFTER = declared_with(
    BEFORE,
    value=dy.Int64(nullable=True),
    ratio=dy.Float64(nullable=True),
    extra=dy.String(nullable=True),
)
LEAST = {
    "tiny": -(2**7),
    "small": -(2**15),
    "octet": 0,
    "pair": 0,
    "quad": 0,
    "large": -(2**63),
    "ratio": -0.5,
    "exact": float("-inf"),
    "yes": False,
    "raw": b"",
    "day": date(1, 1, 1),
    # The last day of the old calendar, in the new one.
    "local": datetime(1582, 10, 4, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "instant": datetime(1582, 10, 4, 12, tzinfo=UTC),
    "precise": datetime(1969, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "price": Decimal("-9999999999999999.99"),
    "words": [],
    "numbers": [None],
}
GREATEST = {
    "tiny": 2**7 - 1,
    "small": 2**15 - 1,
    "octet": 2**8 - 1,
    "pair": 2**16 - 1,
    "quad": 2**32 - 1,
    "large": 2**63 - 1,
    "ratio": 0.25,
    "exact": float("nan"),
    "yes": True,
    "raw": bytes(range(256)),
    "day": date(9999, 12, 31),
    "local": datetime(9999, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "instant": datetime(9999, 12, 31, 12, tzinfo=UTC),
    "precise": datetime(2261, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "price": Decimal("9999999999999999.99"),
    "words": ["a", None, "ä€𝄞"],
    "numbers": [-1, 0, 2**15 - 1],
}
