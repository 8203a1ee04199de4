"""What the gateway itself answers, in the shape of the API's other errors: problem documents with CORS headers."""

import json
from typing import Final, NamedTuple


class Problem(NamedTuple):
    """One kind of answer.

    docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
    """

    response_type: str
    status: int | None
    """None: each kind of refusal that has no answer of its own keeps its status, which the body does not name."""
    title: str
    detail: str
    retry_seconds: int | None = None
    """The answer's header Retry-After, if it has one."""


_KEY: Final = "the API key is missing or not valid; send a valid key in the header x-api-key"
# The rate counts by the second. A quota ends with the day, which a fixed answer cannot say: ask once an hour.
_NEXT_SECOND: Final = 1
_NEXT_HOUR: Final = 3600
_AGAIN: Final = "the request failed; send the same request again, nothing is stored twice"
# The gateway puts in the kind of the refusal, such as RESOURCE_NOT_FOUND.
_KIND: Final = "$context.error.responseType"

PROBLEMS: Final = (
    Problem("INVALID_API_KEY", 403, "Forbidden", _KEY),
    Problem("MISSING_AUTHENTICATION_TOKEN", 403, "Forbidden", "the API does not have this path and method"),
    Problem("WAF_FILTERED", 403, "Forbidden", "the firewall refused the request; send fewer requests at once"),
    Problem("REQUEST_TOO_LARGE", 413, "Content Too Large", "the body is too large; post fewer events at once"),
    Problem(
        "UNSUPPORTED_MEDIA_TYPE",
        415,
        "Unsupported Media Type",
        "the Content-Type is not application/json; send the body as application/json",
    ),
    Problem("THROTTLED", 429, "Too Many Requests", "too many requests; send fewer requests per second", _NEXT_SECOND),
    Problem(
        "QUOTA_EXCEEDED",
        429,
        "Too Many Requests",
        "the key's quota for today is used up; send the request again tomorrow",
        _NEXT_HOUR,
    ),
    Problem("INTEGRATION_TIMEOUT", 504, "Gateway Timeout", _AGAIN),
    Problem("INTEGRATION_FAILURE", 500, "Internal Server Error", _AGAIN),
    Problem("DEFAULT_4XX", None, "Client Error", f"the API refused the request: {_KIND}"),
    Problem("DEFAULT_5XX", 500, "Internal Server Error", _AGAIN),
)


def problem_template(problem: Problem) -> str:
    """The answer's body, in which the gateway puts the request's id."""
    return json.dumps(
        {
            "type": "about:blank",
            "title": problem.title,
            **({} if problem.status is None else {"status": problem.status}),
            "detail": problem.detail,
            "request_id": "$context.requestId",
        }
    )


def problem_headers(problem: Problem, origin: str) -> dict[str, str]:
    """Headers of the answer."""
    headers = cors_headers(origin) | {"Content-Type": "application/problem+json"}
    return headers if problem.retry_seconds is None else headers | {"Retry-After": str(problem.retry_seconds)}


def cors_headers(origin: str) -> dict[str, str]:
    """Headers that let a page of that origin read an answer."""
    return {"Access-Control-Allow-Origin": origin}
