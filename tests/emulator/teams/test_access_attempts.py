"""Attempts to reach data of others, all of which must fail under the emulator's IAM."""

import contextlib
import itertools
import json
import urllib.parse
from dataclasses import dataclass

import boto3
import pytest
from botocore.exceptions import ClientError

from local.demo.access_check import team_client
from ops.jobs.role_process import assume
from ops.stack.target import find_target, local_session
from tests.support.access import REPORTS_OF, RoleFunction, outcome, outcome_of_url, probes, secrets_of  # noqa: F401  # a fixture
from tests.support.recording import INVOKES, recorded

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

RECORDED_ACCOUNT = INVOKES["aws:index/getCallerIdentity:getCallerIdentity"]["accountId"]
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


# --- another team's role ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """The account as on AWS: team roles that require the tag, and people with and without one."""

    roles: dict
    people: dict

    def outcome(self, person, team, **arguments):
        sts = self.people[person].client("sts")
        return outcome(sts.assume_role, RoleArn=self.roles[team], RoleSessionName="attempt", **arguments)


@pytest.fixture(scope="module")
def account(platform):
    """Roles with the trust policies of the stack `dev`, because the local runner needs no tag; and four people."""
    target = find_target("local", platform.state_directory)
    iam, number = target.client("iam"), target.client("sts").get_caller_identity()["Account"]
    policies = recorded("dev").policies()
    roles, people = {}, {}
    for team in ("accounts", "logistics"):
        trust = json.dumps(
            {"Version": "2012-10-17", "Statement": policies[f"data-platform-dev-{team}-role.assumeRolePolicy"]}
        )
        role = iam.create_role(
            RoleName=f"as-in-dev-{team}", AssumeRolePolicyDocument=trust.replace(RECORDED_ACCOUNT, number)
        )
        roles[team] = role["Role"]["Arn"]
    for person, team, may_assume in (
        ("ada", "accounts", True),
        ("ben", "logistics", True),
        ("untagged", None, True),
        ("unpermitted", "accounts", False),
    ):
        iam.create_user(UserName=person, Tags=[{"Key": "team", "Value": team}] if team else [])
        if may_assume:
            allow = {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Resource": list(roles.values()),
            }
            document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
            iam.put_user_policy(UserName=person, PolicyName="assume", PolicyDocument=document)
        key = iam.create_access_key(UserName=person)["AccessKey"]
        session = local_session(target.session.region_name, key["AccessKeyId"], key["SecretAccessKey"])
        people[person] = Endpoint(session, target.endpoint)
    yield Account(roles, people)
    for person in people:
        for key in iam.list_access_keys(UserName=person)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=person, AccessKeyId=key["AccessKeyId"])
        with contextlib.suppress(ClientError):
            iam.delete_user_policy(UserName=person, PolicyName="assume")
        iam.delete_user(UserName=person)
    for team in roles:
        iam.delete_role(RoleName=f"as-in-dev-{team}")


@dataclass(frozen=True)
class Endpoint:
    """Return a principal's session at the emulator."""

    session: boto3.Session
    address: str

    def client(self, service):
        return self.session.client(service, endpoint_url=self.address)


def test_a_role_is_assumed_by_its_own_team_only(account):
    may = {
        (person, team): account.outcome(person, team) for person in account.people for team in ("accounts", "logistics")
    }
    assert {pair for pair, result in may.items() if result == "passes"} == {("ada", "accounts"), ("ben", "logistics")}
    assert {result for result in may.values() if result != "passes"} == {"AccessDenied"}


@pytest.mark.parametrize("person", ["untagged", "ben"])
def test_nobody_gives_themselves_the_tag_as_they_assume(account, person):
    tags = [{"Key": "team", "Value": "accounts"}]
    assert account.outcome(person, "accounts", Tags=tags) == "AccessDenied"


def test_nobody_tags_themselves(account):
    iam = account.people["untagged"].client("iam")
    tags = [{"Key": "team", "Value": "accounts"}]
    assert outcome(iam.tag_user, UserName="untagged", Tags=tags) == "AccessDenied"


def test_a_teams_role_assumes_no_other_role(target):
    sts = team_client(target, "accounts", "sts")
    roles = [
        *target.exports["teamRoleArns"].values(),
        *(role["Arn"] for role in target.client("iam").list_roles()["Roles"]),
    ]
    assert {outcome(sts.assume_role, RoleArn=role, RoleSessionName="attempt") for role in roles} == {"AccessDenied"}


# --- another team's prefix by another spelling ------------------------------------------------------------------------

