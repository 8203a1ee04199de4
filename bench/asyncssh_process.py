"""Read and hash files, or parts of one file, with asyncssh in as many processes as the collector uses.

Unlike the collector, it does not use a ledger, write to S3 or check versions, so it may be faster by that much. Prints
its seconds and the checksums as a line of JSON.
"""

import argparse
import asyncio
import functools
import hashlib
import json
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import asyncssh

PART_BYTES = 8 * 2**20
# The collector's values, which suit OpenSSH.
BLOCK_BYTES, REQUESTS = 261_120, 24
WINDOW_BYTES, PACKET_BYTES = 2**23, 2**18
# Files that a process reads concurrently, which is easy with asyncssh.
FILES_AT_ONCE = 2

Part = tuple[str, int]


async def read(arguments: argparse.Namespace, work: list[tuple[str, list[int]]]) -> dict[Part, str]:
    """Read parts of files over one connection, and return their digests."""
    digests: dict[Part, str] = {}
    async with asyncssh.connect(
        "127.0.0.1",
        arguments.port,
        username=arguments.user,
        client_keys=[arguments.key],
        known_hosts=arguments.known_hosts,
        encryption_algs=[arguments.cipher],
        compression_algs=None,
        config=None,
    ) as connection:
        connection.create_session = functools.partial(
            connection.create_session, window=WINDOW_BYTES, max_pktsize=PACKET_BYTES
        )
        async with connection.start_sftp_client() as files:
            queue = iter(work)

            async def take() -> None:
                for path, numbers in queue:
                    async with files.open(path, "rb", block_size=BLOCK_BYTES, max_requests=REQUESTS) as file:
                        for number in numbers:
                            body = await file.read(PART_BYTES, number * PART_BYTES)
                            digests[path, number] = hashlib.sha256(body).hexdigest()

            await asyncio.gather(*(take() for _ in range(FILES_AT_ONCE)))
    return digests


def run(arguments: argparse.Namespace, work: list[tuple[str, list[int]]], pipe: Connection) -> None:
    """Read one process's share and send the digests through the pipe."""
    pipe.send(asyncio.run(read(arguments, work)))


def main() -> None:
    """Read all files in parallel, and print the seconds and digests."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    for name in ("user", "key", "known-hosts", "cipher"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--workers", type=int)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    started = time.perf_counter()
    digests: dict[Part, str] = {}
    pipes: list[Connection] = []
    for worker in range(arguments.workers):
        ours, theirs = multiprocessing.Pipe()
        work = share(arguments.files, worker, arguments.workers)
        multiprocessing.get_context("fork").Process(target=run, args=(arguments, work, theirs)).start()
        theirs.close()
        pipes.append(ours)
    for pipe in pipes:
        digests |= pipe.recv()
    seconds = time.perf_counter() - started
    json.dump({"seconds": seconds, "parts": [[*part, digest] for part, digest in sorted(digests.items())]}, sys.stdout)


def share(paths: list[str], worker: int, workers: int) -> list[tuple[str, list[int]]]:
    """Return one worker's share: every n-th of several files, or consecutive parts of a single one."""
    if len(paths) > 1:
        return [(path, parts_of(path)) for path in paths[worker::workers]]
    numbers = parts_of(paths[0])
    each = -(-len(numbers) // workers)
    return [(paths[0], numbers[worker * each : (worker + 1) * each])]


def parts_of(path: str) -> list[int]:
    """Return the numbers of a file's parts."""
    return list(range(-(-Path(path).stat().st_size // PART_BYTES)))


if __name__ == "__main__":
    main()
