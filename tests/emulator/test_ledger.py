"""The ledger's promises, on a real DynamoDB protocol."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from lake.keys import InvalidKeyError
from lake.ledger import (
    LEASE,
    MOST_AT_ONCE,
    ClaimedElsewhereError,
    FileVersion,
    Ledger,
    LedgerError,
    LostClaimError,
    State,
    Upload,
)
from lake.ledger_strays import StrayUploads
from tests.emulator.sftp_fixtures import Stack

pytestmark = pytest.mark.emulator

EVENING = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def stack(engine_emulator):
    return Stack(engine_emulator.endpoint)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(stack, clock) -> Ledger:
    return Ledger(stack.dynamodb, stack.table, clock=clock)


@pytest.fixture
def dataset(request) -> str:
    """A dataset of the test's own, so that tests share a table and nothing else."""
    return f"d{abs(hash(request.node.name))}"


def version_of(
    dataset: str, path: str = "in/vehicles.csv", size: int = 10, modified: int = 1_700_000_000
) -> FileVersion:
    return FileVersion(dataset, "dealer", path, size, modified)


def only_entry(ledger: Ledger, dataset: str):
    (entry,) = ledger.entries(dataset)
    return entry


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
        "dealer",
        "in/vehicles.csv",
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
    assert entry.object_key == f"inbound/{dataset}/2026/11/22/vehicles.csv"
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
    with pytest.raises(ClaimedElsewhereError, match=r"another run is collecting it.*2026-11-23T00:01:30"):
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
    assert second.object_key == first.object_key == f"inbound/{dataset}/2026/11/22/vehicles.csv"
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
    assert larger.object_key.endswith("/2026/11/22/vehicles.v2.csv")
    assert later.object_key.endswith("/2026/11/22/vehicles.v3.csv")


def test_a_changed_file_keeps_its_name_on_another_day(ledger, clock, dataset):
    # given
    ledger.complete(ledger.claim(version_of(dataset)), transferred=10, checksum="sha256:aa")
    clock.now += timedelta(minutes=1)

    # when
    changed = ledger.claim(version_of(dataset, size=11))

    # then
    assert changed.object_key.endswith("/2026/11/23/vehicles.csv")


def test_a_version_suffix_does_not_meet_a_file_of_that_very_name(ledger, dataset):
    # given
    ledger.claim(version_of(dataset))
    ledger.claim(version_of(dataset, path="in/vehicles.v2.csv"))

    # when
    changed = ledger.claim(version_of(dataset, size=11))

    # then
    assert changed.object_key.endswith("/vehicles.v3.csv")


def test_the_same_name_in_two_directories_gets_two_keys(ledger, dataset):
    # when
    first = ledger.claim(version_of(dataset, path="north/vehicles.csv"))
    second = ledger.claim(version_of(dataset, path="south/vehicles.csv"))

    # then
    assert first.object_key != second.object_key


def test_of_many_runs_at_once_one_gets_the_claim(stack, clock, dataset):
    # given
    def attempt(_: int):
        try:
            return Ledger(stack.dynamodb, stack.table, clock=clock).claim(version_of(dataset))
        except ClaimedElsewhereError:
            return None

    # when
    with ThreadPoolExecutor(8) as pool:
        claims = [claim for claim in pool.map(attempt, range(8)) if claim is not None]

    # then
    assert len(claims) == 1
    assert claims[0].object_key.endswith("/vehicles.csv")


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


def test_writes_that_succeeded_but_were_repeated_are_recognised_as_ones_own(stack, clock, dataset):
    # given
    ledger = Ledger(AnswersLost(stack.dynamodb), stack.table, clock=clock)

    # when
    failed = ledger.claim(version_of(dataset))
    ledger.fail(failed, "cut")
    claim = ledger.claim(version_of(dataset))
    ledger.complete(claim, transferred=10, checksum="sha256:aa")

    # then
    entry = only_entry(ledger, dataset)
    assert (entry.state, entry.attempts) == (State.COMPLETE, 2)
    assert entry.object_key.endswith("/vehicles.csv")


def test_a_refused_version_is_recorded_without_a_key(ledger, dataset):
    # when
    ledger.refuse(version_of(dataset, size=0), "it is empty")

    # then
    entry = only_entry(ledger, dataset)
    assert (entry.state, entry.error, entry.object_key) == (State.FAILED, "it is empty", None)
    assert ledger.claim(version_of(dataset)).object_key.endswith("/vehicles.csv")


def test_a_name_that_cannot_be_a_key_is_not_claimed(ledger, dataset):
    with pytest.raises(InvalidKeyError, match="rename the file at its source"):
        ledger.claim(version_of(dataset, path="in/a\x07.csv"))


