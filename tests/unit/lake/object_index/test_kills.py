"""Kills, repetitions and disorder: index and totals equal a recount of the lake, whatever happened to the recorders.

Each history follows from a seed. Objects land, are replaced, processed, processed again and deleted, also while
recorders work. Each event is delivered twice and out of order. Recorders are killed before and after any of their
requests and run in parallel. SQS redelivers the messages of a killed recorder.
"""

import itertools
import random
from collections import Counter
from datetime import date, timedelta
from threading import Lock

import pytest

from lake.keys import inbound_object
from lake.object_index.index import ObjectIndex
from lake.object_index.recorder import Recorder
from lake.object_index.totals import Totals, TotalsTable
from tests.support.index_tables import dynamodb_in_process, fresh_index_tables
from tests.support.memory_lake import MemoryLake, recount

FIRST_DAY = date(2026, 11, 23)
DAYS = [FIRST_DAY + timedelta(days=number) for number in range(2)]
OBJECTS = [
    inbound_object(dataset, day, name)
    for dataset in ("parcels", "members")
    for day in DAYS
    for name in ("a.csv", "b.csv")
]
RUNS = ("run-1", "run-2")
DISTURBANCES = ("kill", "kill", "recorder", "lake")


class Killed(BaseException):
    """The recorder's process ends."""


class History:
    """A lake, the queue of its events, and recorders that are interrupted at any of their requests."""

    def __init__(self, seed):
        self._random = random.Random(seed)  # noqa: S311 - a seed kept to see it again
        self._steps, self._one_at_a_time = 0, Lock()
        self._disturbances = {}
        self.met = Counter()
        self.lake = MemoryLake(self._step)
        self.dynamodb = dynamodb_in_process(self._step, self._step)
        self.tables = fresh_index_tables(self.dynamodb)
        self.recorder = Recorder(
            self.lake,
            self.dynamodb,
            bucket="lake",
            index_table=self.tables.index,
            totals_table=self.tables.totals,
            sleep=lambda _: None,
        )
        self.waiting = []

    def run(self, turns):
        """Let the lake change and recorders run, then let recorders finish undisturbed."""
        for _ in range(turns):
            self._change_lake()
            if self._random.random() < 0.7:
                at = self._steps + self._random.randrange(14)
                self._disturbances[at] = self._random.choice(DISTURBANCES)
                self._deliver()
        self._disturbances.clear()
        while self.waiting:
            self._deliver()

    def is_killed(self, objects, request):
        """Let a recorder record objects and kill it before or after a request; then let another one finish undisturbed.

        Args:
            objects: the objects.
            request: number of the moment, from 1: two for each request.
        """
        self._disturbances = {self._steps + request: "kill"}
        try:
            self.recorder.record(objects, rewrite=True)
        except Killed:
            self.recorder.record(objects, rewrite=True)
            return True
        self._disturbances.clear()
        return False

    def _change_lake(self):
        choose = self._random
        inbound = choose.choice(OBJECTS)
        self.lake.wait(choose.randrange(2))
        match choose.choice(("land", "land", "process", "process", "delete", "delete warehouse file")):
            case "land":
                self.lake.land(inbound, b"id,town\n" + b"1,Leeds\n" * choose.randrange(4))
            case "process":
                rows = {name: choose.randrange(3) for name in ("warehouse", "quarantined", "duplicate")}
                self.lake.process(inbound, choose.choice(RUNS), **rows)
            case "delete":
                self.lake.delete(inbound.key)
            case _:
                self.lake.delete(inbound.warehouse_key)
        self.waiting += [inbound, inbound]

    def _deliver(self):
        """Give some messages to a recorder. SQS redelivers the unrecorded ones."""
        self._random.shuffle(self.waiting)
        batch = [self.waiting.pop() for _ in range(min(len(self.waiting), self._random.randrange(1, 6)))]
        try:
            failed = self.recorder.record(batch, rewrite=True).failed
        except Killed:
            self.waiting += batch
        else:
            self.waiting += [inbound for inbound in batch if inbound.key in failed]

    def _step(self, _):
        with self._one_at_a_time:
            self._steps += 1
            disturbance = self._disturbances.pop(self._steps, None)
        if disturbance is None:
            return
        self.met[disturbance] += 1
        if disturbance == "kill":
            raise Killed
        if disturbance == "lake":
            self._change_lake()
        else:
            self._deliver()


def assert_equal_to_a_recount(history):
    counted = recount(history.lake, OBJECTS)
    index = ObjectIndex(history.dynamodb, history.tables.index)
    totals = TotalsTable(history.dynamodb, history.tables.totals)
    for dataset in ("parcels", "members"):
        found = totals.of_datasets([dataset])[dataset]
        assert counts_of(found) == counts_of(counted.get(("dataset", dataset)))
        landed = history.lake.ever_landed[dataset]
        present = [known.landed_at for known in landings(index, dataset)]
        assert found.latest_landing is None or found.latest_landing in landed
        assert not present or found.latest_landing >= max(present)
        of_days = totals.of_days(dataset, DAYS[0], DAYS[-1])
        for day in DAYS:
            assert counts_of(of_days.get(day)) == counts_of(counted.get(("day", dataset, day)))
        for run in RUNS:
            assert counts_of(totals.of_run(run).get(dataset)) == counts_of(counted.get(("run", run, dataset)))
    for inbound in OBJECTS:
        known = index.get(inbound.key)
        raw, clean = history.lake.objects.get(inbound.key), history.lake.objects.get(inbound.warehouse_key)
        assert (known and known.landing and known.landing.etag) == (raw and raw.etag)
        assert (known and known.processing and known.processing.etag) == (clean and clean.etag)


def landings(index, dataset):
    return [known.landing for day in DAYS for known in index.of_day(dataset, day) if known.landing]


def counts_of(totals):
    """Return only the sums: a deletion does not take back what was latest."""
    given = totals or Totals()
    return {name: getattr(given, name) for name in Totals.__dataclass_fields__ if not name.startswith("latest_")}


def assert_histories(seeds, turns):
    met = Counter()
    for seed in seeds:
        history = History(seed)
        history.run(turns)
        assert_equal_to_a_recount(history)
        met += history.met
    assert met.keys() == set(DISTURBANCES)


def test_kill_around_each_request_leaves_no_difference():
    # given an object that is replaced and processed again before each kill
    history, objects = History(0), OBJECTS[:1]
    for request in itertools.count(1):
        history.lake.wait()
        for inbound in objects:
            history.lake.land(inbound, b"id\n" * request)
            history.lake.process(inbound, RUNS[request % 2], warehouse=request, quarantined=request % 2)

        # when
        killed = history.is_killed(objects, request)

        # then
        assert_equal_to_a_recount(history)
        if not killed:
            break
    assert request > 2 * len(("BatchGetItem", "HeadObject", "BatchGetItem", "TransactWriteItems"))


def test_index_and_totals_equal_a_recount_after_kills():
    assert_histories(range(6), turns=10)


@pytest.mark.long
@pytest.mark.parametrize("fifty", range(10))
def test_index_and_totals_equal_a_recount_in_many_histories(fifty):
    assert_histories(range(1000 + 50 * fifty, 1050 + 50 * fifty), turns=14)
