"""Who may assume a team's role and what the role can ever do, judged by an IAM evaluator that is not ours."""

import json
from functools import cache
from typing import Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, evaluate_trust_policy, parse_policy_document

from dataplatform.settings.model import TEAM_CHARACTERS
from emulation.pulumi_engine import EngineError
from tests.support.recording import Graph, record

ACCOUNT = "123456789012"
MEMBER = f"arn:aws:sts::{ACCOUNT}:assumed-role/analyst/ada"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/staff"
OPENID = f"arn:aws:iam::{ACCOUNT}:oidc-provider/login.example"
TEAMS = ("accounts", "logistics")
KEPT_FROM_TEAMS = (
    "inbound/members/2026/01/02/x.csv",
    "warehouse/members/x.parquet",
    "quarantine/members/x.parquet",
    "code/x",
)
EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


IAM_ROLE_NAME_CHARACTERS = 64
SUFFIX_BY_PULUMI = "-1234567"


def assumes(trust: list[dict[str, Any]], caller: str, action: str, *, tags: dict[str, str], **keys: str) -> bool:
    """Whether a trust policy lets the caller do that. Tags are the principal's, or of the session that it asks for."""
    context = EvalContext(
        principal_arn=caller,
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=f"sts:{action}",
        resource_arn="*",
        region="eu-west-1",
        request_tags=tags,
        principal_keys={f"aws:principaltag/{name}": value for name, value in tags.items()},
        service_context={name.lower(): value for name, value in keys.items()},
    )
    return evaluate_trust_policy({"Statement": trust}, caller, context)


def trust_of(graph: Graph, team: str) -> list[dict[str, Any]]:
    return graph.policies()[f"data-platform-{graph.stack}-{team}-role.assumeRolePolicy"]


@cache
def graph_with_provider(arn: str, audience: str | None = None) -> Graph:
    provider = {"arn": arn} | ({"audience": audience} if audience else {})
    return record("dev", teamIdentityProvider=provider)


@pytest.mark.parametrize("team", TEAMS)
def test_a_team_is_assumed_with_its_own_tag_only(cloud_stack_graph: Graph, team: str) -> None:
    allowed = {
        tag: assumes(trust_of(cloud_stack_graph, team), MEMBER, "AssumeRole", tags={"team": tag})
        for tag in (*TEAMS, team.upper(), f"{team}-x", f"{team}*", "*", "")
    }
    assert {tag for tag, may in allowed.items() if may} == {team}
    assert not assumes(trust_of(cloud_stack_graph, team), MEMBER, "AssumeRole", tags={})


def test_a_member_comes_by_the_configured_saml_provider_as_of_its_team() -> None:
    # given a stack with a provider
    trust = trust_of(graph_with_provider(SAML), "accounts")
    audience = {"SAML:aud": "https://signin.aws.amazon.com/saml"}

    # then whom it names as of the team accounts is let in, by it alone
    assert [statement["Principal"] for statement in trust] == [{"Federated": SAML}]
    assert [statement["Action"] for statement in trust] == [["sts:AssumeRoleWithSAML", "sts:TagSession"]]
    assert [statement["Condition"]["StringEquals"] for statement in trust] == [
        {**audience, "aws:RequestTag/team": "accounts"}
    ]
    assert not assumes(trust, MEMBER, "AssumeRole", tags={"team": "accounts"})


def test_a_member_comes_by_the_configured_openid_provider_as_of_its_team() -> None:
    # given a stack with a provider, and a token for the configured client
    trust = trust_of(graph_with_provider(OPENID, "platform"), "accounts")

    def comes(team: str, audience: str = "platform", provider: str = OPENID) -> bool:
        keys = {"login.example:aud": audience}
        return assumes(trust, provider, "AssumeRoleWithWebIdentity", tags={"team": team}, **keys)

    # then it is let in as of the team accounts, and as nothing else
    assert comes("accounts")
    assert not comes("logistics")
    assert not comes("accounts", audience="another")
    assert not comes("accounts", provider=OPENID.replace("login", "other"))
    assert not assumes(trust, MEMBER, "AssumeRole", tags={"team": "accounts"})


