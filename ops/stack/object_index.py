"""The stack's object index and its totals: what commands read in place of the lake's listing."""

from collections.abc import Iterator
from typing import Final

from lake.object_index.index import ObjectIndex
from lake.object_index.totals import TotalsTable
from ops.stack.errors import OperatorError
from ops.stack.target import Target
from ops.stack.terminal import errors

TABLE: Final = "attributesTable"
TOTALS: Final = "totalsTable"
QUEUE: Final = "attributesQueueUrl"


class IndexMissingError(OperatorError):
    """The stack has no such index; the message says what to do."""


def index_of(target: Target) -> ObjectIndex:
    """The index of objects.

    Raises:
        IndexMissingError: an earlier version of the program deployed the stack.
    """
    return ObjectIndex(target.client("dynamodb"), exported(target, TABLE))


def totals_of(target: Target) -> TotalsTable:
    """The totals of datasets, days and runs.

    Raises:
        IndexMissingError: an earlier version of the program deployed the stack.
    """
    return TotalsTable(target.client("dynamodb"), exported(target, TOTALS))


def waiting_events(target: Target) -> int:
    """About how many events wait for the index: what they report is not in any answer of the index yet.

    Raises:
        IndexMissingError: an earlier version of the program deployed the stack.
    """
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = target.client("sqs").get_queue_attributes(QueueUrl=exported(target, QUEUE), AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def behind_in_words(waiting: int) -> Iterator[str]:
    """One line if events wait for the index, which is then behind the lake; no line otherwise."""
    if waiting:
        events = "1 event is" if waiting == 1 else f"about {waiting:,} events are"
        yield f"the object index is behind: {events} not recorded yet; run this command again in a moment"


def show_behind(waiting: int) -> None:
    """Print to stderr that the index is behind, if events wait for it."""
    for line in behind_in_words(waiting):
        errors.print(f"[yellow]{line}[/]", highlight=False, soft_wrap=True)


def exported(target: Target, name: str) -> str:
    """The stack's export of a name.

    Raises:
        IndexMissingError: an earlier version of the program deployed the stack.
    """
    if name not in target.exports:
        raise IndexMissingError(
            f"the stack {target.stack!r} does not export {name}; deploy this version of the program, then run "
            "`reconcile`"
        )
    return str(target.exports[name])
