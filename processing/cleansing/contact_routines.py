"""Routines for how people are reached."""

from typing import Final

import phonenumbers
import polars as pl

from processing.cleansing.routine import Routine

_LOCAL_PART: Final = r"[\p{L}\p{N}!#$%&'*+/=?^_`{|}~\-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~\-]+)*"
# No limit of the label's length here: bounded repetition of a class of letters is thirty times slower.
_LABEL: Final = r"[\p{L}\p{N}](?:[\p{L}\p{N}\-]*[\p{L}\p{N}])?"
_TOO_LONG_A_LABEL: Final = "[^.]{64}"
_ADDRESS: Final = rf"^{_LOCAL_PART}@(?:{_LABEL}\.)+{_LABEL}$"
_LONGEST_ADDRESS: Final = 254
_LONGEST_LOCAL_PART: Final = 64


def _email(text: pl.Expr) -> pl.Expr:
    address = text.str.strip_chars()
    parts = address.str.splitn("@", 2).struct
    recipient, domain = parts.field("field_0"), parts.field("field_1")
    is_short = (
        ~domain.str.contains(_TOO_LONG_A_LABEL)
        & (address.str.len_bytes() <= _LONGEST_ADDRESS)
        & (recipient.str.len_bytes() <= _LONGEST_LOCAL_PART)
    )
    return pl.when(address.str.contains(_ADDRESS) & is_short).then(recipient + "@" + domain.str.to_lowercase())


EMAIL: Final = Routine(
    "email",
    "Trims an e-mail address and writes its domain in lower case. The part before the @ does not "
    "change. The routine does not check whether the address exists.",
    _email,
    refuses="an e-mail address",
    examples={
        " Ada.L@Example.COM ": "Ada.L@example.com",
        "ada@localhost": None,
        "a b@example.com": None,
        "a@b@c.org": None,
    },
)


def phone(region: str) -> Routine:
    """Writes a phone number as E.164, and refuses one that no country's numbering plan has.

    Args:
        region: where a number without a country's prefix is from, as two letters (ISO 3166), such as "GB".

    Raises:
        ValueError: there is no such region.
    """
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"phone({region!r}): the region is not two upper case letters, such as GB")

    def numbers(texts: pl.Series) -> pl.Series:
        # Every number is read once: the library takes some tens of microseconds for it.
        distinct = texts.drop_nulls().unique()
        read = pl.Series([_e164(text, region) for text in distinct], dtype=pl.String)
        return texts.replace_strict(distinct, read, default=None, return_dtype=pl.String)

    return Routine(
        f"phone_{region.lower()}",
        f"Writes a phone number as E.164. A number without a country prefix is a number of {region}. "
        "Refuses numbers that no numbering plan has.",
        lambda text: text.map_batches(numbers, return_dtype=pl.String, is_elementwise=True),
        refuses="a phone number",
    )


def _e164(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # E.164 has no place for an extension: to leave it out would be to change the number.
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
