"""Arguments of the jobs that process inbound objects."""

import argparse
import functools
from collections.abc import Mapping
from datetime import date

from processing.declaring.dataset import Dataset
from processing.refining.spread import Spreading, Threshold, bucket_store


def add_days(parser: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage] - argparse has no other name for it
    """--from and --to: days of landing, the first and the last one included."""
    for name, destination, words in (("--from", "first", "later"), ("--to", "last", "before")):
        parser.add_argument(
            name,
            dest=destination,
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help=f"only objects that landed on this day or {words}",
        )


def add_objects(parser: argparse._ArgumentGroup | argparse._MutuallyExclusiveGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    """--object: keys of inbound objects."""
    parser.add_argument(
        "--object",
        action="append",
        default=[],
        metavar="KEY",
        help="only this object; repeat the option for more objects",
    )


def add_flag(parser: argparse.ArgumentParser | argparse._ArgumentGroup, name: str, words: str) -> None:  # pyright: ignore[reportPrivateUsage]
    """A flag, which may have the value "true": Glue passes arguments in pairs."""
    parser.add_argument(name, nargs="?", choices=["true"], const="true", help=words)


def add_spreading(parser: argparse.ArgumentParser) -> None:
    """Above which sizes a run is spread over Spark's executors."""
    group = parser.add_argument_group("distribute the objects over Spark's executors")
    group.add_argument(
        "--spread-objects", type=int, metavar="N", help="if there are more objects than this; without it, never"
    )
    group.add_argument(
        "--spread-bytes", type=int, metavar="N", help="if the objects have more bytes than this; without it, never"
    )


def spreading_of(options: argparse.Namespace) -> Spreading:
    """What `add_spreading` and the bucket say."""
    threshold = Threshold(options.spread_objects, options.spread_bytes)
    return Spreading(threshold, functools.partial(bucket_store, options.bucket))


def chosen(datasets: Mapping[str, Dataset], name: str | None) -> Mapping[str, Dataset]:
    """The dataset of a name; all of them without one."""
    return {name: datasets[name]} if name else datasets
