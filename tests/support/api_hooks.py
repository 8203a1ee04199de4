"""For schemathesis: all differences between it and the API's document, with reasons.

- Ids are unique within a request, and events are neither from before 1970 nor from the future. JSON Schema cannot
  express either, so this hook changes generated data.
- 403 instead of 405, the check `unsupported_method`: API Gateway answers so for a method outside the document, as the
  document says. The check is off.
- 503, the check `not_a_server_error`: the documented answer if the queue took too long, as on a busy machine. The check
  accepts it.
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
