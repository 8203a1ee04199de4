"""For schemathesis: where it and the API's document differ, all of it and why.

- Ids within a request differ, and no event is of before 1970 or of the future: JSON Schema cannot say either, so this
  hook changes what was generated.
- 403 for 405, the check `unsupported_method`: API Gateway answers so where the document has no such method, and the
  document's readers are told. The check is off.
- 503, the check `not_a_server_error`: it is the document's answer where the queue took too long, as it may on a busy
  machine. The check lets it pass.
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
