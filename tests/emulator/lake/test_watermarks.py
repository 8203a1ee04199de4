"""What the ledger promises about SQL datasets, on a real DynamoDB protocol."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lake.ledger.ledger import LEASE, ClaimedElsewhereError, LedgerError, LostClaimError
from lake.watermark.watermarks import Extraction, Position, Range, Watermarks
from tests.support.sql import SqlStack

pytestmark = pytest.mark.emulator

TICKS = "2026-11-22 10:00:00.1234567"
LATER = "2026-11-22 11:00:00.0000001"
DIGESTS = b"\x00\xff" * 8
SOURCE = '{"table": "dbo.items"}'


@pytest.fixture(scope="module")
def extraction_stack(engine_emulator):
    return SqlStack(engine_emulator.endpoint, ())


@pytest.fixture
def watermarks(extraction_stack, clock) -> Watermarks:
    return Watermarks(extraction_stack.role_dynamodb, extraction_stack.table, clock=clock)


def up_to(upper: str | None):
    """A source whose greatest value is this one now."""
    return lambda position: Range(position.watermark, upper)


def complete(watermarks: Watermarks, extraction: Extraction, rows: int = 2) -> None:
    watermarks.complete(extraction, rows=rows, has_object=rows > 0, columns="{}", boundary=DIGESTS, source=SOURCE)


def test_a_dataset_that_was_never_extracted_has_no_position(watermarks, dataset):
    assert watermarks.position(dataset) == Position()


def test_a_claim_fixes_key_and_range_and_its_completion_moves_the_watermark(watermarks, dataset):
    # given
    extraction = watermarks.claim(dataset, up_to(TICKS))
    assert watermarks.position(dataset).watermark is None

    # when
    complete(watermarks, extraction)

    # then
    assert extraction.object_key == f"inbound/{dataset}/2026/11/22/{dataset}-20261122T235900000000Z.parquet"
    assert (extraction.range, extraction.is_resumed) == (Range(None, TICKS), False)
    assert watermarks.position(dataset) == Position(TICKS, extraction.object_key, "{}", DIGESTS, SOURCE)


def test_the_next_range_follows_the_watermark_with_a_key_of_its_own(watermarks, clock, dataset):
    # given
    first = watermarks.claim(dataset, up_to(TICKS))
    complete(watermarks, first)
    clock.now += timedelta(microseconds=1)

    # when
    second = watermarks.claim(dataset, up_to(LATER))

    # then
    assert second.range == Range(TICKS, LATER)
    assert second.position == watermarks.position(dataset)
    assert second.object_key != first.object_key


def test_a_claim_of_another_run_is_respected_while_its_lease_lasts(watermarks, dataset):
    # given
    watermarks.claim(dataset, up_to(TICKS))

    # when, then
    with pytest.raises(ClaimedElsewhereError, match=r"another run is extracting the dataset.*2026-11-23T00:01:30"):
        watermarks.claim(dataset, up_to(LATER))


def test_a_killed_runs_claim_is_taken_over_past_midnight_with_its_key_and_its_range(watermarks, clock, dataset):
    # given
    killed = watermarks.claim(dataset, up_to(TICKS))
    clock.now += LEASE + timedelta(seconds=1)

    # when
    taken_over = watermarks.claim(dataset, up_to(LATER))

    # then
    assert (taken_over.object_key, taken_over.range) == (killed.object_key, killed.range)
    assert taken_over.is_resumed
    assert taken_over.token != killed.token


def test_a_failed_extraction_is_tried_again_with_its_key_and_its_range(watermarks, clock, dataset):
    # given
    failed = watermarks.claim(dataset, up_to(TICKS))
    watermarks.fail(failed, "the server is down")
    clock.now += timedelta(days=3)

    # when
    again = watermarks.claim(dataset, up_to(LATER))

    # then
    assert (again.object_key, again.range, again.is_resumed) == (failed.object_key, failed.range, True)


@pytest.mark.parametrize("step", ["complete", "fail", "renew"])
def test_who_lost_the_claim_cannot_write(watermarks, clock, dataset, step):
    # given
    lost = watermarks.claim(dataset, up_to(TICKS))
    clock.now += LEASE + timedelta(seconds=1)
    winner = watermarks.claim(dataset, up_to(TICKS))
    steps = {
        "complete": lambda: complete(watermarks, lost),
        "fail": lambda: watermarks.fail(lost, "late"),
        "renew": lambda: watermarks.renew(lost),
    }

    # when, then
    with pytest.raises(LostClaimError, match="another run took over"):
        steps[step]()
    assert watermarks.position(dataset).watermark is None
    complete(watermarks, winner)


def test_a_renewed_claim_is_not_taken_over(watermarks, clock, dataset):
    # given
    extraction = watermarks.claim(dataset, up_to(TICKS))
    clock.now += LEASE - timedelta(seconds=1)
    assert watermarks.renew(extraction) == clock.now + LEASE
    clock.now += timedelta(seconds=2)

    # when, then
    with pytest.raises(ClaimedElsewhereError):
        watermarks.claim(dataset, up_to(TICKS))
    complete(watermarks, extraction)


def test_a_backfill_leaves_the_watermark_alone_and_may_be_repeated(watermarks, clock, dataset):
    # given
    complete(watermarks, watermarks.claim(dataset, up_to(LATER)))
    before = watermarks.position(dataset)

    # when
    first = watermarks.claim_backfill(dataset, Range("2026-01-01", TICKS))
    complete(watermarks, first)
    clock.now += timedelta(seconds=1)
    second = watermarks.claim_backfill(dataset, Range("2026-01-01", TICKS))

    # then
    assert watermarks.position(dataset) == before
    assert first.object_key.endswith("-20261122T235900000000Z-backfill.parquet")
    assert first.object_key != second.object_key


def test_a_backfill_runs_beside_an_increment_and_is_taken_over_like_one(watermarks, clock, dataset):
    # given
    increment = watermarks.claim(dataset, up_to(LATER))
    killed = watermarks.claim_backfill(dataset, Range(None, TICKS))
    clock.now += LEASE + timedelta(seconds=1)

    # when
    taken_over = watermarks.claim_backfill(dataset, Range(None, TICKS))

    # then
    assert taken_over.object_key == killed.object_key != increment.object_key


def test_a_range_without_rows_moves_the_watermark_and_keeps_the_last_object(watermarks, clock, dataset):
    # given
    first = watermarks.claim(dataset, up_to(TICKS))
    complete(watermarks, first)
    clock.now += timedelta(seconds=1)

    # when
    complete(watermarks, watermarks.claim(dataset, up_to(LATER)), rows=0)

    # then
    position = watermarks.position(dataset)
    assert (position.watermark, position.object_key) == (LATER, first.object_key)


def test_an_empty_table_leaves_no_watermark(watermarks, dataset):
    # when
    complete(watermarks, watermarks.claim(dataset, up_to(None)), rows=0)

    # then
    assert watermarks.position(dataset).watermark is None


def test_a_table_emptied_on_purpose_leaves_nothing_to_compare(watermarks, clock, dataset):
    # given
    complete(watermarks, watermarks.claim(dataset, up_to(TICKS)))
    clock.now += timedelta(seconds=1)

    # when
    complete(watermarks, watermarks.claim(dataset, lambda _: Range(None, None)), rows=0)

    # then
    position = watermarks.position(dataset)
    assert (position.watermark, position.object_key) == (None, None)


@pytest.mark.parametrize("how", ["failed", "killed"])
def test_an_abandoned_extraction_gives_way_to_a_new_range(watermarks, clock, dataset, how):
    # given
    unfinished = watermarks.claim(dataset, up_to(TICKS))
    if how == "failed":
        watermarks.fail(unfinished, "the server is down")
    clock.now += LEASE + timedelta(seconds=1)

    # when
    begun = watermarks.claim(dataset, up_to(LATER), abandon=True)

    # then
    assert (begun.range.upper, begun.is_resumed) == (LATER, False)
    assert begun.object_key != unfinished.object_key
    with pytest.raises(LostClaimError):
        complete(watermarks, unfinished)
    complete(watermarks, begun)


def test_an_extraction_that_runs_is_not_abandoned(watermarks, dataset):
    # given
    running = watermarks.claim(dataset, up_to(TICKS))

    # when, then
    with pytest.raises(ClaimedElsewhereError):
        watermarks.claim(dataset, up_to(LATER), abandon=True)
    complete(watermarks, running)


def test_of_many_runs_at_once_one_gets_the_claim(extraction_stack, clock, dataset):
    # given
    def attempt(_: int):
        try:
            return Watermarks(extraction_stack.role_dynamodb, extraction_stack.table, clock=clock).claim(
                dataset, up_to(TICKS)
            )
        except ClaimedElsewhereError:
            return None

    # when
    with ThreadPoolExecutor(8) as pool:
        claims = [claim for claim in pool.map(attempt, range(8)) if claim is not None]

    # then
    assert len(claims) == 1


def test_a_run_that_saw_an_older_position_cannot_claim_a_range_that_was_extracted(extraction_stack, clock, dataset):
    # given a run that asks the server for its range while another run extracts that very range
    watermarks = Watermarks(extraction_stack.role_dynamodb, extraction_stack.table, clock=clock)
    complete(watermarks, watermarks.claim(dataset, up_to(TICKS)))

    def overtaken(position: Position) -> Range:
        clock.now += timedelta(seconds=1)
        complete(watermarks, watermarks.claim(dataset, up_to(LATER)))
        return Range(position.watermark, LATER)

    # when, then
    with pytest.raises(ClaimedElsewhereError):
        watermarks.claim(dataset, overtaken)
    assert watermarks.position(dataset).watermark == LATER


class AnswersLost:
    """A DynamoDB client whose writes reach the table and are then carried out once more, as the SDK's retry does."""

    def __init__(self, client) -> None:
        self._client = client
        self.exceptions = client.exceptions

    def __getattr__(self, name):
        return getattr(self._client, name)

    def update_item(self, **request):
        self._client.update_item(**request)
        return self._client.update_item(**request)


def test_writes_that_succeeded_but_were_repeated_are_recognised_as_ones_own(extraction_stack, clock, dataset):
    # given
    watermarks = Watermarks(AnswersLost(extraction_stack.role_dynamodb), extraction_stack.table, clock=clock)

    # when
    failed = watermarks.claim(dataset, up_to(TICKS))
    watermarks.fail(failed, "cut")
    again = watermarks.claim(dataset, up_to(TICKS))
    watermarks.renew(again)
    complete(watermarks, again)

    # then
    assert again.object_key == failed.object_key
    assert watermarks.position(dataset).watermark == TICKS


def test_a_deleted_entry_is_noticed(extraction_stack, watermarks, dataset):
    # given
    extraction = watermarks.claim(dataset, up_to(TICKS))
    key = {"pk": {"S": f"dataset#{dataset}"}, "sk": {"S": "watermark"}}
    extraction_stack.dynamodb.delete_item(TableName=extraction_stack.table, Key=key)

    # when, then
    with pytest.raises(LedgerError, match="was deleted during the run"):
        complete(watermarks, extraction)
