"""For schemathesis: two rules of the document that JSON Schema cannot say hold for what it generates.

Ids within a request differ, and no event is of before 1970 or of the future.
"""

import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, _arguments):  # noqa: ARG001 - schemathesis knows it by its name
    events = case.body if isinstance(case.body, list) else [case.body]
    seen = set()
    for event in events:
        if not isinstance(event, dict):
            continue
        identity, time = event.get("event_id"), event.get("occurred_at")
        if isinstance(identity, str):
            if identity.lower() in seen:
                event["event_id"] = str(uuid.uuid4())
            seen.add(identity.lower())
        if isinstance(time, str) and time[:4].isdecimal() and not "1971" <= time[:4] <= "2025":
            event["occurred_at"] = f"2001{time[4:]}"
