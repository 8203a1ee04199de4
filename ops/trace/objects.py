"""One object's way: raw, in the index, in the warehouse and in the quarantine."""

from collections.abc import Iterator

from lake.keys import InboundObject
from ops.quarantine.rows import refused_of_object
from ops.stack.object_index import behind_in_words, index_of, waiting_events
from ops.stack.row_accounts import head, row_account
from ops.stack.target import Target
from ops.trace.model import Step, time_of
from ops.trace.source import source_of


def object_steps(target: Target, inbound: InboundObject) -> Iterator[Step]:
    """Everything that is known of an inbound object, in the order in which it happened."""
    yield source_of(target, inbound)
    yield Step("inbound", (inbound.key, _landed(target, inbound.key)))
    yield Step("attributes", (_indexed(target, inbound.key),))
    written = head(target, inbound.warehouse_key)
    if written is None:
        yield Step(
            "warehouse", ("no job has processed the object; run `run refine`, or see with `runs` why a job failed",)
        )
        return
    account = row_account(target, inbound)
    by = f"written {time_of(written['LastModified'])} by run {account.run}"
    parts = f"{account.warehouse:,} clean + {account.quarantined:,} quarantined + {account.duplicate:,} duplicates"
    yield Step("warehouse", (inbound.warehouse_key, by, f"{account.rows_in:,} rows in = {parts}"))
    if account.quarantined:
        rules = [f"{each.rows:,} by {each.rule}" for each in refused_of_object(target, inbound)]
        yield Step("quarantine", (inbound.quarantine_key, *rules))


def _landed(target: Target, key: str) -> str:
    found = head(target, key)
    return (
        f"{found['ContentLength']:,} bytes, landed {time_of(found['LastModified'])}"
        if found
        else "does not exist: not landed yet, or deleted"
    )


def _indexed(target: Target, key: str) -> str:
    known = index_of(target).get(key)
    if known is None:
        nothing = "not recorded yet; `redrive attributes` shows whether recording failed"
        return "; ".join([nothing, *behind_in_words(waiting_events(target))])
    rows = f", {known.landing.rows:,} rows" if known.landing and known.landing.rows is not None else ""
    return f"{known.progress}, arrived {time_of(known.arrived_at)}{rows}"
