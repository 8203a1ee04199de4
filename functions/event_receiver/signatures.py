"""Signatures of callbacks: whether one is right and fresh, and whether it was used before."""

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
"""How long a request keeps others from its signature: longer than the function runs. Afterwards another takes over."""
# Beyond the time in which a signature is fresh, so that clocks may differ.
_KEPT_LONGER: Final = timedelta(hours=1)


class SignaturesUnavailableError(ReceiverError):
    """The table of used signatures cannot be asked or written."""


class WrongSignatureError(RequestRefusedError):
    """A signature of the right form that no known secret makes: a stranger's, or made with a newer secret."""

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
        provider: who calls back.
        secrets: shared with it; any of them is right.
        headers: by names in lower case.
        body: as it was sent.
        now: aware of its zone.

    Returns:
        The signature, in lower case, and the time of signing.

    Raises:
        WrongSignatureError: the signature is not made with any of the secrets.
        RequestRefusedError: one of both is missing or too old.
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
    # All are compared, so that the time does not show which one is right.
    if not any([hmac.compare_digest(given, each) for each in expected]):  # noqa: C419 - as the comment says
        raise WrongSignatureError
    if abs(now.timestamp() - int(timestamp)) > provider.tolerance_seconds:
        raise _unsigned(
            f"the timestamp is more than {provider.tolerance_seconds} seconds from the time of receipt; sign "
            "the callback again"
        )
    return given, datetime.fromtimestamp(int(timestamp), UTC)


class UsedSignatures:
    """Each signature is accepted once. What was begun and never ended does not count as accepted.

    A signature is claimed, its event is sent, then the signature is marked as used: killed in between, the sender's
    repetition is accepted a minute later. An event that was in the queue by then has the same id and stays one.

    Args:
        client: a boto3 DynamoDB client.
        table: its partition key is `signature`, its TTL attribute `expires_at`.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def claim(self, signature: str, request_id: str, now: datetime, tolerance_seconds: int) -> None:
        """Claim a signature for a request.

        Raises:
            RequestRefusedError: it was used before (409), or another request is at it (503).
            SignaturesUnavailableError: the table did not answer.
        """
        item = _item(signature, request_id, now, tolerance_seconds) | {"until": int((now + CLAIM).timestamp())}
        # A claim of one's own may be repeated: the SDK repeats a write that succeeded but was answered by an error.
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
        """Remember a claimed signature for as long as it is fresh.

        Raises:
            SignaturesUnavailableError: the table did not answer. The claim then ends after a minute.
        """
        try:
            self._table.put(Put(_item(signature, request_id, now, tolerance_seconds)))
        except (BotoCoreError, ClientError) as error:
            raise SignaturesUnavailableError(f"the table of signatures cannot be written: {error}") from error

    def release(self, signature: str, request_id: str) -> None:
        """Release a request's claim.

        Raises:
            SignaturesUnavailableError: the table did not answer. The claim then ends after a minute.
        """
        try:
            self._table.delete({"signature": signature}, "#request_id = :request", {"request": request_id})
        except (BotoCoreError, ClientError) as error:
            raise SignaturesUnavailableError(f"the table of signatures cannot be written: {error}") from error


def _item(signature: str, request_id: str, now: datetime, tolerance_seconds: int) -> dict[str, str | int]:
    # A timestamp may lie ahead by the tolerance, and is fresh for the tolerance after that.
    expires_at = now + 2 * timedelta(seconds=tolerance_seconds) + _KEPT_LONGER
    return {"signature": signature, "request_id": request_id, "expires_at": int(expires_at.timestamp())}


def _being_stored(seconds_left: int) -> RequestRefusedError:
    # The claim is over once its last second has passed.
    again = seconds_left + 1
    detail = f"this callback is being stored; send it again in {again} seconds"
    return RequestRefusedError(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_seconds=again)


def _unsigned(detail: str) -> RequestRefusedError:
    return RequestRefusedError(HTTPStatus.UNAUTHORIZED, detail)
