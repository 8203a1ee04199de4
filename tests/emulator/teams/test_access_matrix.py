"""Every team on every place of the lake, in every way to reach an object: exactly what is allowed passes."""

import contextlib

import pytest

from local.demo.access_check import team_client
from ops.access.matrix import Decision, access_matrix
from ops.access.policies import read_policies
from tests.support.access import (  # noqa: F401  # a fixture
    ABSENT,
    PLACES,
    REPORTS_OF,
    RESULTS_OF,
    TEAMS,
    outcome,
    outcome_of_url,
    probes,
)
from tests.support.permission_proof import plain_name

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

READS = {"get", "head", "list", "presigned get", "copy from"}
# Deleting is left to the lifecycle rule, and old versions to the platform's operators.
WRITES = {"put", "presigned put", "copy to", "copy to from elsewhere", "multipart"}
NEVER = {
    "delete",
    "delete in bulk",
    "versions",
    "get old version",
    "delete old version",
    "presigned delete",
    "tags",
    "tag",
    "make public",
    "uploads",
}


class Attempts:
    """One team's ways to reach a key, by name."""

    def __init__(self, target, team, old_versions):
        self.s3 = team_client(target, team, "s3")
        self.bucket, self.team, self.old_versions = target.bucket, team, old_versions

    def all(self, key):
        """Each way's outcome for a key."""
        at = {"Bucket": self.bucket, "Key": key}
        prefix = {"Bucket": self.bucket, "Prefix": key.rpartition("/")[0] + "/"}
        old = {**at, "VersionId": self.old_versions.get(key, "no-such-version")}
        from_own = {"Bucket": self.bucket, "Key": REPORTS_OF[self.team]}
        scratch = f"athena/{self.team}/probe-copy.txt"
        return {
            "get": outcome(self.s3.get_object, **at),
            "head": outcome(self.s3.head_object, **at),
            "list": outcome(self.s3.list_objects_v2, **prefix),
            "presigned get": self._presigned("GET", "get_object", at),
            "copy from": outcome(self.s3.copy_object, Bucket=self.bucket, Key=scratch, CopySource=at),
            "put": outcome(self.s3.put_object, **at, Body=b"x"),
            "presigned put": self._presigned("PUT", "put_object", at, b"x"),
            "copy to": outcome(self.s3.copy_object, **at, CopySource=from_own),
            "copy to from elsewhere": outcome(
                self.s3.copy_object, **at, CopySource={"Bucket": self.bucket, "Key": RESULTS_OF[self.team]},
                MetadataDirective="REPLACE",
            ),
            "multipart": self._multipart(at),
            "delete": outcome(self.s3.delete_object, **at),
            "delete in bulk": outcome(self.s3.delete_objects, Bucket=self.bucket, Delete={"Objects": [{"Key": key}]}),
            "versions": outcome(self.s3.list_object_versions, **prefix),
            "get old version": outcome(self.s3.get_object, **old),
            "delete old version": outcome(self.s3.delete_object, **old),
            "presigned delete": self._presigned("DELETE", "delete_object", at),
            "tags": outcome(self.s3.get_object_tagging, **at),
            "tag": outcome(self.s3.put_object_tagging, **at, Tagging={"TagSet": []}),
            "make public": outcome(self.s3.put_object_acl, **at, ACL="public-read"),
            "uploads": outcome(self.s3.list_multipart_uploads, **prefix),
        }  # fmt: skip

    def _presigned(self, method, operation, at, body=None):
        return outcome_of_url(method, self.s3.generate_presigned_url(operation, Params=at, ExpiresIn=60), body)

    def _multipart(self, at):
        started = {}

        def upload():
            started.update(self.s3.create_multipart_upload(**at))
            part = self.s3.upload_part(**at, UploadId=started["UploadId"], PartNumber=1, Body=b"x")
            parts = [{"ETag": part["ETag"], "PartNumber": 1}]
            self.s3.complete_multipart_upload(**at, UploadId=started["UploadId"], MultipartUpload={"Parts": parts})

        result = outcome(upload)
        if started and result != "passes":
            with contextlib.suppress(self.s3.exceptions.ClientError):
                self.s3.abort_multipart_upload(**at, UploadId=started["UploadId"])
        return result


def allowed(team, place):
    if place == f"reports of {team}":
        return READS
    if place == f"results of {team}":
        return READS | WRITES
    return set()


@pytest.mark.parametrize("team", TEAMS)
def test_a_team_reaches_its_own_prefixes_in_the_ways_that_are_allowed_and_no_other(target, probes, team):  # noqa: F811
    # when the team's role tries every way on every place
    attempts = Attempts(target, team, probes)
    seen = {place: attempts.all(key) for place, key in PLACES.items()}

    # then each attempt was made, and what passes is what is allowed
    assert all(set(ways) == READS | WRITES | NEVER for ways in seen.values())
    passed = {place: {way for way, result in ways.items() if result == "passes"} for place, ways in seen.items()}
    assert passed == {place: allowed(team, place) for place in PLACES}

    # and everything else is denied, not merely absent
    others = {result for ways in seen.values() for result in ways.values() if result != "passes"}
    assert others == {"AccessDenied"}


@pytest.mark.usefixtures("probes")
def test_a_denial_is_the_policys_and_not_for_want_of_an_object(target):
    # given whoever is bound by no policy
    s3 = target.client("s3")

    # then it finds the objects, or learns that there is none
    found = {place: outcome(s3.get_object, Bucket=target.bucket, Key=key) for place, key in PLACES.items()}
    assert found == {place: "NoSuchKey" if place in ABSENT else "passes" for place in PLACES}


def test_the_matrix_that_a_person_is_shown_says_the_same_of_the_teams(target):
    # when the deployed policies are read and evaluated
    rows = access_matrix(read_policies(target), ["parcels"], TEAMS)

    # then each team's role has its two prefixes, by these statements
    statements = {
        (plain_name(row.role), row.prefix): {way: each.statement for way, each in row.decisions.items() if each.allowed}
        for row in rows
        if plain_name(row.role) in TEAMS
    }
    assert {place: ways for place, ways in statements.items() if ways} == {
        **{(team, f"mart/{team}/reports/"): {"list": "ListReports", "get": "ReadReports"} for team in TEAMS},
        **{
            (team, f"athena/{team}/"): {"list": "ListResults", "get": "KeepResults", "put": "KeepResults"}
            for team in TEAMS
        },
    }

    # and what is denied in so many words says by which
    [raw] = [row for row in rows if plain_name(row.role) == "accounts" and row.prefix == "inbound/parcels/"]
    assert raw.decisions["get"] == Decision(allowed=False, statement="DenyOtherObjects")
    assert raw.decisions["list"] == Decision(allowed=False, statement="DenyOtherListings")