def test_a_path_too_long_for_the_table_is_refused_in_words(ledger, dataset):
    with pytest.raises(LedgerError, match="too long; shorten it"):
        ledger.claim(version_of(dataset, path="x" * 1100))


def test_a_deleted_entry_is_noticed(ledger, stack, dataset):
    # given
    claim = ledger.claim(version_of(dataset))
    for item in stack.dynamodb.scan(TableName=stack.table)["Items"]:
        if item["pk"]["S"] == f"dataset#{dataset}":
            stack.dynamodb.delete_item(TableName=stack.table, Key={"pk": item["pk"], "sk": item["sk"]})

    # when, then
    with pytest.raises(LedgerError, match="was deleted during the run"):
        ledger.complete(claim, transferred=10, checksum="sha256:aa")


def test_a_missing_table_is_an_error(stack, dataset):
    with pytest.raises(ClientError, match="ResourceNotFound"):
        Ledger(stack.dynamodb, "no-such-table").claim(version_of(dataset))


# Uploads in parts, looks, and many versions at once


UPLOAD = Upload("upload-1", 8)


def test_an_upload_is_kept_through_failure_pause_and_takeover_until_the_version_is_complete(ledger, clock, dataset):
    # given
    claim = ledger.record_upload(ledger.claim(version_of(dataset)), UPLOAD)
    ledger.fail(claim, "cut")

    # when
    after_failure = ledger.claim(version_of(dataset))
    ledger.pause(after_failure)
    after_pause = ledger.claim(version_of(dataset))
    clock.now += LEASE + timedelta(seconds=1)
    after_takeover = ledger.claim(version_of(dataset))

    # then
    assert [claim.upload for claim in (after_failure, after_pause, after_takeover)] == [UPLOAD] * 3


def test_who_lost_the_claim_cannot_record_an_upload(ledger, clock, dataset):
    # given
    lost = ledger.claim(version_of(dataset))
    clock.now += LEASE + timedelta(seconds=1)
    ledger.claim(version_of(dataset))

    # when, then
    with pytest.raises(LostClaimError):
        ledger.record_upload(lost, UPLOAD)


def test_a_paused_version_is_claimed_by_the_next_run_at_once(ledger, dataset):
    # given
    ledger.pause(ledger.claim(version_of(dataset)))

    # when, then
    assert only_entry(ledger, dataset).state == State.PAUSED
    assert ledger.claim(version_of(dataset)) is not None


def test_a_version_that_was_wrongly_called_new_keeps_its_key(ledger, clock, dataset):
    # given
    first = ledger.claim(version_of(dataset))
    ledger.fail(first, "cut")
    clock.now += timedelta(days=1)

    # when
    second = ledger.claim(version_of(dataset), is_new=True)

    # then
    assert second.object_key == first.object_key


def test_the_states_of_more_versions_than_one_request_takes_are_told(ledger, dataset):
    # given
    versions = [version_of(dataset, path=f"in/{number}.csv") for number in range(205)]
    for version in versions[::50]:
        ledger.complete(ledger.claim(version), transferred=1, checksum="sha256:aa")
    ledger.refuse(versions[1], "it is empty")
    too_long = version_of(dataset, path="x" * 2000)

    # when
    states = ledger.states_of([*versions, too_long])

    # then
    assert states == {**dict.fromkeys(versions[::50], State.COMPLETE), versions[1]: State.FAILED}


def test_a_file_is_unchanged_since_its_first_look_until_it_looks_otherwise(ledger, clock, dataset):
    # given
    first = clock.now
    assert ledger.unchanged_since(version_of(dataset)) == first

    # when
    clock.now += timedelta(minutes=5)

    # then
    assert ledger.unchanged_since(version_of(dataset)) == first
    assert ledger.unchanged_since(version_of(dataset, size=11)) == clock.now
    assert ledger.unchanged_since(version_of(dataset)) == clock.now


@pytest.fixture
def strays(stack, clock):
    return lambda *listed: StrayUploads(stack.dynamodb, stack.table, listed, clock=clock)


def test_an_upload_of_a_live_claim_is_no_stray_whatever_is_listed(ledger, strays, dataset):
    # given
    claim = ledger.claim(version_of(dataset))

    # when, then
    assert not strays().is_stray(dataset, claim.object_key, "any")


