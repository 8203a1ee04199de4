"""What Lambda passes to a handler beside the event."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


def invocation(request_id: str, seconds_left: Callable[[], float] = lambda: 900.0) -> Any:
    """Return a context as Lambda creates it for an invocation.

    Args:
        request_id: id of the invocation.
        seconds_left: seconds until the function's timeout.
    """
    return SimpleNamespace(
        aws_request_id=request_id,
        function_name="function",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:eu-west-1:000000000000:function:function",
        get_remaining_time_in_millis=lambda: int(seconds_left() * 1000),
    )
