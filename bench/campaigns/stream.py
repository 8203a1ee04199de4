"""Send a million events under faults. Run by `make campaign NAME=stream`, with the tests' declarations.

Each chunk of distinct events has a seed. Eight clients post the events over HTTP, one in ten twice, with poison among
them. The batcher fails before its object, after it or after its dead letters, or its answer is lost, and gets messages
again in other batches. The deployed job refines the events. Then the campaign checks that the view has each event once
and as posted, and that the dead letters are the poison. A chunk that fails writes its seed to
.bench/campaign-stream/failed-seeds; `--seed` runs one again. A chunk's objects are deleted after it.
"""

import argparse
import logging
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from lake.keys import INBOUND, QUARANTINE, WAREHOUSE
from local.platform_instance import LocalPlatform
from ops.stack.target import Target, find_target
from tests.support.emulators import free_port
from tests.support.program import program_folder
from tests.support.stream import EventStream
from tests.support.stream_faults import Scenario

FOLDER = Path(".bench") / "campaign-stream"


def main() -> None:
    """Run chunks and print the figures; exit with 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000, help="distinct events")
    parser.add_argument("--chunk", type=int, default=20_000, help="events of one seed")
    parser.add_argument("--seed", type=int, help="one chunk only, of this seed")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    first = random.SystemRandom().randrange(10**9)
    count = -(-arguments.events // arguments.chunk)
    seeds = [arguments.seed] if arguments.seed is not None else [first + number for number in range(count)]
    total: Counter[str] = Counter()
    failed: list[int] = []
    platform = LocalPlatform(FOLDER / "platform", free_port(), program=program_folder())
    try:
        platform.up()
        stream = EventStream(find_target("local", platform.state_directory))
        started = time.monotonic()
        with stream.batcher_held():
            for number, seed in enumerate(seeds, start=1):
                if not survives(seed, arguments.chunk, stream, total):
                    failed.append(seed)
                minutes = (time.monotonic() - started) / 60
                print(
                    f"{number} of {len(seeds)} chunks, {len(failed)} failed, {minutes:.1f} min: {words(total)}",
                    flush=True,
                )
    finally:
        platform.down()
    if failed:
        print(f"FAILED seeds: {', '.join(map(str, failed))}; run one again with --seed")
        sys.exit(1)
    print("every event once in the view and as it was posted, the dead letters exactly the poison")


def survives(seed: int, events: int, stream: EventStream, total: Counter[str]) -> bool:
    """Run one chunk. Return True if its checks passed."""
    scenario = Scenario(seed, events, stream)
    try:
        scenario.run()
    except Exception:  # noqa: BLE001  # reported with its seed; the other scenarios continue
        print(f"\nseed {seed} failed after {words(scenario.counts)}")
        traceback.print_exc()
        with (FOLDER / "failed-seeds").open("a") as kept:
            kept.write(f"{seed}\n")
        stream.take()
        return False
    finally:
        total.update(scenario.counts)
        forget(stream.target)
    return True


def forget(target: Target) -> None:
    """Delete a chunk's objects from the lake, so the next chunk's view contains only its own events."""
    bucket = target.session.resource("s3", endpoint_url=target.endpoint).Bucket(target.bucket)
    for prefix in (INBOUND, WAREHOUSE, QUARANTINE):
        bucket.object_versions.filter(Prefix=f"{prefix}/readings/").delete()


def words(counts: Counter[str]) -> str:
    """Return counts as text."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


if __name__ == "__main__":
    main()
