"""A lease has one owner at a time, and a dead owner does not keep it."""

from datetime import UTC, datetime, timedelta
from threading import Semaphore

import pytest

from lake.lease import Lease, LeaseTakenError
from lake.object_index.items import OBJECT_KEY
from tests.support.index_tables import dynamodb_in_process, fresh_index_tables

LASTS = timedelta(minutes=1)
WAIT = timedelta(minutes=3)


class Clock:
    """Time passes only while somebody sleeps."""

    def __init__(self):
        self.time = datetime(2026, 11, 23, tzinfo=UTC)
        self.then = lambda: None
        """What others do meanwhile."""

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += timedelta(seconds=seconds)
        self.then()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lease(clock):
    dynamodb = dynamodb_in_process()
    table = fresh_index_tables(dynamodb).index
    times = {"lasts": LASTS, "wait": WAIT, "sleep": clock.sleep, "now": clock.now}
    return lambda: Lease(dynamodb, table, (OBJECT_KEY, "a lease"), **times)


def test_second_owner_waits_until_the_first_gives_it_back(lease, clock):
    # given
    first = lease().__enter__()
    clock.then = lambda: first.__exit__() if clock.time.second == 20 else None
    began = clock.time

    # when
    with lease():
        waited = clock.time - began

    # then
    assert waited == timedelta(seconds=20)


def test_owner_that_died_loses_it_when_its_time_is_over(lease, clock):
    # given
    lease().__enter__()
    began = clock.time

    # when
    with lease():
        waited = clock.time - began

    # then
    assert waited == LASTS


def test_owner_that_renews_keeps_it(lease, clock):
    # given
    first = lease().__enter__()
    clock.then = first.renew

    # when, then
    with pytest.raises(LeaseTakenError, match=f"another run held a lease for {WAIT}"):
        lease().__enter__()


def test_owner_that_lost_it_cannot_take_it_back(lease, clock):
    # given a slow owner
    first = lease().__enter__()
    clock.time += LASTS
    second = lease().__enter__()

    # then
    assert not first.renew()
    first.__exit__()
    assert second.renew()


def test_a_lease_that_is_kept_outlasts_its_time(lease, clock):
    # given
    first, second = lease(), lease()
    renew, renewals = first.renew, Semaphore(0)

    def renewing():
        renew()
        renewals.release()

    # when its owner works for longer than it lasts
    with first:
        first.renew = renewing
        with first.kept(timedelta(milliseconds=1)):
            for _ in range(4):
                clock.time += LASTS / 2
                # One may have begun before the time passed.
                while renewals.acquire(blocking=False):
                    pass
                assert renewals.acquire(timeout=10)
                assert renewals.acquire(timeout=10)

        # then
        assert not second.renew()
    assert second.renew()
