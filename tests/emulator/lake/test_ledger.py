"""The ledger's promises, on a real DynamoDB protocol."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from lake.keys import InvalidKeyError
from lake.ledger.ledger import LEASE, ClaimedElsewhereError, Ledger, LedgerError, LostClaimError, State
from tests.support.ledger import only_entry, version_of

pytestmark = pytest.mark.emulator


def test_a_completed_version_is_not_claimed_again(ledger, dataset):
    # given
    claim = ledger.claim(version_of(dataset))
    ledger.complete(claim, transferred=10, checksum="sha256:aa")

    # when
    again = ledger.claim(version_of(dataset))

    # then
    assert again is None
    assert ledger.is_complete(version_of(dataset))


def test_an_entry_keeps_state_attempts_bytes_checksum_times_and_key(ledger, clock, dataset):
    # given
    claim = ledger.claim(version_of(dataset))
    ledger.fail(claim, "the server is down")
    clock.now += timedelta(seconds=30)

    # when
    second = ledger.claim(version_of(dataset))
    ledger.complete(second, transferred=10, checksum="sha256:aa")

    # then
    entry = only_entry(ledger, dataset)
    assert (entry.connection, entry.path, entry.size, entry.modified) == (
        "carrier",
        "in/parcels.csv",
        10,
        1_700_000_000,
    )
    assert (entry.state, entry.attempts, entry.bytes, entry.checksum, entry.error) == (
        State.COMPLETE,
        2,
        10,
        "sha256:aa",
        None,
    )
    assert entry.object_key == f"inbound/{dataset}/2026/11/22/parcels.csv"
    assert entry.claimed_at == entry.finished_at == "2026-11-22T23:59:30.000000+00:00"


def test_a_failed_version_keeps_its_error(ledger, dataset):
    # given
    claim = ledger.claim(version_of(dataset))

    # when
    ledger.fail(claim, "x" * 5000)

    # then
    entry = only_entry(ledger, dataset)
    assert (entry.state, entry.error) == (State.FAILED, "x" * 2000)


def test_a_claim_of_another_run_is_respected_while_its_lease_lasts(ledger, dataset):
    # given
    ledger.claim(version_of(dataset))

    # when, then
    with pytest.raises(ClaimedElsewhereError, match=r"another run is collecting the file.*2026-11-23T00:01:30"):
        ledger.claim(version_of(dataset))
    assert only_entry(ledger, dataset).attempts == 1


def test_a_repeated_claim_of_ones_own_succeeds_and_counts_once(ledger, dataset):
    # given
    first = ledger.claim(version_of(dataset), token="mine")

    # when
    second = ledger.claim(version_of(dataset), token="mine")

    # then
    assert second == first
    assert only_entry(ledger, dataset).attempts == 1


def test_an_expired_claim_is_taken_over_past_midnight_and_keeps_its_key(ledger, clock, dataset):
    # given
    first = ledger.claim(version_of(dataset))
    clock.now += LEASE + timedelta(seconds=1)

    # when
    second = ledger.claim(version_of(dataset))

    # then
    assert second.object_key == first.object_key == f"inbound/{dataset}/2026/11/22/parcels.csv"
    assert second.token != first.token


def test_a_retry_past_midnight_keeps_its_key(ledger, clock, dataset):
    # given
    first = ledger.claim(version_of(dataset))
    ledger.fail(first, "cut")
    clock.now += timedelta(days=3)

    # when
    second = ledger.claim(version_of(dataset))

    # then
    assert second.object_key == first.object_key


@pytest.mark.parametrize("step", ["complete", "fail", "renew"])
def test_who_lost_the_claim_cannot_write(ledger, clock, dataset, step):
    # given
    lost = ledger.claim(version_of(dataset))
    clock.now += LEASE + timedelta(seconds=1)
    ledger.claim(version_of(dataset))
    steps = {
        "complete": lambda: ledger.complete(lost, transferred=1, checksum="sha256:bb"),
        "fail": lambda: ledger.fail(lost, "late"),
        "renew": lambda: ledger.renew(lost),
    }

    # when, then
    with pytest.raises(LostClaimError, match="another run took over"):
        steps[step]()
    entry = only_entry(ledger, dataset)
    assert (entry.state, entry.bytes, entry.error) == (State.CLAIMED, None, None)


def test_a_renewed_claim_is_not_taken_over(ledger, clock, dataset):
    # given
    claim = ledger.claim(version_of(dataset))
    clock.now += LEASE - timedelta(seconds=1)
    renewed = ledger.renew(claim)
    clock.now += timedelta(seconds=2)

    # when, then
    with pytest.raises(ClaimedElsewhereError):
        ledger.claim(version_of(dataset))
    ledger.complete(renewed, transferred=10, checksum="sha256:aa")


def test_a_fresh_claim_is_renewed_without_a_write(ledger, dataset):
    # given
    claim = ledger.claim(version_of(dataset))

    # when, then
    assert ledger.renew(claim) is claim


def test_a_changed_file_gets_a_key_of_its_own_on_the_same_day(ledger, dataset):
    # given
    ledger.complete(ledger.claim(version_of(dataset)), transferred=10, checksum="sha256:aa")

    # when
    larger = ledger.claim(version_of(dataset, size=11))
    later = ledger.claim(version_of(dataset, modified=1_700_000_001))

    # then
    assert larger.object_key.endswith("/2026/11/22/parcels.v2.csv")
    assert later.object_key.endswith("/2026/11/22/parcels.v3.csv")


def test_a_changed_file_keeps_its_name_on_another_day(ledger, clock, dataset):
    # given
    ledger.complete(ledger.claim(version_of(dataset)), transferred=10, checksum="sha256:aa")
    clock.now += timedelta(minutes=1)

    # when
    changed = ledger.claim(version_of(dataset, size=11))

    # then
    assert changed.object_key.endswith("/2026/11/23/parcels.csv")


def test_a_version_suffix_does_not_meet_a_file_of_that_very_name(ledger, dataset):
    # given
    ledger.claim(version_of(dataset))
    ledger.claim(version_of(dataset, path="in/parcels.v2.csv"))

    # when
    changed = ledger.claim(version_of(dataset, size=11))

    # then
    assert changed.object_key.endswith("/parcels.v3.csv")


def test_the_same_name_in_two_directories_gets_two_keys(ledger, dataset):
    # when
    first = ledger.claim(version_of(dataset, path="north/parcels.csv"))
    second = ledger.claim(version_of(dataset, path="south/parcels.csv"))

    # then
    assert first.object_key != second.object_key


def test_of_many_runs_at_once_one_gets_the_claim(ledger_stack, clock, dataset):
    # given
    def attempt(_: int):
        try:
            return Ledger(ledger_stack.role_dynamodb, ledger_stack.table, clock=clock).claim(version_of(dataset))
        except ClaimedElsewhereError:
            return None

    # when
    with ThreadPoolExecutor(8) as pool:
        claims = [claim for claim in pool.map(attempt, range(8)) if claim is not None]

    # then
    assert len(claims) == 1
    assert claims[0].object_key.endswith("/parcels.csv")


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

    def put_item(self, **request):
        self._client.put_item(**request)
        return self._client.put_item(**request)


def test_writes_that_succeeded_but_were_repeated_are_recognised_as_ones_own(ledger_stack, clock, dataset):
    # given
    ledger = Ledger(AnswersLost(ledger_stack.role_dynamodb), ledger_stack.table, clock=clock)

    # when
    failed = ledger.claim(version_of(dataset))
    ledger.fail(failed, "cut")
    claim = ledger.claim(version_of(dataset))
    ledger.complete(claim, transferred=10, checksum="sha256:aa")

    # then
    entry = only_entry(ledger, dataset)
    assert (entry.state, entry.attempts) == (State.COMPLETE, 2)
    assert entry.object_key.endswith("/parcels.csv")


def test_a_refused_version_is_recorded_without_a_key(ledger, dataset):
    # when
    ledger.refuse(version_of(dataset, size=0), "it is empty")

    # then
    entry = only_entry(ledger, dataset)
    assert (entry.state, entry.error, entry.object_key) == (State.FAILED, "it is empty", None)
    assert ledger.claim(version_of(dataset)).object_key.endswith("/parcels.csv")


def test_a_name_that_cannot_be_a_key_is_not_claimed(ledger, dataset):
    with pytest.raises(InvalidKeyError, match="rename the file at its source"):
        ledger.claim(version_of(dataset, path="in/a\x07.csv"))


def test_a_path_too_long_for_the_table_is_refused_in_words(ledger, dataset):
    with pytest.raises(LedgerError, match="too long; shorten it"):
        ledger.claim(version_of(dataset, path="x" * 1100))


def test_a_deleted_entry_is_noticed(ledger, ledger_stack, dataset):
    # given
    claim = ledger.claim(version_of(dataset))
    for item in ledger_stack.dynamodb.scan(TableName=ledger_stack.table)["Items"]:
        if item["pk"]["S"] == f"dataset#{dataset}":
            ledger_stack.dynamodb.delete_item(TableName=ledger_stack.table, Key={"pk": item["pk"], "sk": item["sk"]})

    # when, then
    with pytest.raises(LedgerError, match="was deleted during the run"):
        ledger.complete(claim, transferred=10, checksum="sha256:aa")


def test_a_missing_table_is_an_error(ledger_stack, dataset):
    with pytest.raises(ClientError, match="ResourceNotFound"):
        Ledger(ledger_stack.dynamodb, "no-such-table").claim(version_of(dataset))