@pytest.mark.parametrize(
    ("is_listed", "upload_id", "expected"),
    [(True, "upload-1", False), (True, "other", True), (False, "upload-1", True)],
)
def test_an_upload_that_no_run_is_at_is_a_stray_unless_the_next_run_goes_on_with_it(
    ledger, strays, dataset, is_listed, upload_id, expected
):
    # given
    version = version_of(dataset, path=f"in/{is_listed}-{upload_id}.csv")
    claim = ledger.record_upload(ledger.claim(version), UPLOAD)
    ledger.pause(claim)

    # when
    stray = strays(*[version] * is_listed).is_stray(dataset, claim.object_key, upload_id)

    # then
    assert stray == expected


def test_a_killed_runs_claim_on_a_version_that_is_gone_is_ended_and_says_what_its_object_is(
    ledger, strays, clock, dataset
):
    # given
    gone, standing = version_of(dataset), version_of(dataset, path="in/boats.csv")
    claim = ledger.claim(gone)
    ledger.claim(standing)
    clock.now += LEASE + timedelta(seconds=1)

    # when
    live = strays(standing).end_claims(dataset)

    # then
    entries = {entry.path: entry for entry in ledger.entries(dataset)}
    assert live == []
    assert entries[standing.path].state == State.CLAIMED
    assert entries[gone.path].state == State.FAILED
    assert "if there is an object under its key, that is the whole of it" in entries[gone.path].error
    with pytest.raises(LostClaimError):
        ledger.complete(claim, transferred=10, checksum="x")


def test_a_claim_whose_lease_is_not_over_is_not_ended_but_told(ledger, strays, dataset):
    # given
    version = version_of(dataset)
    ledger.claim(version)

    # when
    live = strays().end_claims(dataset)

    # then
    assert live == [version.path]
    assert only_entry(ledger, dataset).state == State.CLAIMED


def test_an_aborted_stray_is_recorded_and_not_gone_on_with(ledger, strays, dataset):
    # given
    claim = ledger.record_upload(ledger.claim(version_of(dataset)), UPLOAD)
    ledger.pause(claim)

    # when
    strays().record_abort(dataset, claim.object_key, UPLOAD.id)

    # then
    assert only_entry(ledger, dataset).state == State.FAILED
    assert "vanished or changed" in only_entry(ledger, dataset).error
    assert ledger.claim(version_of(dataset)).upload is None


def test_many_new_versions_are_claimed_and_completed_at_once(ledger, dataset):
    # given
    versions = [version_of(dataset, f"in/{number:02d}.csv") for number in range(MOST_AT_ONCE)]

    # when
    claims = ledger.claim_new({version: f"token-{version.name}" for version in versions})
    recorded = ledger.complete_all([(claim, 10, "sha256:00") for claim in claims])

    # then
    assert recorded
    assert [claim.version for claim in claims] == versions
    entries = list(ledger.entries(dataset))
    assert {entry.object_key for entry in entries} == {claim.object_key for claim in claims}
    assert {entry.state for entry in entries} == {State.COMPLETE}


def test_if_one_of_many_versions_is_not_new_none_is_claimed_with_it(ledger, dataset):
    # given
    known, new = version_of(dataset, "in/known.csv"), version_of(dataset, "in/new.csv")
    ledger.fail(ledger.claim(known), "an error")

    # when
    claims = ledger.claim_new({new: "one", known: "two"})

    # then
    assert claims is None
    assert [entry.path for entry in ledger.entries(dataset)] == [known.path]


def test_a_name_that_was_used_today_is_not_claimed_with_others(ledger, dataset):
    # given
    ledger.claim(version_of(dataset, size=9))
    new = version_of(dataset)

    # when
    claims = ledger.claim_new({new: "token"})

    # then
    assert claims is None
    assert ledger.claim(new, "token").object_key.endswith("vehicles.v2.csv")


def test_claims_at_once_whose_answer_was_lost_are_ones_own_when_asked_for_again(ledger, dataset):
    # given
    version = version_of(dataset)
    (claim,) = ledger.claim_new({version: "token"})

    # when
    again = ledger.claim(version, "token")

    # then
    assert (again.token, again.object_key) == (claim.token, claim.object_key)


def test_if_one_of_many_claims_was_lost_none_is_completed_with_it(ledger, clock, dataset):
    # given
    versions = [version_of(dataset, "in/lost.csv"), version_of(dataset, "in/kept.csv")]
    claims = ledger.claim_new({version: version.name for version in versions})
    clock.now += LEASE + timedelta(seconds=1)
    ledger.claim(versions[0])

    # when
    recorded = ledger.complete_all([(claim, 10, "sha256:00") for claim in claims])

    # then
    assert not recorded
    assert {entry.state for entry in ledger.entries(dataset)} == {State.CLAIMED}