@pytest.mark.parametrize(
    ("arn", "audience", "complaint"),
    [
        (SAML, "platform", "leave it out for SAML"),
        (OPENID, None, "give it for OpenID Connect"),
        ("arn:aws:iam::123456789012:user/x", None, "should match pattern"),
    ],
)
def test_a_provider_that_cannot_work_is_refused(arn: str, audience: str | None, complaint: str) -> None:
    with pytest.raises(EngineError, match=complaint):
        record("dev", teamIdentityProvider={"arn": arn, "audience": audience})


def test_iam_accepts_the_role_of_a_team_with_the_longest_name(graph: Graph) -> None:
    # given a team's role, and the longest name that the settings accept in place of the team's
    role = graph.only("iam/role:Role", "-accounts-role").name
    longest = role.replace("accounts", "f" * TEAM_CHARACTERS)

    # then its name with Pulumi's suffix is not too long
    assert len(f"{longest}{SUFFIX_BY_PULUMI}") <= IAM_ROLE_NAME_CHARACTERS


def test_a_session_lasts_an_hour_unless_the_settings_say_more(stack_graph: Graph) -> None:
    assert {duration_of(stack_graph, team) for team in TEAMS} == {3600}


def test_a_session_lasts_as_long_as_the_settings_say(everything_on: Graph) -> None:
    assert {duration_of(everything_on, team) for team in TEAMS} == {12 * 3600}


def duration_of(graph: Graph, team: str) -> int:
    return graph.only("iam/role:Role", f"{team}-role").inputs["maxSessionDuration"]


@pytest.mark.parametrize("team", TEAMS)
def test_nothing_that_is_attached_to_a_team_opens_the_lake(graph: Graph, team: str) -> None:
    # given a role that someone gave everything beside its limits
    limits = graph.only("iam/policy:Policy", f"{team}-limits")
    policies = [parse_policy_document(each) for each in (EVERYTHING, json.loads(limits.inputs["policy"]))]
    bucket = f"${{{graph.only('s3/bucket:Bucket', '-bucket').name}.arn}}"

    def decision(action: str, resource: str, **keys: str) -> str:
        context = EvalContext(MEMBER, "AssumedRole", ACCOUNT, action, resource, "eu-west-1", service_context=keys)
        return evaluate(context, policies).decision

    # then what is kept from teams is denied in so many words
    attached = graph.only("iam/rolePolicyAttachment:RolePolicyAttachment", f"{team}-limits")
    role = graph.only("iam/role:Role", f"{team}-role")
    assert attached.inputs == {"policyArn": f"${{{limits.name}.arn}}", "role": f"${{{role.name}.name}}"}
    others = [f"{area}{other}/reports/x" for area in ("mart/",) for other in TEAMS if other != team]
    results = [f"athena/{other}/x" for other in TEAMS if other != team]
    for key in (*KEPT_FROM_TEAMS, *others, *results):
        for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"):
            assert decision(action, f"{bucket}/{key}") == "Deny", (action, key)
    for prefix in ("", "mart/", "inbound/", f"mart/{team}", f"mart/{team}/", f"mart/{team}/report"):
        assert decision("s3:ListBucket", bucket, **{"s3:prefix": prefix}) == "Deny", prefix
    assert decision("s3:ListBucket", bucket) == "Deny"

    # and so is every other action
    assert decision("s3:PutObject", f"{bucket}/mart/{team}/reports/x") == "Deny"
    assert decision("iam:PutRolePolicy", "*") == "Deny"
    assert decision("sts:AssumeRole", "*") == "Deny"
    assert decision("s3:GetObject", f"{bucket}/mart/{team}/reports/x") == "Allow"


def test_a_team_without_a_report_is_refused_by_name() -> None:
    with pytest.raises(EngineError, match=r"data-platform:teams names nobody, but no report is for them"):
        record("local", teams=[*TEAMS, "nobody"])


