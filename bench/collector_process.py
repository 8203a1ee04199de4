"""One run of the collector in a process of its own: prints its seconds and its result as a line of JSON.

It runs the function's own handler. The ledger and the parameters are on the emulator at AWS_ENDPOINT_URL; S3 is
DiscardingS3.
"""

import json
import sys
import time

import boto3

from bench.discarding_s3 import DiscardingS3
from tests.support.invocations import invocation

make_client = boto3.client


def client(service: str, **options: object) -> object:
    """Return a DiscardingS3 for S3, and boto3's client for any other service."""
    return DiscardingS3() if service == "s3" else make_client(service, **options)


def main() -> None:
    """Run the handler once and print the result."""
    boto3.client = client
    started = time.perf_counter()
    from functions.sftp_collector.handler import handler  # noqa: PLC0415  # its import is measured

    imported = time.perf_counter()
    result = handler({"dataset": sys.argv[1]}, invocation("bench"))
    done = time.perf_counter()
    print(json.dumps({"import": imported - started, "seconds": done - imported, "collected": result["collected"]}))


if __name__ == "__main__":
    main()
