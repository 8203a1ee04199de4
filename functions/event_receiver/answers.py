"""The receiver's answers: 202 with the events' ids, or a problem document (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from functions.errors import ReceiverError

# A Lambda answer is at most 6 MB, and each problem may contain a long member name from the body.
MAXIMUM_PROBLEMS: Final = 1000
# Long enough for a brief refusal of the queue to pass, and short enough for a sender to wait.
RETRY_SECONDS: Final = 5
TITLES: Final = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One error in a request body."""

    pointer: str
    """JSON pointer (RFC 6901) into the body; empty for the body as a whole."""
    problem: str


class RequestRefusedError(ReceiverError):
    """The request is answered with a problem document. Nothing in it was stored.

    Args:
        status: the status of the answer.
        detail: what is wrong, and what to do.
        problems: the errors in the body.
        retry_seconds: the seconds until a request that is answered 503 can succeed at the earliest.
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
    """Return the refusal of an invalid body. It counts every problem and lists the first 1,000."""
    count = f"{len(problems):,} problems" if len(problems) > 1 else "1 problem"
    named = f", only the first {MAXIMUM_PROBLEMS:,} are listed" if len(problems) > MAXIMUM_PROBLEMS else ""
    return RequestRefusedError(
        HTTPStatus.BAD_REQUEST, f"{count}{named}; nothing was stored", problems[:MAXIMUM_PROBLEMS]
    )


def invalid_body(problem: str) -> RequestRefusedError:
    """Return the refusal of a body as a whole."""
    return invalid([Problem("", problem)])


def accepted(request_id: str, ids: Sequence[str]) -> dict[str, Any]:
    """Return the answer if all events are in the queue."""
    return _answer(HTTPStatus.ACCEPTED, {"request_id": request_id, "accepted": ids}, "application/json")


def healthy() -> dict[str, Any]:
    """Return the answer to a health check."""
    return _answer(HTTPStatus.OK, {"status": "ok"}, "application/json")


def refused(request_id: str, refusal: RequestRefusedError) -> dict[str, Any]:
    """Return the answer if nothing was stored."""
    errors = [{"pointer": each.pointer, "problem": each.problem} for each in refusal.problems]
    members = {"errors": errors} if errors else {}
    return problem(request_id, refusal.status, refusal.detail, members, refusal.retry_seconds)


def not_stored(request_id: str, ids: Sequence[str], stored: Sequence[str]) -> dict[str, Any]:
    """Return the answer if some or all events are not in the queue."""
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
    """Return a problem document. With status 503, the header Retry-After has the seconds until the next attempt."""
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
    """Return a copy of an answer with one more header."""
    return {**answer, "headers": {**answer["headers"], name: value}}


def _answer(status: HTTPStatus, document: Mapping[str, Any], media_type: str) -> dict[str, Any]:
    return {
        "statusCode": status.value,
        "headers": {"Content-Type": media_type},
        "body": json.dumps(document, separators=(",", ":")),
        "isBase64Encoded": False,
    }
