"""A request as the gateway hands it over, and its body read as strict JSON."""

import base64
import binascii
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from typing import Any, Final

from functions.errors import ReceiverError
from functions.event_receiver.answers import RequestRefusedError, invalid_body

MAXIMUM_BODY_BYTES: Final = 2**20
MAXIMUM_DEPTH: Final = 32
"""Of a payload. Its event is one level more, and an array of events another."""
_MAXIMUM_BODY_DEPTH: Final = MAXIMUM_DEPTH + 2
_UTF_8: Final = ("utf-8", "utf8")
_LONGEST_CONTENT_TYPE: Final = 500
_NOT_COMPRESSED: Final = ("", "identity")
_QUOTED_CHARACTERS: Final = 40
"""Characters of a header or a name that an answer repeats, at most."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    id: str
    method: str
    route: str
    """The path as the API's document has it, such as "/callbacks/{provider}"."""
    provider: str
    """Of a callback; else empty."""
    api_key_id: str
    """Of the API key that the gateway accepted; empty where the route does not need a key."""
    headers: Mapping[str, str]
    """By names in lower case."""
    body: str
    is_base64: bool

    def raw_body(self, maximum_bytes: int) -> bytes:
        """The body's bytes.

        Raises:
            RequestRefusedError: it is not declared as JSON in UTF-8, is compressed, too large or no text at all.
        """
        _check_media_type(self.headers.get("content-type", ""))
        encoding = self.headers.get("content-encoding", "").strip()
        if encoding.lower() not in _NOT_COMPRESSED:
            raise _unsupported(f"the Content-Encoding {_quoted(encoding)} is not accepted; send the body uncompressed")
        try:
            raw = base64.b64decode(self.body, validate=True) if self.is_base64 else self.body.encode()
        except (binascii.Error, UnicodeError):
            raise invalid_body("is not UTF-8 text") from None
        if len(raw) > maximum_bytes:
            raise RequestRefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the body has {len(raw)} bytes, and at most {maximum_bytes} are accepted; post less in one request",
            )
        return raw


def read_request(event: Mapping[str, Any], fallback_id: str) -> Request:
    """The request in a Lambda proxy event of a REST API.

    Args:
        event: what the gateway sends.
        fallback_id: the request's id where the gateway gave none.
    """
    headers: Mapping[str, str] = event.get("headers") or {}
    path: Mapping[str, str] = event.get("pathParameters") or {}
    context: Mapping[str, Any] = event.get("requestContext") or {}
    identity: Mapping[str, Any] = context.get("identity") or {}
    return Request(
        id=context.get("requestId") or fallback_id,
        method=event.get("httpMethod") or "",
        route=event.get("resource") or "",
        provider=path.get("provider") or "",
        api_key_id=identity.get("apiKeyId") or "",
        headers={name.lower(): value for name, value in headers.items()},
        body=event.get("body") or "",
        is_base64=bool(event.get("isBase64Encoded")),
    )


def parse(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a JSON text: integers exact, other numbers as finite doubles.

    Raises:
        RequestRefusedError: it is empty, malformed, nested deeper than any body may be, names a member twice, or holds
            NaN, an infinity or a lone surrogate.
    """
    if not raw.strip():
        raise invalid_body("is empty")
    try:
        text = raw.decode()
        value = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_each_member_once
        )
    except UnicodeError:
        raise invalid_body("is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise invalid_body(f"is malformed JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except _ValueRefusedError as error:
        raise invalid_body(str(error)) from None
    except ValueError:
        # Python's guard against integers of thousands of digits, whose conversion takes quadratic time.
        raise invalid_body("holds an integer of more than 4,300 digits") from None
    except RecursionError:
        raise invalid_body(f"is nested deeper than {MAXIMUM_DEPTH} levels") from None
    # Before the value is written again, which fails on one that is nested nearly too deep to be parsed.
    check_depth(value, _MAXIMUM_BODY_DEPTH)
    if "\\u" in text and _has_lone_surrogate(value):
        raise invalid_body("holds half of a surrogate pair, which is not a character")
    return value


def check_depth(value: Any, maximum: int = MAXIMUM_DEPTH) -> None:  # noqa: ANN401 - any JSON value
    """Check how deep objects and arrays are nested; a value without any is of depth 0.

    Raises:
        RequestRefusedError: deeper than the maximum.
    """
    level = [value]
    for _ in range(maximum):
        level = [child for container in level for child in _children(container) if isinstance(child, (dict, list))]
        if not level:
            return
    raise invalid_body(f"is nested deeper than {MAXIMUM_DEPTH} levels")


class _ValueRefusedError(ReceiverError):
    """A number that JSON does not have or a double cannot hold, or an object that names a member twice."""


def _children(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_constant(name: str) -> None:
    raise _ValueRefusedError(f"holds {name}, which is not JSON")


def _finite(literal: str) -> float:
    number = float(literal)
    if math.isinf(number):
        raise _ValueRefusedError("holds a number that is too large for a double")
    return number


def _each_member_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        times = Counter(name for name, _ in pairs)
        repeated = next(name for name in members if times[name] > 1)
        raise _ValueRefusedError(f"names the member {_quoted(repeated)} more than once")
    return members


def _check_media_type(content_type: str) -> None:
    header = Message()
    # The parser takes quadratic time, and nobody needs so many parameters.
    header["Content-Type"] = content_type if len(content_type) <= _LONGEST_CONTENT_TYPE else ""
    if header.get_content_type() != "application/json":
        raise _unsupported("the Content-Type is not application/json; send the body as application/json")
    for name, value in header.get_params(failobj=[]):
        if name.lower() == "charset" and value.strip().lower() not in _UTF_8:
            raise _unsupported(f"the charset {_quoted(value)} is not accepted; send the body in UTF-8")


def _unsupported(detail: str) -> RequestRefusedError:
    return RequestRefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


def _quoted(text: str) -> str:
    return json.dumps(text[:_QUOTED_CHARACTERS])


def _has_lone_surrogate(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