STRANGE_KEYS = [
    "mart/accounts/../logistics/reports/probe.txt",
    "mart/accounts/reports/../../logistics/reports/probe.txt",
    "mart/./logistics/reports/probe.txt",
    "mart//logistics/reports/probe.txt",
    "/mart/logistics/reports/probe.txt",
    "mart/accounts-x/reports/probe.txt",
    "mart/accounts",
    "mart/accounts/",
    "mart/accounts/reports",
    "MART/ACCOUNTS/REPORTS/probe.txt",
    "mart/Accounts/reports/probe.txt",
    "mart%2Faccounts%2Freports%2Fprobe.txt",
    "mart/logistics%2Freports/probe.txt",
    "mart/accounts/reports%2F..%2F..%2Flogistics/reports/probe.txt",
    "mart\\logistics\\reports\\probe.txt",
    "mart/accounts\x00/reports/probe.txt",
    "mart/*/reports/probe.txt",
]


@pytest.fixture(scope="module")
def accounts(platform):
    """Return S3 as the team accounts."""
    return team_client(find_target("local", platform.state_directory), "accounts", "s3")


@pytest.mark.usefixtures("probes")
def test_no_spelling_of_a_key_leads_to_another_teams_report(target, accounts):
    # when accounts requests each, with the client and with a signed URL
    answers = {}
    for key in STRANGE_KEYS:
        at = {"Bucket": target.bucket, "Key": key}
        url = accounts.generate_presigned_url("get_object", Params=at, ExpiresIn=60)
        answers[key] = {outcome(accounts.get_object, **at), outcome_of_url("GET", url)}

    # then it is denied. Keys are literal: a key that begins like accounts's own belongs to accounts, and does not
    # exist.
    own = {key: answers.pop(key) for key in STRANGE_KEYS if key.startswith("mart/accounts/reports/")}
    assert {key: found for key, found in answers.items() if found != {"AccessDenied"}} == {}
    assert all(found <= {"AccessDenied", "NoSuchKey"} for found in own.values())


@pytest.mark.usefixtures("probes")
def test_a_signed_url_cannot_be_turned_to_another_key(target, accounts):
    # given a signed URL for an own report
    own = {"Bucket": target.bucket, "Key": REPORTS_OF["accounts"]}
    url = accounts.generate_presigned_url("get_object", Params=own, ExpiresIn=60)
    assert outcome_of_url("GET", url) == "passes"

    # then the signature is valid for no other path
    for place in (REPORTS_OF["logistics"], "quarantine/probe.txt"):
        for spelling in (place, urllib.parse.quote(place, safe=""), f"mart/accounts/reports/../../../{place}"):
            assert outcome_of_url("GET", url.replace(REPORTS_OF["accounts"], spelling)) == "AccessDenied"


PREFIXES = [
    *(None, "", "m", "mart", "mart/", "mart/a", "mart/accounts", "mart/accounts/", "mart/accounts/reports"),
    *("mart/accounts-x/", "MART/accounts/reports/", "mart/*", "mart/accounts/reports*", "athena/", "athena/accounts"),
]


@pytest.mark.usefixtures("probes")
def test_nothing_wider_than_ones_own_prefix_is_listed(target, accounts):
    for prefix, delimiter in itertools.product(PREFIXES, (None, "/")):
        given = {name: value for name, value in (("Prefix", prefix), ("Delimiter", delimiter)) if value is not None}
        for listing in (accounts.list_objects_v2, accounts.list_objects, accounts.list_object_versions):
            assert outcome(listing, Bucket=target.bucket, **given) == "AccessDenied", (prefix, delimiter)


def test_an_old_version_is_not_read(target, probes, accounts):  # noqa: F811  # the fixture
    # given a report of accounts that was written twice
    key = REPORTS_OF["accounts"]
    current = accounts.get_object(Bucket=target.bucket, Key=key)

    # then accounts reads the current version, and no version by its id
    assert current["Body"].read() == f"new {key}".encode()
    assert outcome(accounts.get_object, Bucket=target.bucket, Key=key, VersionId=probes[key]) == "AccessDenied"
    assert outcome(accounts.get_object, Bucket=target.bucket, Key=key, VersionId=current["VersionId"]) == "AccessDenied"


# --- more than one was given ------------------------------------------------------------------------------------------


def session_client(target, team, policy):
    answer = target.client("sts").assume_role(
        RoleArn=target.exports["teamRoleArns"][team], RoleSessionName="attempt", Policy=policy
    )["Credentials"]
    session = local_session(
        target.session.region_name, answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
    )
    return session.client("s3", endpoint_url=target.endpoint)


