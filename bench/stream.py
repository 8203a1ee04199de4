"""Speed of the stream's functions on one core, cost of a million events, and a check that faults lose or double none.

Run by `make bench NAME=stream`. S3 and SQS are held in memory, so the benchmark measures checking, compressing and
answering, without a network. Then a million distinct events pass through receiver, batcher and warehouse job while
these are killed (`stream_faults.py`). ARGS="--events 20000" reduces the number, and `--seed` runs one chunk again.
Prints each target with the measured value; exits with 1 if a target is missed.
"""

import argparse
import contextlib
import json
import logging
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "bench")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "bench")

from stream_faults import WRONG, Scenario
from stream_prices import AS_OF, EVENTS, SOURCES, costs
from stream_samples import KEY_ID, PROVIDER, MemoryS3, MemorySqs, gateway_event, posted_events, sqs_event

from functions.event_batcher.batcher import Batcher
from functions.event_receiver import answers
from functions.event_receiver import handler as receiver_handler
from functions.event_receiver.channels import Channels
from functions.event_receiver.event_queue import EventQueue
from functions.event_receiver.receiver import Receiver, Reply
from functions.event_receiver.request import Request
from functions.event_receiver.settings import Settings
from lake.events import Receipt, key_channel, stored_event
from tests.support.invocations import invocation

LEAST_EVENTS_A_SECOND = 20_000
MOST_MILLISECONDS_FOR_ONE = 2.0
BATCHES, BATCH_RUNS = 3, 5
REQUESTS = {1: 3000, 100: 600}
CHUNK = 20_000
"""Events of one seed: as many as a run of the warehouse job holds in memory."""


class PlainReceiver(Receiver):
    """The receiver without checks: the cost of JSON, the log and the answer."""

    def reply(self, request: Request, seconds_left: float) -> Reply:
        """Store any body."""
        body = json.loads(request.body)
        events = body if isinstance(body, list) else [body]
        receipt = Receipt(datetime.now(UTC), request.id, key_channel(PROVIDER))
        self._queue.send([stored_event(event, receipt) for event in events], seconds_left)
        ids = [event["event_id"] for event in events]
        return Reply(answers.accepted(request.id, ids), len(ids))


