"""The ledger's promises about uploads in parts, what killed runs left, and many versions at once."""

from datetime import timedelta

import pytest

from lake.ledger.ledger import LEASE, MOST_AT_ONCE, LostClaimError, State, Upload
from lake.ledger.strays import StrayUploads
from tests.support.ledger import only_entry, version_of

pytestmark = pytest.mark.emulator

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
def strays(ledger_stack, clock):
    return lambda *listed: StrayUploads(ledger_stack.role_dynamodb, ledger_stack.table, listed, clock=clock)


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
    assert "if an object exists under its key, the object is complete" in entries[gone.path].error
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
    assert "disappeared or changed" in only_entry(ledger, dataset).error
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
    assert ledger.claim(new, "token").object_key.endswith("parcels.v2.csv")


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
