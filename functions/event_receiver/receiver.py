"""What becomes of a request: its route, and either all its events in the queue or an answer that says why not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from functions.event_receiver import answers
from functions.event_receiver.answers import RequestRefusedError, invalid_body
from functions.event_receiver.channels import Channels
from functions.event_receiver.envelope import StoredEvent, read_events
from functions.event_receiver.event_queue import EventQueue
from functions.event_receiver.providers import Caller, Providers, ProvidersUnavailableError
from functions.event_receiver.request import MAXIMUM_BODY_BYTES, Request, check_depth, parse
from functions.event_receiver.signatures import (
    SignaturesUnavailableError,
    UsedSignatures,
    WrongSignatureError,
    check_signature,
)
from functions.event_receiver.wrapping import wrap
from functions.observability import logger
from lake.events import Receipt, callback_channel

MAXIMUM_CALLBACK_BYTES: Final = 200 * 1024
# The last attempt on the queue may take as long as its client waits for an answer; then the answer has to be made.
RESERVED_SECONDS: Final = 7.0


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request, and what is counted of it."""

    answer: dict[str, Any]
    accepted: int = 0
    not_stored: int = 0


class Receiver:
    """Answers requests.

    Args:
        queue: where events go.
        channels: by which events arrive.
        providers: who may call back.
        signatures: those that were used.
        clock: gives the time, aware of its zone.
    """

    def __init__(
        self,
        queue: EventQueue,
        channels: Channels,
        providers: Providers,
        signatures: UsedSignatures,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._queue, self._channels = queue, channels
        self._providers, self._signatures, self._clock = providers, signatures, clock

    def reply(self, request: Request, seconds_left: float) -> Reply:
        """Answer a request.

        Args:
            request: what came.
            seconds_left: until the function is killed.
        """
        try:
            return self._route(request, seconds_left - RESERVED_SECONDS)
        except RequestRefusedError as refusal:
            return Reply(answers.refused(request.id, refusal))

    def _route(self, request: Request, seconds: float) -> Reply:
        match request.method, request.route:
            case "POST", "/events":
                return self._receive_events(request, seconds)
            case "POST", "/callbacks/{provider}":
                return self._receive_callback(request, seconds)
            case "GET", "/health":
                return Reply(answers.healthy())
            case _:
                raise RequestRefusedError(HTTPStatus.NOT_FOUND, "the API does not have this path and method")

    def _receive_events(self, request: Request, seconds: float) -> Reply:
        receipt = Receipt(self._clock(), request.id, self._channels.of_key(request.api_key_id))
        body = parse(request.raw_body(MAXIMUM_BODY_BYTES))
        return self._store(request, read_events(body, receipt, self._channels), seconds)

    def _receive_callback(self, request: Request, seconds: float) -> Reply:
        found = self._find(request.provider)
        raw, now = request.raw_body(MAXIMUM_CALLBACK_BYTES), self._clock()
        signature, signed_at = self._check_signature(request, found, raw, now)
        body = parse(raw)
        if not isinstance(body, dict):
            raise invalid_body("is not a JSON object")
        check_depth(body)
        receipt = Receipt(now, request.id, callback_channel(request.provider))
        event = wrap(request.provider, found.provider, body, signed_at, receipt)
        tolerance = found.provider.tolerance_seconds
        return self._store_once(request, event, f"{request.provider}#{signature}", now, tolerance, seconds)

    def _find(self, provider: str) -> Caller:
        try:
            found = self._providers.find(provider)
        except ProvidersUnavailableError as error:
            raise self._unavailable(error) from error
        if found is None:
            raise RequestRefusedError(HTTPStatus.NOT_FOUND, "the path does not name a known provider")
        return found

    def _check_signature(self, request: Request, found: Caller, raw: bytes, now: datetime) -> tuple[str, datetime]:
        try:
            return check_signature(found.provider, found.secrets, request.headers, raw, now)
        except WrongSignatureError:
            changed = self._providers.find_changed(request.provider)
            if changed is None:
                raise
        return check_signature(changed.provider, changed.secrets, request.headers, raw, now)

    def _store_once(
        self, request: Request, event: StoredEvent, signature: str, now: datetime, tolerance: int, seconds: float
    ) -> Reply:
        try:
            self._signatures.claim(signature, request.id, now, tolerance)
        except SignaturesUnavailableError as error:
            raise self._unavailable(error) from error
        reply = self._store(request, [event], seconds)
        try:
            if reply.not_stored:
                self._signatures.release(signature, request.id)
            else:
                self._signatures.mark_used(signature, request.id, now, tolerance)
        except SignaturesUnavailableError as error:
            # The answer is right whether or not. The claim ends by itself, and a repetition then has the same id.
            logger.warning("the claim of a signature was not ended", extra={"error": str(error)})
        return reply

    def _store(self, request: Request, events: list[StoredEvent], seconds: float) -> Reply:
        stored = self._queue.send([event.line for event in events], seconds)
        ids = [event.event_id for place, event in enumerate(events) if place in stored]
        missing = [event.event_id for place, event in enumerate(events) if place not in stored]
        if missing:
            return Reply(answers.not_stored(request.id, missing, ids), len(ids), len(missing))
        return Reply(answers.accepted(request.id, ids), len(ids))

    def _unavailable(self, error: Exception) -> RequestRefusedError:
        logger.error("callbacks cannot be accepted", extra={"error": str(error)})
        return RequestRefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE, "callbacks cannot be accepted now; send the request again later"
        )