def test_a_put_with_another_encryption_or_key_is_refused_and_one_that_asks_for_none_is_not(graph: Graph) -> None:
    # given the bucket's policy, and a role that may put
    bucket = f"${{{graph.only('s3/bucket:Bucket', '-bucket').name}.arn}}"
    key = f"${{{graph.key.name}.arn}}"
    policy = graph.policies()[f"data-platform-{graph.stack}-policy.policy"]

    def decision(**asked: str) -> str:
        prefix = "s3:x-amz-server-side-encryption"
        keys = {f"{prefix}{name and '-'}{name.replace('_', '-')}": value for name, value in asked.items()}
        context = EvalContext(
            MEMBER, "AssumedRole", ACCOUNT, "s3:PutObject", f"{bucket}/inbound/x", "eu-west-1", secure_transport=True,
            service_context=keys,
        )  # fmt: skip
        statements = parse_policy_document({"Statement": policy}) + parse_policy_document(EVERYTHING)
        return evaluate(context, [statements]).decision

    # then only the platform's key is taken, asked for or not
    assert decision() == "Allow"
    assert decision(**{"": "aws:kms", "aws_kms_key_id": key}) == "Allow"
    # S3 would take the account's key aws/s3
    assert decision(**{"": "aws:kms"}) == "Deny"
    assert decision(**{"": "AES256"}) == "Deny"
    assert decision(**{"": "aws:kms", "aws_kms_key_id": "arn:aws:kms:eu-west-1:999999999999:key/x"}) == "Deny"
    assert decision(customer_algorithm="AES256") == "Deny"


def decrypting(graph: Graph, team: str) -> list[str]:
    [statement] = [
        each
        for each in graph.policies()[f"data-platform-{graph.stack}-{team}-reads-its-reports.policy"]
        if each["Sid"] == "DecryptThroughS3"
    ]
    return statement["Resource"]


def test_all_of_the_bucket_has_one_key_where_none_is_asked_for(cloud_stack_graph: Graph) -> None:
    assert {tuple(decrypting(cloud_stack_graph, team)) for team in TEAMS} == {
        (f"${{data-platform-{cloud_stack_graph.stack}-key.arn}}",)
    }


def test_each_team_decrypts_with_its_own_key_alone_where_it_has_one(everything_on: Graph) -> None:
    # given a stack with a key for each team
    graph = everything_on
    own = {team: f"${{data-platform-dev-{team}-key.arn}}" for team in TEAMS}

    # then the keys rotate, and are kept as the bucket's own is
    made = {resource.name: resource for resource in graph.of_type("kms/key:Key")}
    assert all(made[f"data-platform-dev-{team}-key"].inputs["enableKeyRotation"] for team in TEAMS)

    # and each role and each workgroup has its team's, and the limits deny every other
    for team, arn in own.items():
        assert decrypting(graph, team) == [arn]
        workgroup = graph.only("athena/workgroup:Workgroup", f"{team}-queries")
        result = workgroup.inputs["configuration"]["resultConfiguration"]
        assert result["encryptionConfiguration"]["kmsKeyArn"] == arn
        limits = graph.policies()[f"data-platform-dev-{team}-limits.policy"]
        assert [each["NotResource"] for each in limits if each["Sid"] == "DenyOtherKeys"] == [[arn]]

    # and the mart job alone encrypts with them, as it is told, and the bucket takes what it puts
    encrypting = {
        where: statement["Resource"]
        for where, statements in graph.policies().items()
        for statement in statements
        if statement.get("Sid") == "EncryptReports"
    }
    assert encrypting == {"data-platform-dev-jobs-mart-permissions.policy": [*own.values()]}
    told = graph.only("glue/job:Job", "mart").inputs["defaultArguments"]["--team-keys"]
    assert json.loads(told) == own
    [foreign] = [
        each for each in graph.policies()["data-platform-dev-policy.policy"] if each["Sid"] == "DenyForeignKeys"
    ]
    accepted = foreign["Condition"]["ArnNotEquals"]["s3:x-amz-server-side-encryption-aws-kms-key-id"]
    assert accepted == ["${data-platform-dev-key.arn}", *own.values()]


def test_teams_keys_are_protected_in_prod() -> None:
    graph = record("prod", teamKeys=True)
    assert all(key.protect and key.retain for key in graph.of_type("kms/key:Key"))
    assert not any(alias.protect or alias.retain for alias in graph.of_type("kms/alias:Alias"))