def main() -> None:
    """Measure and print; exit with 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS, help="distinct events that pass under faults")
    parser.add_argument("--seed", type=int, help="one chunk under faults only, of this seed")
    options = parser.parse_args()
    if options.seed is not None:
        raise SystemExit(bool(_pass_under_faults([options.seed], CHUNK)))
    print("S3 and SQS in memory, one core, no network")
    events_a_second, events_per_object, seconds_per_object, event_bytes = _measure_batcher()
    of_one = _measure_receiver(1)
    _measure_receiver(100)
    _print_costs(events_per_object, seconds_per_object, event_bytes)
    missed = [
        *_missed("batcher, events a second, at least", LEAST_EVENTS_A_SECOND, events_a_second / LEAST_EVENTS_A_SECOND),
        *_missed("receiver, p50 for one in ms, under", MOST_MILLISECONDS_FOR_ONE, MOST_MILLISECONDS_FOR_ONE / of_one),
    ]
    first = random.SystemRandom().randrange(10**9)
    chunk = min(CHUNK, options.events)
    missed += _pass_under_faults(range(first, first + -(-options.events // chunk)), chunk)
    if missed:
        raise SystemExit(1)


def _pass_under_faults(seeds: Sequence[int], chunk: int) -> list[str]:
    """Pass chunks of distinct events through the functions under faults. Return the names in WRONG that are not 0."""
    logging.disable(logging.WARNING)
    total: Counter[str] = Counter(dict.fromkeys(WRONG, 0))
    started = time.perf_counter()
    for number, seed in enumerate(seeds, start=1):
        scenario = Scenario(seed, chunk)
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            scenario.run()
        total.update(scenario.counts)
        wrong = {name: scenario.counts[name] for name in WRONG if scenario.counts[name]}
        minutes = (time.perf_counter() - started) / 60
        print(
            f"{number} of {len(seeds)} chunks, {minutes:.1f} min, seed {seed}: {wrong or 'nothing wrong'}", flush=True
        )
    print(f"under faults: {', '.join(f'{count:,} {name}' for name, count in sorted(total.items()))}")
    return [name for name in WRONG if total[name]]


def _measure_batcher() -> tuple[float, float, float, float]:
    batches = [sqs_event(seed) for seed in range(BATCHES)]
    payloads = [json.dumps(batch) for batch in batches]
    s3 = MemoryS3()
    batcher = Batcher(cast("Any", s3), cast("Any", MemorySqs()), "bench", "events", "dead-letters")
    seconds = [
        _timed(lambda batch=batch: batcher.land(batch["Records"])) for batch in batches for _ in range(BATCH_RUNS)
    ]
    parsing = statistics.median(
        _timed(lambda payload=payload: json.loads(payload)) for payload in payloads * BATCH_RUNS
    )
    count = statistics.mean(len(batch["Records"]) for batch in batches)
    bodies = [record["body"] for batch in batches for record in batch["Records"]]
    event_bytes = statistics.mean(len(body.encode()) for body in bodies)
    median = statistics.median(seconds)
    print(
        f"batcher: {count:,.0f} events of {event_bytes:.0f} bytes a batch, {len(payloads[0]) / 1e6:.1f} MB of payload; "
        f"{median * 1000:.0f} ms, {count / median:,.0f} events/s ({count / (median + parsing):,.0f} if Lambda's own "
        f"parsing is counted); objects of {statistics.mean(s3.sizes) / 1e6:.2f} MB"
    )
    return count / median, count, median + parsing, event_bytes


def _measure_receiver(count: int) -> float:
    posted = posted_events(count, seed=count)
    event = gateway_event(json.dumps(posted[0] if count == 1 else posted))
    queue = EventQueue(cast("Any", MemorySqs()), "bench")
    measured: dict[str, list[float]] = {}
    for name, kind in (("the receiver", Receiver), ("without checks", PlainReceiver)):
        receiver = kind(queue, Channels({KEY_ID: PROVIDER}, ["payments"]), cast("Any", None), cast("Any", None))
        receiver_handler.receiver = lambda receiver=receiver: receiver
        receiver_handler.settings = lambda: Settings("", "", "", {KEY_ID: PROVIDER}, ("payments",))
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), _logging_to(nowhere):
            measured[name] = sorted(_timed(lambda: _answer(event)) for _ in range(REQUESTS[count]))
    for name, seconds in measured.items():
        p50, p99 = _milliseconds(seconds, 0.5), _milliseconds(seconds, 0.99)
        print(f"{count:>4} event{'s' * (count > 1):1} a request, {name:16} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")
    ours, plain = (_milliseconds(seconds, 0.5) for seconds in measured.values())
    print(f"     checking takes {ours - plain:.2f} ms more, {ours / plain:.2f} of the time")
    return ours


@contextlib.contextmanager
def _logging_to(stream: Any):  # noqa: ANN202,ANN401 - a context manager over any text stream
    """Write the receiver's log lines to another stream."""
    handlers = receiver_handler.logger.handlers
    before = [handler.setStream(stream) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream_before in zip(handlers, before, strict=True):
            handler.setStream(stream_before)


def _answer(event: dict[str, Any]) -> None:
    answer = receiver_handler.handler(event, invocation("bench", lambda: 28))
    if answer["statusCode"] != 202:  # noqa: PLR2004 - HTTP's
        raise SystemExit(f"answered {answer}")


def _print_costs(events_per_object: float, seconds_per_object: float, event_bytes: float) -> None:
    print(f"from the receiver to the bucket, {EVENTS:,} events, list prices of eu-west-1, {AS_OF}:\n  {SOURCES}")
    ways = costs(events_per_object, seconds_per_object, event_bytes)
    for way in ways:
        ratio = way.dollars / ways[0].dollars
        print(f"  {way.way:28}{way.objects:>11,} objects  {way.dollars:7.3f} USD  {ratio:6.1f} times the first")


def _missed(what: str, target: float, ratio: float) -> list[str]:
    print(f"target: {what} {target:,g}: {'reached' if ratio >= 1 else 'MISSED'}, by a factor of {ratio:.2f}")
    return [] if ratio >= 1 else [what]


def _milliseconds(ordered_seconds: Sequence[float], quantile: float) -> float:
    return ordered_seconds[int(len(ordered_seconds) * quantile)] * 1000


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
