"""Which files of a listing are due. A file written a moment ago may change again and still look the same."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.sftp_collector.messages import Listed
from functions.sftp_collector.result import CollectionResult, LeftOut
from functions.sftp_collector.selection import Selection
from functions.sftp_collector.session import RemoteFile
from lake.parameters import Collection

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
HOUR = 3600


class KnowsNothing:
    """A ledger that has known each file for the given time, and collected none."""

    def __init__(self, seen_for=timedelta(0)):
        self._seen_for = seen_for

    def states_of(self, versions):  # noqa: ARG002  # the ledger's name
        return {}

    def unchanged_since(self, version):  # noqa: ARG002  # the ledger's name
        return NOW - self._seen_for


def select(modified, server_time=None, seen_for=timedelta(0), quiet_seconds=0):
    """Sort a listing of one file. Return the number of due files, and the number of files that are too recent."""
    collection = Collection(
        dataset="parcels", connection="carrier", directory="in", pattern="*", quiet_seconds=quiet_seconds
    )
    result = CollectionResult("parcels")
    selection = Selection(collection, KnowsNothing(seen_for), result, lambda: NOW)  # pyright: ignore[reportArgumentType]  # what it needs
    selection.sort(Listed([RemoteFile("a.csv", 5, modified)], {}, server_time))
    return len(selection.due), result.left_out[LeftOut.TOO_FRESH]


DUE, TOO_FRESH = (1, 0), (0, 1)


@pytest.mark.parametrize(("age", "expected"), [(0, TOO_FRESH), (1, TOO_FRESH), (2, DUE), (60, DUE)])
def test_a_file_younger_than_two_seconds_is_too_fresh(age, expected):
    assert select(SECONDS - age) == expected


@pytest.mark.parametrize("behind", [HOUR, -HOUR])
@pytest.mark.parametrize(("age", "expected"), [(1, TOO_FRESH), (2, DUE)])
def test_its_age_is_reckoned_by_the_servers_clock(behind, age, expected):
    # given
    server_time = SECONDS - behind

    # then
    assert select(server_time - age, server_time) == expected


@pytest.mark.parametrize(("seen_for", "expected"), [(1, TOO_FRESH), (2, DUE)])
def test_a_file_of_the_future_is_due_once_seen_for_two_seconds(seen_for, expected):
    assert select(SECONDS + HOUR, seen_for=timedelta(seconds=seen_for)) == expected


@pytest.mark.parametrize(("age", "expected"), [(5, TOO_FRESH), (60, DUE)])
def test_a_longer_quiet_time_of_the_dataset_holds(age, expected):
    assert select(SECONDS - age, quiet_seconds=60) == expected


@pytest.mark.parametrize("name", ["x\n- inbox2: all is well.csv", "\u202eevil.csv"])
def test_a_refused_name_writes_no_line_into_the_report(name):
    # given
    collection = Collection(dataset="parcels", connection="carrier", directory="in", pattern="*")
    result = CollectionResult("parcels")

    class Refuses(KnowsNothing):
        def refuse(self, version, reason):
            pass

    # when
    Selection(collection, Refuses(), result, lambda: NOW).sort(Listed([RemoteFile(name, 5, 1)], {}, None))  # pyright: ignore[reportArgumentType]  # what it needs

    # then
    (failed,) = result.failed
    assert (failed.source + failed.error).isprintable()
