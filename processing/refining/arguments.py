"""Arguments of the jobs that process inbound objects."""

import argparse
import functools
from collections.abc import Mapping
from datetime import date

from processing.declaring.dataset import Dataset
from processing.refining.spread import Spreading, Threshold, bucket_store


def add_days(parser: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage] - argparse has no other name for it
    """Add --from and --to: the first and the last landing day, inclusive."""
    for name, destination, words in (("--from", "first", "later"), ("--to", "last", "before")):
        parser.add_argument(
            name,
            dest=destination,
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help=f"only objects that landed on this day or {words}",
        )


def add_objects(parser: argparse._ArgumentGroup | argparse._MutuallyExclusiveGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    """Add --object: keys of inbound objects."""
    parser.add_argument(
        "--object",
        action="append",
        default=[],
        metavar="KEY",
        help="only this object; repeat the option for more objects",
    )


def add_flag(parser: argparse.ArgumentParser | argparse._ArgumentGroup, name: str, words: str) -> None:  # pyright: ignore[reportPrivateUsage]
    """Add a flag that may also have the value "true", because Glue passes arguments in pairs."""
    parser.add_argument(name, nargs="?", choices=["true"], const="true", help=words)


def add_spreading(parser: argparse.ArgumentParser) -> None:
    """Add the sizes above which a run is spread over Spark's executors."""
    group = parser.add_argument_group("distribute the objects over Spark's executors")
    group.add_argument(
        "--spread-objects", type=int, metavar="N", help="if there are more objects than this; without it, never"
    )
    group.add_argument(
        "--spread-bytes", type=int, metavar="N", help="if the objects have more bytes than this; without it, never"
    )


def spreading_of(options: argparse.Namespace) -> Spreading:
    """Return the options of `add_spreading` and the bucket's store."""
    threshold = Threshold(options.spread_objects, options.spread_bytes)
    return Spreading(threshold, functools.partial(bucket_store, options.bucket))


def chosen(datasets: Mapping[str, Dataset], name: str | None) -> Mapping[str, Dataset]:
    """Return the dataset with this name; all datasets if no name is given."""
    return {name: datasets[name]} if name else datasets
