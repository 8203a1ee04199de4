"""Checks the signatures of callbacks: each must be correct, recent and unused."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.errors import ReceiverError
from functions.event_receiver.answers import RequestRefusedError
from lake.callbacks import CallbackProvider
from lake.table import DynamoTable, Put

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SIGNATURE: Final = re.compile(r"(?:sha256=)?([0-9a-fA-F]{64})")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
CLAIM: Final = timedelta(seconds=60)
"""How long a request holds a signature: longer than the function runs. Then another request may claim it."""
# Beyond the time in which a signature is fresh, because clocks may differ.
_KEPT_LONGER: Final = timedelta(hours=1)


class SignaturesUnavailableError(ReceiverError):
    """The table of used signatures cannot be read or written."""


class WrongSignatureError(RequestRefusedError):
    """No known secret gives this signature: the sender is a stranger or signed with a newer secret."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.UNAUTHORIZED,
            "the signature does not match this body and timestamp; sign the body with the shared secret",
        )


def check_signature(
    provider: CallbackProvider, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> tuple[str, datetime]:
    """Check a callback's signature and timestamp.

    Args:
        provider: the third party that sent the callback.
        secrets: the secrets shared with the provider; any of them may have signed.
        headers: the headers, with names in lower case.
        body: the body as sent.
        now: the current time, aware of its zone.

    Returns:
        The signature, in lower case, and the time of signing.

    Raises:
        WrongSignatureError: None of the secrets gives this signature.
        RequestRefusedError: The signature or timestamp is missing, or the timestamp is too old.
    """
    signature = _SIGNATURE.fullmatch(headers.get(provider.signature_header.lower(), ""))
    timestamp = headers.get(provider.timestamp_header.lower(), "")
    if signature is None or _TIMESTAMP.fullmatch(timestamp) is None:
        raise _unsigned(
            "the signature or timestamp is missing or malformed; send the time in seconds since 1970 as "
            f"{provider.timestamp_header}, and the hexadecimal HMAC-SHA256 of time, full stop and body as "
            f"{provider.signature_header}"
        )
    given = signature[1].lower()
    signed = timestamp.encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    # Compare all of them, so that the duration does not show which one matches.
    if not any([hmac.compare_digest(given, each) for each in expected]):  # noqa: C419 - as the comment says
        raise WrongSignatureError
    if abs(now.timestamp() - int(timestamp)) > provider.tolerance_seconds:
        raise _unsigned(
            f"the timestamp is more than {provider.tolerance_seconds} seconds from the time of receipt; sign "
            "the callback again"
        )
    return given, datetime.fromtimestamp(int(timestamp), UTC)


class UsedSignatures:
    """Accepts each signature once. A signature whose request did not end counts as unused.

    A request claims a signature, sends the event, then marks the signature as used. If it is killed before the end, the
    sender's repetition is accepted a minute later. If the first event was already queued, the second has the same id
    and both count as one.

    Args:
        client: a boto3 DynamoDB client.
        table: a table with the partition key `signature` and the TTL attribute `expires_at`.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def claim(self, signature: str, request_id: str, now: datetime, tolerance_seconds: int) -> None:
        """Claim a signature for a request.

        Raises:
            RequestRefusedError: The signature was used before (409), or another request holds it (503).
            SignaturesUnavailableError: The table did not answer.
        """
        item = _item(signature, request_id, now, tolerance_seconds) | {"until": int((now + CLAIM).timestamp())}
        # A request may repeat its own claim: the SDK retries a write that succeeded but returned an error.
        condition = "attribute_not_exists(#signature) OR #request_id = :request OR #until < :now"
        write = Put(item, condition, {"request": request_id, "now": int(now.timestamp())})
        try:
            other = self._table.put_or_get(write)
        except (BotoCoreError, ClientError) as error:
            raise SignaturesUnavailableError(f"the table of signatures cannot be written: {error}") from error
        if other is None:
            return
        if "until" in other:
            raise _being_stored(int(other["until"]) - int(now.timestamp()))
        raise RequestRefusedError(
            HTTPStatus.CONFLICT, "a callback with this signature was accepted before; to send it again, sign it again"
        )

    def mark_used(self, signature: str, request_id: str, now: datetime, tolerance_seconds: int) -> None:
        """Record that a claimed signature was used, for as long as it is fresh.

        Raises:
            SignaturesUnavailableError: The table did not answer. The claim then expires after a minute.
        """
        try:
            self._table.put(Put(_item(signature, request_id, now, tolerance_seconds)))
        except (BotoCoreError, ClientError) as error:
            raise SignaturesUnavailableError(f"the table of signatures cannot be written: {error}") from error

    def release(self, signature: str, request_id: str) -> None:
        """Release a request's claim.

        Raises:
            SignaturesUnavailableError: The table did not answer. The claim then expires after a minute.
        """
        try:
            self._table.delete({"signature": signature}, "#request_id = :request", {"request": request_id})
        except (BotoCoreError, ClientError) as error:
            raise SignaturesUnavailableError(f"the table of signatures cannot be written: {error}") from error


def _item(signature: str, request_id: str, now: datetime, tolerance_seconds: int) -> dict[str, str | int]:
    # A timestamp may be ahead by the tolerance, and stays fresh for the tolerance after that.
    expires_at = now + 2 * timedelta(seconds=tolerance_seconds) + _KEPT_LONGER
    return {"signature": signature, "request_id": request_id, "expires_at": int(expires_at.timestamp())}


def _being_stored(seconds_left: int) -> RequestRefusedError:
    # The claim expires after its last second.
    again = seconds_left + 1
    detail = f"this callback is being stored; send it again in {again} seconds"
    return RequestRefusedError(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_seconds=again)


def _unsigned(detail: str) -> RequestRefusedError:
    return RequestRefusedError(HTTPStatus.UNAUTHORIZED, detail)
