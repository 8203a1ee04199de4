"""What the receiver answers: 202 with ids, or a problem document (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from functions.errors import ReceiverError

# An answer of Lambda is at most 6 MB, and each of these may name a long member of the body.
MAXIMUM_PROBLEMS: Final = 1000
# Long enough for a short refusal of the queue to pass, short enough for a sender that waits.
RETRY_SECONDS: Final = 5
TITLES: Final = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a body."""

    pointer: str
    """JSON pointer (RFC 6901) into the body; empty for the body as a whole."""
    problem: str


class RequestRefusedError(ReceiverError):
    """The request is answered with a problem document. Nothing of it is stored.

    Args:
        status: of the answer.
        detail: what is wrong and what to do.
        problems: what is wrong with the body.
        retry_seconds: after which a request that is answered 503 succeeds at the earliest.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        problems: Sequence[Problem] = (),
        *,
        retry_seconds: int = RETRY_SECONDS,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.problems, self.retry_seconds = status, detail, problems, retry_seconds


def invalid(problems: Sequence[Problem]) -> RequestRefusedError:
    """The refusal of a body for its contents; every problem is counted, the first 1,000 are named."""
    count = f"{len(problems):,} problems" if len(problems) > 1 else "1 problem"
    named = f", only the first {MAXIMUM_PROBLEMS:,} are listed" if len(problems) > MAXIMUM_PROBLEMS else ""
    return RequestRefusedError(
        HTTPStatus.BAD_REQUEST, f"{count}{named}; nothing was stored", problems[:MAXIMUM_PROBLEMS]
    )


def invalid_body(problem: str) -> RequestRefusedError:
    """The refusal of a body as a whole."""
    return invalid([Problem("", problem)])


def accepted(request_id: str, ids: Sequence[str]) -> dict[str, Any]:
    """All events are in the queue."""
    return _answer(HTTPStatus.ACCEPTED, {"request_id": request_id, "accepted": ids}, "application/json")


def healthy() -> dict[str, Any]:
    """The function answers."""
    return _answer(HTTPStatus.OK, {"status": "ok"}, "application/json")


def refused(request_id: str, refusal: RequestRefusedError) -> dict[str, Any]:
    """Nothing is stored."""
    errors = [{"pointer": each.pointer, "problem": each.problem} for each in refusal.problems]
    members = {"errors": errors} if errors else {}
    return problem(request_id, refusal.status, refusal.detail, members, refusal.retry_seconds)


def not_stored(request_id: str, ids: Sequence[str], stored: Sequence[str]) -> dict[str, Any]:
    """Some or all events are not in the queue."""
    count, total = len(ids), len(ids) + len(stored)
    what = f"{count} of {total} events was" if count == 1 else f"{count} of {total} events were"
    detail = f"{what} not stored; post {'it' if count == 1 else 'them'} again"
    return problem(request_id, HTTPStatus.SERVICE_UNAVAILABLE, detail, {"accepted": stored, "not_stored": ids})


def problem(
    request_id: str,
    status: HTTPStatus,
    detail: str,
    members: Mapping[str, Any],
    retry_seconds: int = RETRY_SECONDS,
) -> dict[str, Any]:
    """A problem document. With 503 the header Retry-After has the seconds after which to send the request again."""
    document = {
        "type": "about:blank",
        "title": TITLES.get(status, status.phrase),
        "status": status.value,
        "detail": detail,
        "request_id": request_id,
        **members,
    }
    answer = _answer(status, document, "application/problem+json")
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return with_header(answer, "Retry-After", str(retry_seconds))
    return answer


def with_header(answer: dict[str, Any], name: str, value: str) -> dict[str, Any]:
    """An answer with a header more."""
    return {**answer, "headers": {**answer["headers"], name: value}}


def _answer(status: HTTPStatus, document: Mapping[str, Any], media_type: str) -> dict[str, Any]:
    return {
        "statusCode": status.value,
        "headers": {"Content-Type": media_type},
        "body": json.dumps(document, separators=(",", ":")),
        "isBase64Encoded": False,
    }