@pytest.mark.usefixtures("probes")
def test_a_session_policy_gives_nothing_that_the_role_has_not(target):
    s3 = session_client(target, "accounts", EVERYTHING)
    assert outcome(s3.get_object, Bucket=target.bucket, Key=REPORTS_OF["accounts"]) == "passes"
    assert outcome(s3.get_object, Bucket=target.bucket, Key=REPORTS_OF["logistics"]) == "AccessDenied"
    assert outcome(s3.list_objects_v2, Bucket=target.bucket, Prefix="inbound/") == "AccessDenied"


@pytest.mark.usefixtures("probes")
def test_policy_attached_to_a_teams_role_stays_within_limits(target):
    # given a role that someone granted everything
    iam, role = target.client("iam"), target.exports["teamRoleArns"]["logistics"].rpartition("/")[2]
    iam.put_role_policy(RoleName=role, PolicyName="everything", PolicyDocument=EVERYTHING)
    try:
        s3 = team_client(target, "logistics", "s3")
        opened = {
            key: outcome(s3.get_object, Bucket=target.bucket, Key=key)
            for key in (*REPORTS_OF.values(), "quarantine/probe.txt", "code/probe.txt", "inbound/parcels/probe.txt")
        }
        listed = outcome(s3.list_objects_v2, Bucket=target.bucket)
        written = outcome(s3.put_object, Bucket=target.bucket, Key=REPORTS_OF["logistics"], Body=b"x")
        escalated = outcome(team_client(target, "logistics", "iam").delete_role_permissions_boundary, RoleName=role)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="everything")

    # then it has no more than before
    assert {key for key, result in opened.items() if result == "passes"} == {REPORTS_OF["logistics"]}
    assert {listed, written, escalated} == {"AccessDenied"}


def test_another_encryption_is_refused_to_whoever_may_put(target):
    # given the task that lands objects of members
    s3 = role_client(target, task_role(target), "s3")
    at = {"Bucket": target.bucket, "Key": "inbound/members/probe.txt", "Body": b"x"}

    # then it cannot disable the platform's encryption
    assert outcome(s3.put_object, **at, ServerSideEncryption="AES256") == "AccessDenied"


# --- the platform's own roles -----------------------------------------------------------------------------------------


def role_client(target, role_arn, service):
    return assume(target, role_arn, "attempt").client(service, endpoint_url=target.endpoint)


def task_role(target):
    task = target.client("ecs").describe_task_definition(taskDefinition=target.exports["extractionTask"])
    return task["taskDefinition"]["taskRoleArn"]


def functions_of(target):
    """Return each deployed function's name and role."""
    return {each["FunctionName"]: each["Role"] for each in target.client("lambda").list_functions()["Functions"]}


def test_no_function_but_the_recorder_lists_the_bucket(target):
    # given that S3 answers 404 for a missing object only to a role that may list, which the recorder needs
    for name, role in functions_of(target).items():
        probe = RoleFunction(target, role)
        try:
            answers = {
                probe.outcome("s3", "list_objects_v2", Bucket=target.bucket),
                probe.outcome("s3", "list_objects_v2", Bucket=target.bucket, Prefix="mart/"),
            }
        finally:
            probe.delete()
        assert answers == {"passes" if "attributes-recorder" in name else "AccessDenied"}, name


def test_no_function_reads_or_writes_the_marts(target):
    for name, role in functions_of(target).items():
        probe = RoleFunction(target, role)
        try:
            answers = {
                probe.outcome("s3", "get_object", Bucket=target.bucket, Key=REPORTS_OF["accounts"]),
                probe.outcome(
                    "s3", "put_object", Bucket=target.bucket, Key="mart/accounts/reports/probe.txt", Body="x"
                ),
                probe.outcome("s3", "delete_object", Bucket=target.bucket, Key="inbound/parcels/probe.txt"),
            }
        finally:
            probe.delete()
        assert answers == {"AccessDenied"}, name


def test_no_job_reads_a_secret(target):
    # given every secret of the platform, and every job's role
    secrets = secrets_of(target)
    assert secrets
    roles = {job["Role"] for job in target.client("glue").get_jobs()["Jobs"]}

    # then no role reads any of them
    for role in roles:
        ssm = role_client(target, role, "ssm")
        answers = {outcome(ssm.get_parameter, Name=name, WithDecryption=True) for name in secrets}
        answers |= {outcome(ssm.get_parameters_by_path, Path="/", Recursive=True, WithDecryption=True)}
        assert answers == {"AccessDenied"}, role


def test_the_extraction_reads_only_its_databases_secrets(target):
    ssm = role_client(target, task_role(target), "ssm")
    read = {
        name for name in secrets_of(target) if outcome(ssm.get_parameter, Name=name, WithDecryption=True) == "passes"
    }
    assert read
    assert all("/databases/" in name for name in read)
